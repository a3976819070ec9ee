/* SPDX-License-Identifier: BSD-3-Clause */
/* Replies for people: a message, then rows as a table by the command's columns. */
#ifndef SLUICE_SHOW_H
#define SLUICE_SHOW_H

#include <stdio.h>
#include <time.h>

#include <jansson.h>

#include "commands.h"

void show_reply(FILE *out, const struct command *command, const json_t *reply, time_t now);

/* Help of all commands / of one, from the table. */
void show_help(FILE *out);
void show_command_help(FILE *out, const struct command *command);

#endif
