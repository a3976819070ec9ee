/* SPDX-License-Identifier: BSD-3-Clause */
/* Replies for people: a message, then rows. */
#ifndef SLUICE_SHOW_H
#define SLUICE_SHOW_H

#include <stdio.h>
#include <time.h>

#include <jansson.h>

#include "commands.h"
#include "look.h"

void show_reply(FILE *out, const struct look *look, const struct command *command, const json_t *reply, time_t now);

/* One line of what `watch` hears. */
void show_event(FILE *out, const json_t *line);

#endif
