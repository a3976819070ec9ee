/* SPDX-License-Identifier: BSD-3-Clause */
/* A command line's words, by the command table, to the arguments of a request. Pure. */
#ifndef SLUICE_WORDS_H
#define SLUICE_WORDS_H

#include <jansson.h>

#include "commands.h"

#define WORDS_ERROR_MAX 256

/* `words` after the command's name. NULL, and what is wrong in `ret_error`, when they do not fit. */
json_t *words_args(const struct command *command, int count, char *const words[], char *ret_error);

#endif
