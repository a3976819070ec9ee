/* SPDX-License-Identifier: BSD-3-Clause */
/* Files of customers in CSV. */
#include <stdlib.h>
#include <string.h>

#include <csv.h>

#include "customers/import_parts.h"

/* CSV on its way: the fields of a row, and which column each is. */
struct csv {
	struct import *import;
	struct csv_parser parser;
	size_t line;
	bool headed;
	int column[COLUMNS + AT_MOST]; /* by place in the file; from COLUMNS on: of `at` */
	struct at_column at[AT_MOST];
	size_t columns, field, ats;
	char text[COLUMNS + AT_MOST][IMPORT_LINE_MOST / 8]; /* by column */
};

static int column_of(struct csv *csv, const char *name)
{
	struct at_column at;

	if (!import_at(name, &at))
		return import_column(name);
	for (size_t i = 0; i < csv->ats; i++)
		if (strcmp(csv->at[i].provider, at.provider) == 0 && csv->at[i].kind == at.kind)
			return COLUMNS + (int)i;
	if (csv->ats == AT_MOST)
		return -1;
	csv->at[csv->ats] = at;
	return COLUMNS + (int)csv->ats++;
}

static void take_head(struct csv *csv, const char *name)
{
	int column = column_of(csv, name);

	for (size_t i = 0; i < csv->columns; i++)
		if (csv->column[i] == column && column >= 0)
			import_wrong(csv->import, csv->line, "column \"%.64s\" is there twice", name);
	if (column < 0)
		import_wrong(csv->import, csv->line, "column \"%.100s\": expected " COLUMNS_EXPECTED, name);
	if (csv->columns < COLUMNS + AT_MOST)
		csv->column[csv->columns++] = column;
}

static void on_field(void *data, size_t size, void *context)
{
	struct csv *csv = context;
	char text[sizeof(csv->text[0])];

	if (size >= sizeof(text) || memchr(data, '\0', size) != NULL) {
		import_wrong(csv->import, csv->line, "field %zu is longer than %zu bytes, or has a zero byte",
			     csv->field + 1, sizeof(text) - 1);
		size = 0;
	}
	memcpy(text, data != NULL ? data : "", size);
	text[size] = '\0';
	if (!csv->headed)
		take_head(csv, text);
	else if (csv->field < csv->columns && csv->column[csv->field] >= 0)
		strcpy(csv->text[csv->column[csv->field]], text);
	csv->field++;
}

static void on_row(int end, void *context)
{
	struct csv *csv = context;
	struct row row = { .at_count = csv->ats };

	(void)end;
	for (int column = 0; column < COLUMNS; column++)
		row.text[column] = csv->text[column];
	for (size_t i = 0; i < csv->ats; i++) {
		row.at[i].column = &csv->at[i];
		row.at[i].text = csv->text[COLUMNS + i];
	}
	if (csv->headed && csv->field != csv->columns)
		import_wrong(csv->import, csv->line, "%zu fields, expected %zu", csv->field, csv->columns);
	else if (csv->headed)
		import_row(csv->import, csv->line, &row);
	for (size_t column = 0; column < COLUMNS + csv->ats; column++)
		csv->text[column][0] = '\0';
	csv->headed = true;
	csv->field = 0;
}

struct csv *csv_begin(struct import *import)
{
	struct csv *csv = calloc(1, sizeof(*csv));

	if (csv == NULL || csv_init(&csv->parser, CSV_STRICT | CSV_STRICT_FINI) != 0) {
		free(csv);
		return NULL;
	}
	csv->import = import;
	return csv;
}

/* A line at a time: so that the parser's rows have numbers, and one that never ends has a limit. A quoted line end
 * is none of a customer's. */
void csv_line(struct csv *csv, size_t number, const char *line, size_t size)
{
	csv->line = number;
	if (csv_parse(&csv->parser, line, size, on_field, on_row, csv) == size &&
	    csv_fini(&csv->parser, on_field, on_row, csv) == 0)
		return;
	import_wrong(csv->import, csv->line, "%s", csv_strerror(csv_error(&csv->parser)));
	/* The next line is not to be read as the rest of this one. */
	csv_free(&csv->parser);
	csv_init(&csv->parser, CSV_STRICT | CSV_STRICT_FINI);
	csv->field = 0;
}

void csv_end(struct csv *csv)
{
	csv_free(&csv->parser);
	free(csv);
}
