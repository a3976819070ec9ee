/* SPDX-License-Identifier: BSD-3-Clause */
/* Options of sluicectl itself, made from options.def. */
#ifndef SLUICE_OPTIONS_H
#define SLUICE_OPTIONS_H

struct option_row {
	const char *name;
	const char *value;	 /* what stands for it in help; NULL: a switch */
	const char *environment; /* NULL: none */
	const char *help;
};

enum option_id {
#define OPTION(id, ...) OPTION_##id,
#include "options.def"
#undef OPTION
	OPTIONS
};

extern const struct option_row option_rows[OPTIONS];

/* OPTIONS when there is none of that name, which is `size` bytes long. */
enum option_id option_find(const char *name, unsigned long size);

#endif
