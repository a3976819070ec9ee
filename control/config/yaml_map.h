/* SPDX-License-Identifier: BSD-3-Clause */
/* Reading a YAML document by tables of keys: every error is noted with its place and reading goes on, so that
 * a person sees all of them at once. */
#ifndef SLUICE_YAML_MAP_H
#define SLUICE_YAML_MAP_H

#include <stdbool.h>
#include <stddef.h>

#include <yaml.h>

#define ERRORS_MOST 100

struct reader {
	const char *file;
	bool may_include; /* other files, which are looked for beside this one */
	yaml_document_t document;
	char *errors; /* lines; NULL: none */
	size_t error_count;
};

/* One key a mapping may have. `read` gets the value's node and the context of read_map(). */
struct field {
	const char *key;
	void (*read)(struct reader *reader, yaml_node_t *node, void *context);
	bool required;
};

void error_at(struct reader *reader, const yaml_node_t *node, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void error_in(struct reader *reader, size_t line, size_t column, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* A mapping with these keys (the last row has a NULL key); unknown, double and missing ones are errors. */
void read_map(struct reader *reader, yaml_node_t *node, const struct field *fields, void *context);

/* Calls `each` with every value of a mapping whose keys are free / of a sequence. */
void read_pairs(struct reader *reader, yaml_node_t *node,
		void (*each)(struct reader *reader, yaml_node_t *key, yaml_node_t *value, void *context),
		void *context);
void read_list(struct reader *reader, yaml_node_t *node,
	       void (*each)(struct reader *reader, yaml_node_t *node, void *context), void *context);

/* The text of a scalar; NULL, and an error, when it is not one or has a zero byte. */
const char *read_text(struct reader *reader, yaml_node_t *node);

#endif
