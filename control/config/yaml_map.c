/* SPDX-License-Identifier: BSD-3-Clause */
#include "config/yaml_map.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void note(struct reader *reader, size_t line, size_t column, const char *format, va_list arguments)
{
	char *text, *all;

	if (++reader->error_count > ERRORS_MOST || vasprintf(&text, format, arguments) < 0)
		return;
	if (asprintf(&all, "%s%s:%zu:%zu: %s\n", reader->errors != NULL ? reader->errors : "", reader->file, line + 1,
		     column + 1, text) >= 0) {
		free(reader->errors);
		reader->errors = all;
	}
	free(text);
}

void error_at(struct reader *reader, const yaml_node_t *node, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	note(reader, node->start_mark.line, node->start_mark.column, format, arguments);
	va_end(arguments);
}

void error_in(struct reader *reader, size_t line, size_t column, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	note(reader, line, column, format, arguments);
	va_end(arguments);
}

static const char *const node_names[] = { "nothing", "a single value", "a list", "a mapping" };

static bool is_type(struct reader *reader, yaml_node_t *node, yaml_node_type_t type)
{
	if (node->type == type)
		return true;
	error_at(reader, node, "expected %s, found %s", node_names[type], node_names[node->type]);
	return false;
}

const char *read_text(struct reader *reader, yaml_node_t *node)
{
	if (!is_type(reader, node, YAML_SCALAR_NODE))
		return NULL;
	const char *text = (const char *)node->data.scalar.value;
	if (strlen(text) == node->data.scalar.length)
		return text;
	error_at(reader, node, "a zero byte in a text");
	return NULL;
}

void read_list(struct reader *reader, yaml_node_t *node,
	       void (*each)(struct reader *reader, yaml_node_t *node, void *context), void *context)
{
	if (!is_type(reader, node, YAML_SEQUENCE_NODE))
		return;
	for (yaml_node_item_t *item = node->data.sequence.items.start; item < node->data.sequence.items.top; item++)
		each(reader, yaml_document_get_node(&reader->document, *item), context);
}

static bool is_double(struct reader *reader, yaml_node_t *map, yaml_node_pair_t *pair, const char *key)
{
	for (yaml_node_pair_t *before = map->data.mapping.pairs.start; before < pair; before++) {
		yaml_node_t *other = yaml_document_get_node(&reader->document, before->key);
		if (other->type == YAML_SCALAR_NODE && strcmp((const char *)other->data.scalar.value, key) == 0)
			return true;
	}
	return false;
}

void read_pairs(struct reader *reader, yaml_node_t *node,
		void (*each)(struct reader *reader, yaml_node_t *key, yaml_node_t *value, void *context), void *context)
{
	if (!is_type(reader, node, YAML_MAPPING_NODE))
		return;
	for (yaml_node_pair_t *pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top; pair++) {
		yaml_node_t *key = yaml_document_get_node(&reader->document, pair->key);
		const char *text = read_text(reader, key);
		if (text == NULL)
			continue;
		if (is_double(reader, node, pair, text))
			error_at(reader, key, "\"%s\" stands here twice", text);
		else
			each(reader, key, yaml_document_get_node(&reader->document, pair->value), context);
	}
}

struct by_table {
	const struct field *fields;
	void *context;
	unsigned long seen;
};

static void unknown_key(struct reader *reader, yaml_node_t *key, const struct field *fields)
{
	char expected[512] = "";
	size_t used = 0;

	for (const struct field *field = fields; field->key != NULL && used < sizeof(expected) - 1; field++)
		used += (size_t)snprintf(expected + used, sizeof(expected) - used, "%s%s", used > 0 ? ", " : "",
					 field->key);
	error_at(reader, key, "unknown key \"%s\"; expected one of: %s", (const char *)key->data.scalar.value,
		 expected);
}

static void read_field(struct reader *reader, yaml_node_t *key, yaml_node_t *value, void *context)
{
	struct by_table *by = context;

	for (size_t i = 0; by->fields[i].key != NULL; i++) {
		if (strcmp(by->fields[i].key, (const char *)key->data.scalar.value) != 0)
			continue;
		by->seen |= 1ul << i;
		by->fields[i].read(reader, value, by->context);
		return;
	}
	unknown_key(reader, key, by->fields);
}

void read_map(struct reader *reader, yaml_node_t *node, const struct field *fields, void *context)
{
	struct by_table by = { fields, context, 0 };

	read_pairs(reader, node, read_field, &by);
	for (size_t i = 0; fields[i].key != NULL; i++)
		if (fields[i].required && !(by.seen & 1ul << i) && node->type == YAML_MAPPING_NODE)
			error_at(reader, node, "\"%s\" is missing", fields[i].key);
}
