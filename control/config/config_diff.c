/* SPDX-License-Identifier: BSD-3-Clause */
#include "config/config_diff.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config_read.h"

/* A value with the way to it. */
struct leaf {
	char *path, *value;
};

struct leaves {
	yaml_document_t *document;
	struct leaf *leaf;
	size_t count;
};

static char *__attribute__((format(printf, 1, 2))) text_of(const char *format, ...)
{
	va_list arguments;
	char *text;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		abort(); /* a configuration that does not fit into memory */
	va_end(arguments);
	return text;
}

static yaml_node_t *node_at(const struct leaves *leaves, int index)
{
	return yaml_document_get_node(leaves->document, index);
}

static const char *scalar(const yaml_node_t *node)
{
	return node->type == YAML_SCALAR_NODE ? (const char *)node->data.scalar.value : NULL;
}

static void add(struct leaves *leaves, char *path, char *value)
{
	struct leaf *leaf = grow(&leaves->leaf, &leaves->count, sizeof(*leaf));

	*leaf = (struct leaf){ path, value };
}

/* What an item of a list is called: by its "name", else by its place. */
static char *item_path(const struct leaves *leaves, const char *path, const yaml_node_t *item, long place)
{
	for (yaml_node_pair_t *pair = item->type == YAML_MAPPING_NODE ? item->data.mapping.pairs.start : NULL;
	     pair != NULL && pair < item->data.mapping.pairs.top; pair++) {
		const char *key = scalar(node_at(leaves, pair->key)), *name = scalar(node_at(leaves, pair->value));
		if (key != NULL && name != NULL && strcmp(key, "name") == 0)
			return text_of("%s[%s]", path, name);
	}
	return text_of("%s[%ld]", path, place);
}

static void walk(struct leaves *leaves, const yaml_node_t *node, const char *path);

/* A list of single values is one value; of others each item has its own. */
static void walk_list(struct leaves *leaves, const yaml_node_t *node, const char *path)
{
	char *all = text_of("%s", "");

	for (yaml_node_item_t *item = node->data.sequence.items.start; item < node->data.sequence.items.top; item++) {
		const yaml_node_t *value = node_at(leaves, *item);
		const char *text = scalar(value);
		if (text != NULL) {
			char *more = text_of("%s%s%s", all, all[0] != '\0' ? " " : "", text);
			free(all);
			all = more;
			continue;
		}
		char *inner = item_path(leaves, path, value, item - node->data.sequence.items.start);
		walk(leaves, value, inner);
		free(inner);
	}
	if (all[0] != '\0')
		add(leaves, text_of("%s", path), all);
	else
		free(all);
}

static void walk(struct leaves *leaves, const yaml_node_t *node, const char *path)
{
	if (node->type == YAML_SCALAR_NODE)
		add(leaves, text_of("%s", path), text_of("%s", scalar(node)));
	if (node->type == YAML_SEQUENCE_NODE)
		walk_list(leaves, node, path);
	if (node->type != YAML_MAPPING_NODE)
		return;
	for (yaml_node_pair_t *pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top; pair++) {
		const char *key = scalar(node_at(leaves, pair->key));
		char *inner = text_of("%s%s%s", path, path[0] != '\0' ? "." : "", key != NULL ? key : "?");
		walk(leaves, node_at(leaves, pair->value), inner);
		free(inner);
	}
}

static int by_path(const void *left, const void *right)
{
	return strcmp(((const struct leaf *)left)->path, ((const struct leaf *)right)->path);
}

static int read_leaves(const struct config_text *text, struct leaves *ret_leaves)
{
	struct reader reader = { .file = "" };

	*ret_leaves = (struct leaves){ .document = &reader.document };
	if (!load_document(&reader, text->text, text->size)) {
		free(reader.errors);
		return -EINVAL;
	}
	const yaml_node_t *root = yaml_document_get_root_node(&reader.document);
	if (root != NULL)
		walk(ret_leaves, root, "");
	yaml_document_delete(&reader.document);
	free(reader.errors);
	if (ret_leaves->count > 0)
		qsort(ret_leaves->leaf, ret_leaves->count, sizeof(*ret_leaves->leaf), by_path);
	return 0;
}

static void free_leaves(struct leaves *leaves)
{
	for (size_t i = 0; i < leaves->count; i++) {
		free(leaves->leaf[i].path);
		free(leaves->leaf[i].value);
	}
	free(leaves->leaf);
}

static void compare(const struct leaves *before, const struct leaves *after, config_differs *each, void *context)
{
	for (size_t i = 0, j = 0; i < before->count || j < after->count;) {
		const struct leaf *old = i < before->count ? &before->leaf[i] : NULL;
		const struct leaf *new = j < after->count ? &after->leaf[j] : NULL;
		int order = old == NULL ? 1 : new == NULL ? -1 : strcmp(old->path, new->path);
		if (order < 0)
			each(context, old->path, old->value, NULL);
		else if (order > 0)
			each(context, new->path, NULL, new->value);
		else if (strcmp(old->value, new->value) != 0)
			each(context, old->path, old->value, new->value);
		i += order <= 0;
		j += order >= 0;
	}
}

int config_diff(const struct config_text *before, const struct config_text *after, config_differs *each, void *context)
{
	struct leaves old = { 0 }, new = { 0 };
	int ret = read_leaves(before, &old);

	if (ret == 0)
		ret = read_leaves(after, &new);
	if (ret == 0)
		compare(&old, &new, each, context);
	free_leaves(&old);
	free_leaves(&new);
	return ret;
}
