/* SPDX-License-Identifier: BSD-3-Clause */
/* Rows as a table by the command's columns. What is too wide for the terminal loses the columns that matter least, then
 * its texts are folded into more lines. */
#ifndef SLUICE_ROWS_H
#define SLUICE_ROWS_H

#include <stdio.h>
#include <time.h>

#include <jansson.h>

#include "commands.h"
#include "look.h"

void rows_print(FILE *out, const struct look *look, const struct command *command, const json_t *rows, time_t now);

#endif
