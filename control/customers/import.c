/* SPDX-License-Identifier: BSD-3-Clause */
#include "customers/import_parts.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "customers/customers.h"
#include "units.h"

static const char *column_name(int column)
{
	static const char *const fixed[] = { "name", "sources", "weight", "tier", "members" };

	return column < COLUMN_LIMITS ? fixed[column] : limit_kind_name[column - COLUMN_LIMITS];
}

int import_column(const char *name)
{
	for (int column = 0; column < COLUMNS; column++)
		if (strcmp(name, column_name(column)) == 0)
			return column;
	return -1;
}

/* "google:connections"; false when it is none of that form. */
bool import_at(const char *name, struct at_column *ret_column)
{
	const char *colon = strchr(name, ':');
	const size_t size = colon != NULL ? (size_t)(colon - name) : 0;

	if (size == 0 || size > CUSTOMER_NAME_MOST)
		return false;
	memcpy(ret_column->provider, name, size);
	ret_column->provider[size] = '\0';
	ret_column->kind = import_column(colon + 1) - COLUMN_LIMITS;
	return ret_column->kind >= 0 && customer_name_fits(ret_column->provider); /* a provider's is of the same form */
}

void import_wrong(struct import *import, size_t line, const char *format, ...)
{
	char text[512];
	va_list arguments;

	if (++import->error_count > IMPORT_ERRORS_MOST)
		return;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	char *grown = realloc(import->errors, import->errors_size + sizeof(text) + 32);
	if (grown == NULL)
		return;
	import->errors = grown;
	import->errors_size += (size_t)sprintf(grown + import->errors_size, "line %zu: %s\n", line + 1, text);
}

static const char *set_limit(struct limits *limits, int kind, const char *text)
{
	if (limit_parse((enum limit_kind)kind, text, &limits->kind[kind]) < 0)
		return kind == LIMIT_CONNECTIONS ? "a count such as 20" : "a rate such as 10/s or \"10/s burst 20\"";
	limits->has |= 1u << kind;
	return NULL;
}

static const char *set_column(struct customer *customer, int column, const char *text)
{
	if (text[0] == '\0' && column > COLUMN_SOURCES)
		return NULL;
	switch (column) {
	case COLUMN_NAME:
		if (!customer_name_fits(text))
			return "1 to 64 letters, digits, - _ . (and not \"unknown\")";
		customer->name = strdup(text);
		return customer->name != NULL ? NULL : "memory for it";
	case COLUMN_SOURCES:
		return sources_parse(text, customer);
	case COLUMN_WEIGHT:
		return weight_parse(text, &customer->weight);
	case COLUMN_TIER:
		customer->tier = (uint8_t)tier_find(text);
		return customer->tier < TIERS ? NULL : TIER_EXPECTED;
	case COLUMN_MEMBERS:
		return members_parse(text, customer);
	default:
		return set_limit(&customer->limits, column - COLUMN_LIMITS, text);
	}
}

/* Those of one provider, made if need be. */
static struct limits *at_limits(struct customer *customer, const char *provider)
{
	for (size_t i = 0; i < customer->at_count; i++)
		if (strcmp(customer->at[i].provider, provider) == 0)
			return &customer->at[i].limits;
	return customer_add_at(customer, provider);
}

static void add_customer(struct import *import, const struct customer *customer, size_t line)
{
	if (import->count == import->room) {
		size_t room = import->room * 2 + 64;
		struct customer *grown = realloc(import->customer, room * sizeof(*grown));
		if (grown == NULL)
			abort();
		import->customer = grown;
		import->room = room;
	}
	for (size_t i = 0; i < customer->source_count; i++)
		customer->sources[i].line = (uint32_t)line;
	import->customer[import->count++] = *customer;
}

void import_row(struct import *import, size_t line, const struct row *row)
{
	struct customer customer = { .weight = 1, .tier = TIERS };
	size_t before = import->error_count;

	for (int column = 0; column < COLUMNS; column++) {
		const char *expected = set_column(&customer, column, row->text[column]);
		if (expected != NULL)
			import_wrong(import, line, "%s: \"%.200s\": expected %s", column_name(column),
				     row->text[column], expected);
	}
	for (size_t i = 0; i < row->at_count; i++) {
		const struct at_column *column = row->at[i].column;
		struct limits *limits = row->at[i].text[0] != '\0' ? at_limits(&customer, column->provider) : NULL;
		const char *expected = limits != NULL ? set_limit(limits, column->kind, row->at[i].text) : NULL;
		if (expected != NULL)
			import_wrong(import, line, "%s:%s: \"%.200s\": expected %s", column->provider,
				     limit_kind_name[column->kind], row->at[i].text, expected);
	}
	if (import->error_count == before && import->count == IMPORT_CUSTOMERS_MOST)
		import_wrong(import, line, "more than %u customers", IMPORT_CUSTOMERS_MOST);
	if (import->error_count == before)
		add_customer(import, &customer, line);
	else
		customer_finish(&customer);
}

/* Where the lines go: `csv` NULL is JSON. */
static void take_line(struct import *import, struct csv *csv, size_t number, const char *line, size_t size)
{
	if (size > IMPORT_LINE_MOST)
		import_wrong(import, number, "longer than %u bytes", IMPORT_LINE_MOST);
	else if (csv != NULL)
		csv_line(csv, number, line, size);
	else
		import_json(import, number, line, size);
}

/* Each line that has something in it. */
static void take_lines(struct import *import, struct csv *csv, const char *text, size_t size)
{
	for (size_t number = 0; size > 0; number++) {
		const char *end = memchr(text, '\n', size);
		size_t length = end != NULL ? (size_t)(end - text) : size, used = length;
		while (used > 0 && (text[used - 1] == '\r' || text[used - 1] == ' '))
			used--;
		if (used > 0)
			take_line(import, csv, number, text, used);
		text += length + (end != NULL);
		size -= length + (end != NULL);
	}
}

bool import_read(const char *text, size_t size, struct import *ret_import)
{
	const bool json = size > 0 && text[0] == '{';
	struct csv *csv = json ? NULL : csv_begin(ret_import);

	*ret_import = (struct import){ 0 };
	if (csv == NULL && !json) {
		import_wrong(ret_import, 0, "no memory");
		return false;
	}
	take_lines(ret_import, csv, text, size);
	if (ret_import->count == 0 && ret_import->error_count == 0)
		import_wrong(ret_import, 0, "no customer in it");
	if (csv != NULL)
		csv_end(csv);
	return ret_import->error_count == 0;
}

void import_finish(struct import *import)
{
	for (size_t i = 0; i < import->count; i++)
		customer_finish(&import->customer[i]);
	free(import->customer);
	free(import->errors);
	*import = (struct import){ 0 };
}
