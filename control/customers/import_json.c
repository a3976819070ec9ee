/* SPDX-License-Identifier: BSD-3-Clause */
/* Files of customers as JSON lines: the columns of CSV are its keys, "at" an object of its own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "customers/import_parts.h"

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
			if (row->at_count == AT_MOST || !import_at(name, &object->at[row->at_count])) {
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
	const int column = import_column(key);

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
		import_row(import, line, &object.row);
	json_decref(object.texts);
}

void import_json(struct import *import, size_t number, const char *line, size_t size)
{
	json_error_t error;

	json_t *object = json_loadb(line, size, JSON_REJECT_DUPLICATES, &error);
	if (!json_is_object(object))
		import_wrong(import, number, "%s", object == NULL ? error.text : "expected an object");
	else
		take_object(import, number, object);
	json_decref(object);
}
