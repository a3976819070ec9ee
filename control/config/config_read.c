/* SPDX-License-Identifier: BSD-3-Clause */
#include "config/config_read.h"

#include <stdlib.h>
#include <string.h>

#include "config/settings.h"
#include "customers/customer_text.h"
#include "units.h"

/* Scalars of one section, by the settings table. */
struct section {
	const char *name;
	struct config *config;
};

static void read_setting(struct reader *reader, yaml_node_t *key, yaml_node_t *value, void *context)
{
	const struct section *section = context;
	const char *name = (const char *)key->data.scalar.value;
	const struct setting *setting = setting_find(section->name, name);

	if (setting == NULL) {
		error_at(reader, key, "unknown key \"%s\" in %s", name, section->name);
		return;
	}
	const char *text = read_text(reader, value);
	if (text == NULL)
		return;
	const char *expected = setting_set(setting, &section->config->settings, text);
	if (expected != NULL)
		error_at(reader, value, "%s: \"%s\": expected %s", name, text, expected);
}

static void read_section(struct reader *reader, yaml_node_t *node, const char *name, void *config)
{
	struct section section = { name, config };

	read_pairs(reader, node, read_setting, &section);
}

static void read_gate(struct reader *reader, yaml_node_t *node, void *config)
{
	read_section(reader, node, "gate", config);
}

static void read_daemon(struct reader *reader, yaml_node_t *node, void *config)
{
	read_section(reader, node, "daemon", config);
}

static void read_import(struct reader *reader, yaml_node_t *node, void *config)
{
	read_section(reader, node, "import", config);
}

static void read_port(struct reader *reader, yaml_node_t *node, void *context)
{
	struct config *config = context;
	const char *text = read_text(reader, node);
	uint64_t port;

	if (text == NULL)
		return;
	if (count_parse(text, &port) < 0 || port == 0 || port > 65535)
		error_at(reader, node, "ports: \"%s\": expected a port from 1 to 65535", text);
	else if (config->ports == WIRE_PORTS_MAX)
		error_at(reader, node, "ports: at most %u", WIRE_PORTS_MAX);
	else
		config->port[config->ports++] = (uint16_t)port;
}

static void read_smtp(struct reader *reader, yaml_node_t *key, yaml_node_t *value, void *context)
{
	struct section *section = context;
	const char *name = (const char *)key->data.scalar.value;

	if (strcmp(name, "hold-budget") == 0) {
		read_section(reader, value, "hold-budget", section->config);
	} else if (strcmp(name, "ports") == 0) {
		section->config->ports = 0;
		read_list(reader, value, read_port, section->config);
		if (section->config->ports == 0)
			error_at(reader, value, "ports: at least one is needed");
	} else {
		read_setting(reader, key, value, context);
	}
}

static void read_smtp_section(struct reader *reader, yaml_node_t *node, void *config)
{
	struct section section = { "smtp", config };

	read_pairs(reader, node, read_smtp, &section);
}

/* Makes room for one more at the end of an array, zeroed. */
void *grow(void *array, size_t *count, size_t size)
{
	char *grown = realloc(*(void **)array, (*count + 1) * size);

	if (grown == NULL)
		abort(); /* a configuration that does not fit into memory */
	*(void **)array = grown;
	memset(grown + *count * size, 0, size);
	return grown + (*count)++ * size;
}

static const char *limit_example(int kind)
{
	static const char *const examples[LIMIT_KINDS] = {
		[LIMIT_CONNECTIONS] = "a count such as 20",
		[LIMIT_CONNECTION_RATE] = "a rate such as 10/s, 600/min or \"10/s burst 20\"",
		[LIMIT_BYTE_RATE] = "a rate such as 2MB/s or \"10Mbit/s burst 64kB\"",
		[LIMIT_MESSAGE_RATE] = "a rate such as 5/s, 100/min or \"5/s burst 20\"",
	};
	return examples[kind];
}

static void read_limit(struct reader *reader, yaml_node_t *key, yaml_node_t *value, void *context)
{
	struct limits *limits = context;
	const char *name = (const char *)key->data.scalar.value, *text = read_text(reader, value);

	for (int kind = 0; kind < LIMIT_KINDS; kind++) {
		if (strcmp(name, limit_kind_name[kind]) != 0)
			continue;
		if (text == NULL)
			return;
		if (limit_parse(kind, text, &limits->kind[kind]) < 0)
			error_at(reader, value, "%s: \"%s\": expected %s", name, text, limit_example(kind));
		limits->has |= 1u << kind;
		return;
	}
	error_at(reader, key,
		 "unknown limit \"%s\"; expected one of: connections, connection-rate, byte-rate, message-rate", name);
}

void read_limits(struct reader *reader, yaml_node_t *node, struct limits *limits)
{
	read_pairs(reader, node, read_limit, limits);
}

char *read_name(struct reader *reader, yaml_node_t *node)
{
	const char *text = read_text(reader, node);

	if (text == NULL)
		return NULL;
	if (!customer_name_fits(text)) {
		error_at(reader, node, "name: \"%s\": expected 1 to %d letters, digits, - _ . (and not \"unknown\")",
			 text, CUSTOMER_NAME_MOST);
		return NULL;
	}
	return strdup(text);
}

void read_string(struct reader *reader, yaml_node_t *node, void *context)
{
	struct strings *strings = context;
	const char *text = read_text(reader, node);

	if (text == NULL)
		return;
	if (text[0] == '\0' || strlen(text) > 255 || strpbrk(text, " \t/:") != NULL) {
		error_at(reader, node, "\"%s\": expected a domain name", text);
		return;
	}
	*(char **)grow(&strings->text, &strings->count, sizeof(char *)) = strdup(text);
}

bool read_prefix(struct reader *reader, yaml_node_t *node, struct prefix *ret_prefix)
{
	const char *text = read_text(reader, node);

	if (text == NULL)
		return false;
	if (prefix_parse(text, &ret_prefix->address, &ret_prefix->plen) == 0)
		return true;
	error_at(reader, node, "\"%s\": expected an address or a prefix without host bits, such as 192.0.2.0/24", text);
	return false;
}

#define DEFAULT_KEY(key)                                                                                               \
	static void read_default_##key(struct reader *reader, yaml_node_t *node, void *context)                        \
	{                                                                                                              \
		read_limits(reader, node, &((struct config *)context)->key);                                           \
	}

DEFAULT_KEY(gate)
DEFAULT_KEY(each_customer)
DEFAULT_KEY(each_source)
DEFAULT_KEY(each_remote)
DEFAULT_KEY(each_domain)

static const struct field default_fields[] = {
	{ "gate", read_default_gate, false },
	{ "each-customer", read_default_each_customer, false },
	{ "each-source", read_default_each_source, false },
	{ "each-remote", read_default_each_remote, false },
	{ "each-domain", read_default_each_domain, false },
	{ NULL, NULL, false },
};

static void read_defaults(struct reader *reader, yaml_node_t *node, void *config)
{
	read_map(reader, node, default_fields, config);
}

/* Ceilings by scope; what else stands there is scalars. */
static const struct {
	const char *key;
	enum scope scope;
} ceilings[] = {
	{ "gate", SCOPE_GATE },		 { "each-customer", SCOPE_CUSTOMER }, { "each-source", SCOPE_SOURCE },
	{ "each-remote", SCOPE_REMOTE }, { "each-provider", SCOPE_PROVIDER }, { "each-domain", SCOPE_DOMAIN },
};

static void read_blind_key(struct reader *reader, yaml_node_t *key, yaml_node_t *value, void *context)
{
	const struct section *section = context;

	for (size_t i = 0; i < sizeof(ceilings) / sizeof(ceilings[0]); i++)
		if (strcmp((const char *)key->data.scalar.value, ceilings[i].key) == 0) {
			read_limits(reader, value, &section->config->ceiling[ceilings[i].scope]);
			return;
		}
	read_setting(reader, key, value, context);
}

static void read_blind(struct reader *reader, yaml_node_t *node, void *config)
{
	struct section section = { "blind", config };

	read_pairs(reader, node, read_blind_key, &section);
}

static void read_blast_radius(struct reader *reader, yaml_node_t *node, void *config)
{
	read_section(reader, node, "blast-radius", config);
}

static void read_brake(struct reader *reader, yaml_node_t *node, void *config)
{
	read_section(reader, node, "brake", config);
}

static void read_action(struct reader *reader, yaml_node_t *node, void *context)
{
	struct unknown *unknown = context;
	const char *text = read_text(reader, node);

	if (text == NULL)
		return;
	unknown->deny = strcmp(text, "deny") == 0;
	if (!unknown->deny && strcmp(text, "limit") != 0)
		error_at(reader, node, "action: \"%s\": expected limit or deny", text);
}

static void read_unknown_limits(struct reader *reader, yaml_node_t *node, void *context)
{
	read_limits(reader, node, &((struct unknown *)context)->limits);
}

static const struct field unknown_fields[] = {
	{ "action", read_action, false },
	{ "limits", read_unknown_limits, false },
	{ NULL, NULL, false },
};

static void read_unknown_customer(struct reader *reader, yaml_node_t *node, void *context)
{
	read_map(reader, node, unknown_fields, &((struct config *)context)->unknown_customer);
}

static void read_unknown_provider(struct reader *reader, yaml_node_t *node, void *context)
{
	read_map(reader, node, unknown_fields, &((struct config *)context)->unknown_provider);
}

static const struct field unknowns_fields[] = {
	{ "customer", read_unknown_customer, false },
	{ "provider", read_unknown_provider, false },
	{ NULL, NULL, false },
};

static void read_unknown(struct reader *reader, yaml_node_t *node, void *config)
{
	read_map(reader, node, unknowns_fields, config);
}

static const struct field root_fields[] = {
	{ "gate", read_gate, false },
	{ "daemon", read_daemon, false },
	{ "smtp", read_smtp_section, false },
	{ "include", read_includes, false },
	{ "providers", read_providers, false },
	{ "domains", read_domains, false },
	{ "mail-domains", read_mail_domains, false },
	{ "tiers", read_tiers, false },
	{ "warm-up", read_warm_up, false },
	{ "customers", read_customers, false },
	{ "import", read_import, false },
	{ "defaults", read_defaults, false },
	{ "unknown", read_unknown, false },
	{ "blind", read_blind, false },
	{ "brake", read_brake, false },
	{ "blast-radius", read_blast_radius, false },
	{ "access", read_access, false },
	{ NULL, NULL, false },
};

void read_config(struct reader *reader, yaml_node_t *root, struct config *config)
{
	read_map(reader, root, root_fields, config);
	if (config->settings.refresh_min > config->settings.refresh_max)
		error_at(reader, root, "daemon: refresh-min is above refresh-max");
	const struct settings *settings = &config->settings;
	if (strcmp(settings->gate_socket, settings->admin_socket) == 0 ||
	    strcmp(settings->gate_socket, settings->read_socket) == 0 ||
	    strcmp(settings->admin_socket, settings->read_socket) == 0)
		error_at(reader, root, "gate: socket, daemon: admin-socket and read-socket are to be three");
	if (settings->listen != NULL && (settings->certificate == NULL || settings->key == NULL))
		error_at(reader, root, "daemon: listen needs certificate and key");
}
