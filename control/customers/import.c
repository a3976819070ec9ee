/* SPDX-License-Identifier: BSD-3-Clause */
#include "customers/import.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <csv.h>
#include <jansson.h>

#include "customers/customer_text.h"
#include "customers/customers.h"
#include "units.h"

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
	"PROVIDER:connections "                                                                                        \
	"and so on"

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

static const char *column_name(int column)
{
	static const char *const fixed[] = { "name", "sources", "weight", "tier", "members" };

	return column < COLUMN_LIMITS ? fixed[column] : limit_kind_name[column - COLUMN_LIMITS];
}

static int find_column(const char *name)
{
	for (int column = 0; column < COLUMNS; column++)
		if (strcmp(name, column_name(column)) == 0)
			return column;
	return -1;
}

/* "google:connections"; false when it is none of that form. */
static bool find_at(const char *name, struct at_column *ret_column)
{
	const char *colon = strchr(name, ':');
	const size_t size = colon != NULL ? (size_t)(colon - name) : 0;

	if (size == 0 || size > CUSTOMER_NAME_MOST)
		return false;
	memcpy(ret_column->provider, name, size);
	ret_column->provider[size] = '\0';
	ret_column->kind = find_column(colon + 1) - COLUMN_LIMITS;
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

/* Takes a row if all of it is right, and says all that is not. */
static void take_row(struct import *import, size_t line, const struct row *row)
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

	if (!find_at(name, &at))
		return find_column(name);
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
		take_row(csv->import, csv->line, &row);
	for (size_t column = 0; column < COLUMNS + csv->ats; column++)
		csv->text[column][0] = '\0';
	csv->headed = true;
	csv->field = 0;
}

/* A line at a time: so that the parser's rows have numbers, and one that never ends has a limit. A quoted line end
 * is none of a customer's. */
static void read_csv_line(struct csv *csv, const char *line, size_t size)
{
	if (size > IMPORT_LINE_MOST) {
		import_wrong(csv->import, csv->line, "longer than %u bytes", IMPORT_LINE_MOST);
		return;
	}
	if (csv_parse(&csv->parser, line, size, on_field, on_row, csv) == size &&
	    csv_fini(&csv->parser, on_field, on_row, csv) == 0)
		return;
	import_wrong(csv->import, csv->line, "%s", csv_strerror(csv_error(&csv->parser)));
	/* The next line is not to be read as the rest of this one. */
	csv_free(&csv->parser);
	csv_init(&csv->parser, CSV_STRICT | CSV_STRICT_FINI);
	csv->field = 0;
}

static json_t *text_of(const json_t *value)
{
	char text[64];

	if (json_is_string(value))
		return json_string(json_string_value(value));
	if (!json_is_integer(value))
		return NULL;
	snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	return json_string(text);
}

/* A list of sources or members is one text. */
static json_t *join(const json_t *list)
{
	char text[IMPORT_LINE_MOST];
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *one = json_string_value(json_array_get(list, i));
		if (one == NULL || used + strlen(one) + 2 > sizeof(text))
			return NULL;
		used += (size_t)sprintf(text + used, "%s%s", i > 0 ? " " : "", one);
	}
	return json_string(text);
}

/* A JSON object's texts, as long as its row is looked at. */
struct object {
	struct import *import;
	size_t line;
	struct row row;
	struct at_column at[AT_MOST];
	json_t *texts; /* keeps them */
};

static const char *keep(struct object *object, json_t *text, const char *key)
{
	if (text == NULL)
		import_wrong(object->import, object->line, "%.64s: expected a text or a number", key);
	else
		json_array_append_new(object->texts, text);
	return text != NULL ? json_string_value(text) : "";
}

/* {"google": {"connections": 40}} */
static void take_at(struct object *object, json_t *providers)
{
	struct row *row = &object->row;
	const char *provider, *kind;
	char name[CUSTOMER_NAME_MOST + 32];
	json_t *limits, *value;

	json_object_foreach(providers, provider, limits)
	{
		if (!json_is_object(limits))
			import_wrong(object->import, object->line, "at %.64s: expected an object of limits", provider);
		json_object_foreach(limits, kind, value)
		{
			snprintf(name, sizeof(name), "%.65s:%.24s", provider, kind);
			if (row->at_count == AT_MOST || !find_at(name, &object->at[row->at_count])) {
				import_wrong(object->import, object->line, "at: unknown limit \"%s\"", name);
				continue;
			}
			row->at[row->at_count].column = &object->at[row->at_count];
			row->at[row->at_count++].text = keep(object, text_of(value), name);
		}
	}
}

static void take_key(struct object *object, const char *key, json_t *value)
{
	const int column = find_column(key);

	if (strcmp(key, "at") == 0 && json_is_object(value))
		take_at(object, value);
	else if (strcmp(key, "at") == 0)
		import_wrong(object->import, object->line, "at: expected an object of providers");
	else if (column < 0)
		import_wrong(object->import, object->line, "unknown key \"%.64s\"", key);
	else
		object->row.text[column] = keep(
			object,
			json_is_array(value) && (column == COLUMN_SOURCES || column == COLUMN_MEMBERS) ? join(value)
												       : text_of(value),
			key);
}

static void take_object(struct import *import, size_t line, json_t *json)
{
	struct object object = { .import = import, .line = line, .texts = json_array() };
	size_t before = import->error_count;
	const char *key;
	json_t *value;

	for (int column = 0; column < COLUMNS; column++)
		object.row.text[column] = "";
	json_object_foreach(json, key, value) take_key(&object, key, value);
	if (import->error_count == before)
		take_row(import, line, &object.row);
	json_decref(object.texts);
}

static void read_json_line(struct import *import, size_t line, const char *text, size_t size)
{
	json_error_t error;

	if (size > IMPORT_LINE_MOST) {
		import_wrong(import, line, "longer than %u bytes", IMPORT_LINE_MOST);
		return;
	}
	json_t *object = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
	if (!json_is_object(object))
		import_wrong(import, line, "%s", object == NULL ? error.text : "expected an object");
	else
		take_object(import, line, object);
	json_decref(object);
}

/* Calls `each` with each line that has something in it. */
static void each_line(const char *text, size_t size, void (*each)(struct csv *csv, const char *line, size_t size),
		      struct csv *csv)
{
	for (; size > 0; csv->line++) {
		const char *end = memchr(text, '\n', size);
		size_t length = end != NULL ? (size_t)(end - text) : size, used = length;
		while (used > 0 && (text[used - 1] == '\r' || text[used - 1] == ' '))
			used--;
		if (used > 0)
			each(csv, text, used);
		text += length + (end != NULL);
		size -= length + (end != NULL);
	}
}

static void read_json(struct csv *csv, const char *line, size_t size)
{
	read_json_line(csv->import, csv->line, line, size);
}

bool import_read(const char *text, size_t size, struct import *ret_import)
{
	struct csv *csv = calloc(1, sizeof(*csv));

	*ret_import = (struct import){ 0 };
	if (csv == NULL || csv_init(&csv->parser, CSV_STRICT | CSV_STRICT_FINI) != 0) {
		free(csv);
		import_wrong(ret_import, 0, "no memory");
		return false;
	}
	csv->import = ret_import;
	each_line(text, size, size > 0 && text[0] == '{' ? read_json : read_csv_line, csv);
	if (ret_import->count == 0 && ret_import->error_count == 0)
		import_wrong(ret_import, 0, "no customer in it");
	csv_free(&csv->parser);
	free(csv);
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
