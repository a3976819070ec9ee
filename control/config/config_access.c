/* SPDX-License-Identifier: BSD-3-Clause */
/* The list of those who may ask over TLS. */
#include <stdlib.h>
#include <string.h>

#include "config/config_read.h"

static void read_who(struct reader *reader, yaml_node_t *node, void *context)
{
	((struct access *)context)->name = read_name(reader, node);
}

static void read_right(struct reader *reader, yaml_node_t *node, void *context)
{
	const char *text = read_text(reader, node);

	if (text == NULL)
		return;
	((struct access *)context)->admin = strcmp(text, "admin") == 0;
	if (strcmp(text, "admin") != 0 && strcmp(text, "read") != 0)
		error_at(reader, node, "right: \"%s\": expected read or admin", text);
}

static int digit_of(char letter)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = letter != '\0' ? strchr(digits, letter) : NULL;

	return at != NULL ? (int)(at - digits) : -1;
}

static void read_token(struct reader *reader, yaml_node_t *node, void *context)
{
	struct access *access = context;
	const char *text = read_text(reader, node);

	if (text == NULL)
		return;
	for (size_t i = 0; i < ACCESS_HASH && strlen(text) == 2 * ACCESS_HASH; i++) {
		int high = digit_of(text[2 * i]), low = digit_of(text[2 * i + 1]);
		if (high < 0 || low < 0)
			break;
		access->token[i] = (uint8_t)(high << 4 | low);
		if (i == ACCESS_HASH - 1) {
			access->has_token = true;
			return;
		}
	}
	error_at(reader, node, "token-sha256: expected 64 digits of 0-9, a-f: printf %%s TOKEN | sha256sum");
}

static void read_certificate(struct reader *reader, yaml_node_t *node, void *context)
{
	const char *text = read_text(reader, node);

	if (text != NULL && text[0] == '\0')
		error_at(reader, node, "certificate: expected the common name of a client's certificate");
	else if (text != NULL)
		((struct access *)context)->certificate = strdup(text);
}

static const struct field access_fields[] = {
	{ "name", read_who, true },
	{ "right", read_right, true },
	{ "token-sha256", read_token, false },
	{ "certificate", read_certificate, false },
	{ NULL, NULL, false },
};

static bool is_double(const struct config *config, const struct access *access)
{
	for (const struct access *other = config->access; other < access; other++) {
		if (access->certificate != NULL && other->certificate != NULL &&
		    strcmp(access->certificate, other->certificate) == 0)
			return true;
		if (access->has_token && other->has_token && memcmp(access->token, other->token, ACCESS_HASH) == 0)
			return true;
	}
	return false;
}

static void read_one(struct reader *reader, yaml_node_t *node, void *context)
{
	struct config *config = context;
	struct access *access = grow(&config->access, &config->access_count, sizeof(*access));

	read_map(reader, node, access_fields, access);
	if (node->type == YAML_MAPPING_NODE && (access->certificate != NULL) == access->has_token)
		error_at(reader, node, "access: expected either token-sha256 or certificate");
	else if (is_double(config, access))
		error_at(reader, node, "access: a second one with the same token or certificate");
}

void read_access(struct reader *reader, yaml_node_t *node, void *config)
{
	read_list(reader, node, read_one, config);
}
