/* SPDX-License-Identifier: BSD-3-Clause */
#include "config/config.h"

#include <ctype.h>
#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config_read.h"
#include "config/settings.h"
#include "config/yaml_map.h"
#include "customers/customers.h"

#define FILE_MOST (64u << 20)

static void free_strings(struct strings *strings)
{
	for (size_t i = 0; i < strings->count; i++)
		free(strings->text[i]);
	free(strings->text);
}

static void free_provider(struct provider *provider)
{
	free(provider->name);
	free_strings(&provider->domains);
	free_strings(&provider->mx);
	free_strings(&provider->hosts);
	free(provider->addresses);
}

void config_destroy(struct config *config)
{
	if (config == NULL)
		return;
	for (size_t i = 0; i < setting_count; i++)
		if (setting_rows[i].type <= SETTING_ADDRESS)
			free(*(char **)((char *)&config->settings + setting_rows[i].offset));
	for (size_t i = 0; i < config->provider_count; i++)
		free_provider(&config->providers[i]);
	for (size_t i = 0; i < config->customer_count; i++)
		customer_finish(&config->customers[i]);
	for (size_t i = 0; i < config->access_count; i++) {
		free(config->access[i].name);
		free(config->access[i].certificate);
	}
	free(config->access);
	free_strings(&config->domains);
	for (size_t i = 0; i < config->mail_domain_count; i++) {
		free(config->mail_domains[i].name);
		free(config->mail_domains[i].addresses);
	}
	free(config->mail_domains);
	free(config->providers);
	free(config->customers);
	customers_order_finish(config);
	free(config);
}

bool prefix_equal(const struct prefix *a, const struct prefix *b)
{
	return a->plen == b->plen && memcmp(&a->address, &b->address, sizeof(a->address)) == 0;
}

const struct provider *config_provider(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->provider_count; i++)
		if (config->providers[i].name != NULL && strcmp(config->providers[i].name, name) == 0)
			return &config->providers[i];
	return NULL;
}

const struct mail_domain *config_mail_domain(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->mail_domain_count; i++)
		if (config->mail_domains[i].name != NULL && strcmp(config->mail_domains[i].name, name) == 0)
			return &config->mail_domains[i];
	return NULL;
}

static void set_defaults(struct config *config)
{
	static const uint16_t ports[] = { 25, 465, 587 };

	for (size_t i = 0; i < setting_count; i++)
		if (setting_rows[i].initial != NULL)
			setting_set(&setting_rows[i], &config->settings, setting_rows[i].initial);
	memcpy(config->port, ports, sizeof(ports));
	config->ports = sizeof(ports) / sizeof(ports[0]);
}

/* The reader, which looks at bytes before there are lines, tells an offset alone. */
static yaml_mark_t mark_of(const yaml_parser_t *parser, const char *text, size_t size)
{
	yaml_mark_t mark = { 0 };

	if (parser->error != YAML_READER_ERROR)
		return parser->problem_mark;
	for (size_t i = 0; i < size && i < parser->problem_offset; i++) {
		mark.line += text[i] == '\n';
		mark.column = text[i] == '\n' ? 0 : mark.column + 1;
	}
	return mark;
}

/* A text, and the parser that is on its way through it. */
struct parsing {
	yaml_parser_t parser;
	const char *text;
	size_t size;
};

/* The parser's own words, and what the text looks like there. */
static void syntax_error(struct reader *reader, const struct parsing *parsing)
{
	const yaml_parser_t *parser = &parsing->parser;
	const yaml_mark_t mark = mark_of(parser, parsing->text, parsing->size);

	error_in(reader, mark.line, mark.column, "%s%s%s", parser->problem != NULL ? parser->problem : "not YAML",
		 parser->context != NULL ? ", " : "", parser->context != NULL ? parser->context : "");
}

/* What stands after "---" would be ignored in silence. */
static void check_last(struct reader *reader, struct parsing *parsing)
{
	yaml_document_t next;

	if (!yaml_parser_load(&parsing->parser, &next)) {
		syntax_error(reader, parsing);
		return;
	}
	const yaml_node_t *root = yaml_document_get_root_node(&next);
	if (root != NULL)
		error_at(reader, root, "a second document: only one is read");
	yaml_document_delete(&next);
}

bool load_document(struct reader *reader, const char *text, size_t size)
{
	struct parsing parsing = { .text = text, .size = size };

	if (!yaml_parser_initialize(&parsing.parser))
		return false;
	yaml_parser_set_input_string(&parsing.parser, (const unsigned char *)text, size);
	bool loaded = yaml_parser_load(&parsing.parser, &reader->document) != 0;
	if (!loaded)
		syntax_error(reader, &parsing);
	else if (yaml_document_get_root_node(&reader->document) != NULL)
		check_last(reader, &parsing);
	yaml_parser_delete(&parsing.parser);
	return loaded;
}

static struct config *parse(struct reader *reader, const char *text, size_t size, char **ret_errors)
{
	struct config *config = calloc(1, sizeof(*config));

	if (config == NULL)
		return NULL;
	set_defaults(config);
	if (load_document(reader, text, size)) {
		yaml_node_t *root = yaml_document_get_root_node(&reader->document);
		if (root == NULL)
			error_in(reader, 0, 0, "the file is empty");
		else
			read_config(reader, root, config);
		yaml_document_delete(&reader->document);
	}
	customers_order(config);
	config->written_count = config->customer_count;
	if (reader->error_count == 0)
		return config;
	config_destroy(config);
	*ret_errors = reader->errors;
	return NULL;
}

struct config *config_parse(const char *file, const char *text, size_t size, char **ret_errors)
{
	struct reader reader = { .file = file };

	return parse(&reader, text, size, ret_errors);
}

char *config_read_file(const char *file, size_t *ret_size)
{
	FILE *stream = fopen(file, "re");
	char *text = NULL, *grown;
	size_t size = 0, room = 0, got = 0;

	if (stream == NULL)
		return NULL;
	do {
		size += got;
		room = room - size < 65536 ? room * 2 + 65536 : room;
		grown = size <= FILE_MOST ? realloc(text, room) : NULL;
		if (grown == NULL)
			break;
		text = grown;
		errno = 0;
		got = fread(text + size, 1, room - size, stream);
	} while (got > 0);
	int error = size > FILE_MOST ? EFBIG : grown == NULL ? ENOMEM : ferror(stream) ? errno : 0;
	fclose(stream);
	*ret_size = size;
	if (error == 0) {
		text[size] = '\0'; /* the last read, of nothing, had room */
		return text;
	}
	free(text);
	errno = error;
	return NULL;
}

/* What only this machine can say. */
static bool groups_exist(const char *file, const struct settings *settings, char **ret_errors)
{
	const char *const name[] = { settings->admin_group, settings->read_group };
	static const char *const key[] = { "admin-group", "read-group" };
	char *text = strdup("");

	for (int i = 0; i < 2 && text != NULL; i++) {
		char *more;
		if (getgrnam(name[i]) != NULL)
			continue;
		if (asprintf(&more, "%s%s: daemon: %s: this machine has no group \"%s\"\n", text, file, key[i],
			     name[i]) < 0)
			more = NULL;
		free(text);
		text = more;
	}
	if (text != NULL && text[0] == '\0') {
		free(text);
		return true;
	}
	*ret_errors = text;
	return false;
}

struct config *config_of_text(const char *file, const char *text, size_t size, char **ret_errors)
{
	struct reader reader = { .file = file, .may_include = true };
	struct config *config = parse(&reader, text, size, ret_errors);

	if (config == NULL || groups_exist(file, &config->settings, ret_errors))
		return config;
	config_destroy(config);
	return NULL;
}

struct config *config_load(const char *file, char **ret_errors)
{
	size_t size;
	char *text = config_read_file(file, &size);

	if (text == NULL) {
		int error = errno;
		int ret = error == EFBIG ? asprintf(ret_errors, "%s: larger than %u MiB\n", file, FILE_MOST >> 20)
					 : asprintf(ret_errors, "%s: %s\n", file, strerror(error));
		if (ret < 0)
			*ret_errors = NULL;
		return NULL;
	}
	struct config *config = config_of_text(file, text, size, ret_errors);
	free(text);
	return config;
}
