/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_read.h"
#include "settings.h"
#include "yaml_map.h"

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

static void free_customer(struct customer *customer)
{
	free(customer->name);
	free(customer->sources);
	for (size_t i = 0; i < customer->at_count; i++)
		free(customer->at[i].provider);
	free(customer->at);
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
		free_customer(&config->customers[i]);
	free(config->providers);
	free(config->customers);
	free(config);
}

const struct provider *config_provider(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->provider_count; i++)
		if (config->providers[i].name != NULL && strcmp(config->providers[i].name, name) == 0)
			return &config->providers[i];
	return NULL;
}

const struct customer *config_customer(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->customer_count; i++)
		if (config->customers[i].name != NULL && strcmp(config->customers[i].name, name) == 0)
			return &config->customers[i];
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

/* The parser's own words, and what the text looks like there. */
static void syntax_error(struct reader *reader, const yaml_parser_t *parser)
{
	error_in(reader, parser->problem_mark.line, parser->problem_mark.column, "%s%s%s",
		 parser->problem != NULL ? parser->problem : "not YAML", parser->context != NULL ? ", " : "",
		 parser->context != NULL ? parser->context : "");
}

static bool load_document(struct reader *reader, const char *text, size_t size)
{
	yaml_parser_t parser;

	if (!yaml_parser_initialize(&parser))
		return false;
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, size);
	bool loaded = yaml_parser_load(&parser, &reader->document) != 0;
	if (!loaded)
		syntax_error(reader, &parser);
	yaml_parser_delete(&parser);
	return loaded;
}

struct config *config_parse(const char *file, const char *text, size_t size, char **ret_errors)
{
	struct reader reader = { .file = file };
	struct config *config = calloc(1, sizeof(*config));

	if (config == NULL)
		return NULL;
	set_defaults(config);
	if (load_document(&reader, text, size)) {
		yaml_node_t *root = yaml_document_get_root_node(&reader.document);
		if (root == NULL)
			error_in(&reader, 0, 0, "the file is empty");
		else
			read_config(&reader, root, config);
		yaml_document_delete(&reader.document);
	}
	if (reader.error_count == 0)
		return config;
	config_destroy(config);
	*ret_errors = reader.errors;
	return NULL;
}

static char *read_file(const char *file, size_t *ret_size)
{
	FILE *stream = fopen(file, "re");
	char *text = NULL;
	size_t size = 0, room = 0, got;

	if (stream == NULL)
		return NULL;
	do {
		if (room - size < 65536)
			text = realloc(text, room += 65536 + room);
		got = text != NULL ? fread(text + size, 1, room - size, stream) : 0;
		size += got;
	} while (got > 0 && size <= FILE_MOST);
	fclose(stream);
	*ret_size = size;
	return text;
}

struct config *config_load(const char *file, char **ret_errors)
{
	size_t size;
	char *text = read_file(file, &size);

	if (text == NULL) {
		if (asprintf(ret_errors, "%s: %s\n", file, strerror(errno)) < 0)
			*ret_errors = NULL;
		return NULL;
	}
	struct config *config = config_parse(file, text, size, ret_errors);
	free(text);
	return config;
}
