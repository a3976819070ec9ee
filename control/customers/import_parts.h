/* SPDX-License-Identifier: BSD-3-Clause */
/* What the readers of both forms share; for import*.c only. */
#ifndef SLUICE_IMPORT_PARTS_H
#define SLUICE_IMPORT_PARTS_H

#include "customers/customer_text.h"
#include "customers/import.h"

/* The columns of CSV, and the keys of JSON; limits are behind the fixed ones, by kind. */
enum column {
	COLUMN_NAME,
	COLUMN_SOURCES,
	COLUMN_WEIGHT,
	COLUMN_TIER,
	COLUMN_MEMBERS,
	COLUMN_LIMITS,
	COLUMNS = COLUMN_LIMITS + LIMIT_KINDS
};

#define AT_MOST 64 /* limits at providers, in one row */
#define COLUMNS_EXPECTED                                                                                               \
	"name, sources, weight, tier, members, connections, connection-rate, byte-rate, message-rate, or "             \
	"PROVIDER:connections and so on"

/* A limit at a provider: "google:connections". */
struct at_column {
	char provider[CUSTOMER_NAME_MOST + 1];
	int kind;
};

/* A row's texts: of the columns, and of limits at providers; "" for none. */
struct row {
	const char *text[COLUMNS];
	struct {
		const struct at_column *column;
		const char *text;
	} at[AT_MOST];
	size_t at_count;
};

/* Which column has this name; -1: none. / The same for a limit at a provider; false when it is none of that form. */
int import_column(const char *name);
bool import_at(const char *name, struct at_column *ret_column);

/* Takes a row if all of it is right, and says all that is not. */
void import_row(struct import *import, size_t line, const struct row *row);

/* A reader of CSV, line by line, the first one with something in it names the columns; NULL without memory. */
struct csv;
struct csv *csv_begin(struct import *import);
void csv_line(struct csv *csv, size_t number, const char *line, size_t size);
void csv_end(struct csv *csv);

/* One line of JSON. */
void import_json(struct import *import, size_t number, const char *line, size_t size);

#endif
