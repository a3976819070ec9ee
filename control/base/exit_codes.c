/* SPDX-License-Identifier: BSD-3-Clause */
#include "exit_codes.h"

const char *const exit_code_text[EXIT_CODES] = {
#define CODE(name, text) [EXIT_##name] = text,
#include "exit_codes.def"
#undef CODE
};
