/* SPDX-License-Identifier: BSD-3-Clause */
/* Files of customers: CSV whose first line names the columns, or a JSON object a line. Pure: text in, customers out,
 * or every error with its line. */
#ifndef SLUICE_IMPORT_H
#define SLUICE_IMPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"

#define IMPORT_CUSTOMERS_MOST 2000000u
#define IMPORT_LINE_MOST 65536u
#define IMPORT_ERRORS_MOST 100u /* that are said; all are counted */

struct import {
	struct customer *customer; /* sources' lines are theirs in the file, from 0 on */
	size_t count, room;
	char *errors; /* "line 7: ...\n" each; NULL: none */
	size_t error_count, errors_size;
};

/* A text that begins with "{" is JSON lines, any other CSV. False when something is wrong with it. */
bool import_read(const char *text, size_t size, struct import *ret_import);
void import_finish(struct import *import);

/* Notes an error; lines count from 0. */
void import_wrong(struct import *import, size_t line, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
