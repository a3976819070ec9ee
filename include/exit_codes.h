/* SPDX-License-Identifier: BSD-3-Clause */
/* Exit codes of sluicectl, made from exit_codes.def. */
#ifndef SLUICE_EXIT_CODES_H
#define SLUICE_EXIT_CODES_H

enum exit_code {
#define CODE(name, text) EXIT_##name,
#include "exit_codes.def"
#undef CODE
	EXIT_CODES
};

extern const char *const exit_code_text[EXIT_CODES];

#endif
