/* SPDX-License-Identifier: BSD-3-Clause */
/* One value as people read it: in units, and with nothing in it that steers a terminal. */
#ifndef SLUICE_CELL_H
#define SLUICE_CELL_H

#include <stddef.h>
#include <time.h>

#include <jansson.h>

#include "commands.h"

#define CELL_MAX 512

/* "-" when there is nothing to show. */
void cell_text(const struct column *column, const json_t *value, time_t now, char *out, size_t size);

/* Text from elsewhere, control characters written out. */
void text_escape(const char *text, char *out, size_t size);

/* Characters, not bytes: UTF-8's following bytes take no place. */
size_t text_width(const char *text);

#endif
