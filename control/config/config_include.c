/* SPDX-License-Identifier: BSD-3-Clause */
/* A configuration in several files: a list of providers that several machines share, say. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config_read.h"

static const struct field included_fields[] = {
	{ "providers", read_providers, false },
	{ "domains", read_domains, false },
	{ NULL, NULL, false },
};

/* A name without a slash at its begin is looked for beside the file that includes. */
static char *path_of(const char *including, const char *name)
{
	const char *slash = strrchr(including, '/');
	char *path;

	if (name[0] == '/' || slash == NULL)
		return strdup(name);
	return asprintf(&path, "%.*s/%s", (int)(slash - including), including, name) < 0 ? NULL : path;
}

/* What is wrong in the other file is said with that one's name and places. */
static void take_errors(struct reader *reader, struct reader *other)
{
	char *all;

	if (other->error_count == 0)
		return;
	if (asprintf(&all, "%s%s", reader->errors != NULL ? reader->errors : "",
		     other->errors != NULL ? other->errors : "") >= 0) {
		free(reader->errors);
		reader->errors = all;
	}
	reader->error_count += other->error_count;
	free(other->errors);
}

static void read_included(struct reader *reader, const char *path, const char *text, size_t size, void *config)
{
	struct reader other = { .file = path };

	if (load_document(&other, text, size)) {
		yaml_node_t *root = yaml_document_get_root_node(&other.document);
		if (root == NULL)
			error_in(&other, 0, 0, "the file is empty");
		else
			read_map(&other, root, included_fields, config);
		yaml_document_delete(&other.document);
	}
	take_errors(reader, &other);
}

static void read_include(struct reader *reader, yaml_node_t *node, void *config)
{
	const char *name = read_text(reader, node);
	size_t size = 0;

	if (name == NULL)
		return;
	if (!reader->may_include) {
		error_at(reader, node, "include: \"%s\": only a file may include", name);
		return;
	}
	char *path = path_of(reader->file, name);
	char *text = path != NULL ? config_read_file(path, &size) : NULL;
	if (text == NULL)
		error_at(reader, node, "include: \"%s\": %s", name, strerror(errno));
	else
		read_included(reader, path, text, size, config);
	free(text);
	free(path);
}

void read_includes(struct reader *reader, yaml_node_t *node, void *config)
{
	read_list(reader, node, read_include, config);
}
