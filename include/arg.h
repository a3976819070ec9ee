/* SPDX-License-Identifier: BSD-3-Clause */
/* The form of an argument, by its type: the same for what is typed and for what comes to the daemon. Pure. */
#ifndef SLUICE_ARG_H
#define SLUICE_ARG_H

#include "commands.h"

#define ARG_ERROR_MAX 192
#define ARG_FILE_MOST (128u << 20) /* bytes of a file that is sent */

/* What a text of a type may be, for people and for the API's document. */
struct arg_form {
	size_t longest;	     /* bytes */
	const char *pattern; /* of JSON Schema; NULL: any text */
	const char *what;    /* "a duration, such as 30s, 24h or 7d" */
};

extern const struct arg_form arg_forms[ARG_TYPES];

/* Whether a text is one of this argument's; if not, ret_error (ARG_ERROR_MAX bytes) says why. */
bool arg_fits(const struct arg *arg, const char *text, char *ret_error);

/* One of a choice's words: its start and size; false when there is no such place. */
bool arg_choice(const struct arg *arg, unsigned place, const char **ret_word, size_t *ret_size);

/* The count of a text that fits an argument of ARG_COUNT. */
uint64_t arg_count(const char *text);

/* Whether a text that fits an argument of ARG_FLAG turns it on. */
bool arg_flag(const char *text);

#endif
