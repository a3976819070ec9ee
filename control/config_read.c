/* SPDX-License-Identifier: BSD-3-Clause */
#include "config_read.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "settings.h"
#include "units.h"

#define NAME_MOST 64
#define WEIGHT_MOST 1000000

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
static void *grow(void *array, size_t *count, size_t size)
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
	error_at(reader, key, "unknown limit \"%s\"; expected one of: connections, connection-rate, byte-rate", name);
}

static void read_limits(struct reader *reader, yaml_node_t *node, struct limits *limits)
{
	read_pairs(reader, node, read_limit, limits);
}

static bool is_name(const char *text)
{
	size_t size = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");

	return size > 0 && size <= NAME_MOST && text[size] == '\0' && strcmp(text, "unknown") != 0;
}

static char *read_name(struct reader *reader, yaml_node_t *node)
{
	const char *text = read_text(reader, node);

	if (text == NULL)
		return NULL;
	if (!is_name(text)) {
		error_at(reader, node, "name: \"%s\": expected 1 to %d letters, digits, - _ . (and not \"unknown\")",
			 text, NAME_MOST);
		return NULL;
	}
	return strdup(text);
}

static void read_string(struct reader *reader, yaml_node_t *node, void *context)
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

static bool read_prefix(struct reader *reader, yaml_node_t *node, struct prefix *ret_prefix)
{
	const char *text = read_text(reader, node);

	if (text == NULL)
		return false;
	if (prefix_parse(text, &ret_prefix->address, &ret_prefix->plen) == 0)
		return true;
	error_at(reader, node, "\"%s\": expected an address or a prefix without host bits, such as 192.0.2.0/24", text);
	return false;
}

static void read_address(struct reader *reader, yaml_node_t *node, void *context)
{
	struct provider *provider = context;
	struct prefix prefix;

	if (read_prefix(reader, node, &prefix))
		*(struct prefix *)grow(&provider->addresses, &provider->address_count, sizeof(prefix)) = prefix;
}

/* One function a key of a provider; `field` is where it goes. */
#define PROVIDER_KEY(key, call)                                                                                        \
	static void read_provider_##key(struct reader *reader, yaml_node_t *node, void *context)                       \
	{                                                                                                              \
		struct provider *provider = context;                                                                   \
		call;                                                                                                  \
	}

PROVIDER_KEY(name, free(provider->name); provider->name = read_name(reader, node))
PROVIDER_KEY(domains, read_list(reader, node, read_string, &provider->domains))
PROVIDER_KEY(mx, read_list(reader, node, read_string, &provider->mx))
PROVIDER_KEY(hosts, read_list(reader, node, read_string, &provider->hosts))
PROVIDER_KEY(addresses, read_list(reader, node, read_address, provider))
PROVIDER_KEY(limits, read_limits(reader, node, &provider->limits))
PROVIDER_KEY(each_customer, read_limits(reader, node, &provider->each_customer))
PROVIDER_KEY(each_source, read_limits(reader, node, &provider->each_source))
PROVIDER_KEY(each_remote, read_limits(reader, node, &provider->each_remote))

static const struct field provider_fields[] = {
	{ "name", read_provider_name, true },
	{ "domains", read_provider_domains, false },
	{ "mx", read_provider_mx, false },
	{ "hosts", read_provider_hosts, false },
	{ "addresses", read_provider_addresses, false },
	{ "limits", read_provider_limits, false },
	{ "each-customer", read_provider_each_customer, false },
	{ "each-source", read_provider_each_source, false },
	{ "each-remote", read_provider_each_remote, false },
	{ NULL, NULL, false },
};

static void read_provider(struct reader *reader, yaml_node_t *node, void *context)
{
	struct config *config = context;
	struct provider *provider = grow(&config->providers, &config->provider_count, sizeof(*provider));

	read_map(reader, node, provider_fields, provider);
	if (provider->name != NULL && config_provider(config, provider->name) != provider)
		error_at(reader, node, "a second provider \"%s\"", provider->name);
	if (provider->domains.count == 0 && provider->hosts.count == 0 && provider->address_count == 0 &&
	    node->type == YAML_MAPPING_NODE)
		error_at(reader, node, "a provider needs domains, hosts or addresses");
}

static void read_providers(struct reader *reader, yaml_node_t *node, void *config)
{
	read_list(reader, node, read_provider, config);
}

static void read_source_prefix(struct reader *reader, yaml_node_t *node, void *context)
{
	struct source *source = context;

	read_prefix(reader, node, &source->prefix);
}

static void read_source_ports(struct reader *reader, yaml_node_t *node, void *context)
{
	struct source *source = context;
	const char *text = read_text(reader, node);
	char *end = NULL;

	if (text == NULL)
		return;
	unsigned long low = strtoul(text, &end, 10), high = low;
	if (end != text && *end == '-')
		high = strtoul(end + 1, &end, 10);
	if (end == text || *end != '\0' || !isdigit((unsigned char)text[0]) || low > high || high > 65535)
		error_at(reader, node, "ports: \"%s\": expected a range within 0 to 65535, such as 20000-29999", text);
	source->port_low = (uint16_t)low;
	source->port_high = (uint16_t)high;
}

static void read_source_vlan(struct reader *reader, yaml_node_t *node, void *context)
{
	struct source *source = context;
	const char *text = read_text(reader, node);
	uint64_t vlan;

	if (text == NULL)
		return;
	if (count_parse(text, &vlan) < 0 || vlan > 4094)
		error_at(reader, node, "vlan: \"%s\": expected 0 (untagged) to 4094", text);
	source->vlan = (uint16_t)vlan;
}

static const struct field source_fields[] = {
	{ "prefix", read_source_prefix, true },
	{ "ports", read_source_ports, false },
	{ "vlan", read_source_vlan, false },
	{ NULL, NULL, false },
};

static bool same_source(const struct source *a, const struct source *b)
{
	return a->prefix.plen == b->prefix.plen && a->vlan == b->vlan && a->port_low == b->port_low &&
	       a->port_high == b->port_high && memcmp(&a->prefix.address, &b->prefix.address, 16) == 0;
}

static const struct customer *source_taken(const struct config *config, const struct source *source)
{
	for (size_t i = 0; i < config->customer_count; i++)
		for (size_t j = 0; j < config->customers[i].source_count; j++)
			if (same_source(&config->customers[i].sources[j], source))
				return &config->customers[i];
	return NULL;
}

/* A customer being read; the array it stands in does not move meanwhile. */
struct customer_reading {
	struct config *config;
	struct customer *customer;
};

static void read_source(struct reader *reader, yaml_node_t *node, void *context)
{
	const struct customer_reading *reading = context;
	struct customer *customer = reading->customer;
	struct source source = { .port_high = UINT16_MAX, .vlan = WIRE_VLAN_ANY };
	size_t before = reader->error_count;

	if (node->type == YAML_MAPPING_NODE)
		read_map(reader, node, source_fields, &source);
	else
		read_prefix(reader, node, &source.prefix);
	if (reader->error_count != before)
		return;
	const struct customer *taken = source_taken(reading->config, &source);
	if (taken != NULL)
		error_at(reader, node, "this source is customer \"%s\"'s already",
			 taken->name != NULL ? taken->name : "?");
	else
		*(struct source *)grow(&customer->sources, &customer->source_count, sizeof(source)) = source;
}

static void read_at(struct reader *reader, yaml_node_t *key, yaml_node_t *value, void *context)
{
	const struct customer_reading *reading = context;
	struct at *at = grow(&reading->customer->at, &reading->customer->at_count, sizeof(*at));

	at->provider = strdup((const char *)key->data.scalar.value);
	read_limits(reader, value, &at->limits);
	if (config_provider(reading->config, at->provider) == NULL)
		error_at(reader, key, "no provider \"%s\" (providers stand before customers)", at->provider);
}

#define CUSTOMER_KEY(key, call)                                                                                        \
	static void read_customer_##key(struct reader *reader, yaml_node_t *node, void *context)                       \
	{                                                                                                              \
		struct customer_reading *reading = context;                                                            \
		call;                                                                                                  \
	}

CUSTOMER_KEY(name, free(reading->customer->name); reading->customer->name = read_name(reader, node))
CUSTOMER_KEY(sources, read_list(reader, node, read_source, reading))
CUSTOMER_KEY(limits, read_limits(reader, node, &reading->customer->limits))
CUSTOMER_KEY(at, read_pairs(reader, node, read_at, reading))

static void read_customer_weight(struct reader *reader, yaml_node_t *node, void *context)
{
	struct customer_reading *reading = context;
	const char *text = read_text(reader, node);

	if (text == NULL)
		return;
	if (count_parse(text, &reading->customer->weight) < 0 || reading->customer->weight == 0 ||
	    reading->customer->weight > WEIGHT_MOST)
		error_at(reader, node, "weight: \"%s\": expected a number from 1 to %d", text, WEIGHT_MOST);
}

static const struct field customer_fields[] = {
	{ "name", read_customer_name, true },	   { "sources", read_customer_sources, true },
	{ "weight", read_customer_weight, false }, { "limits", read_customer_limits, false },
	{ "at", read_customer_at, false },	   { NULL, NULL, false },
};

static void read_customer(struct reader *reader, yaml_node_t *node, void *context)
{
	struct config *config = context;
	struct customer *customer = grow(&config->customers, &config->customer_count, sizeof(*customer));
	struct customer_reading reading = { config, customer };

	customer->weight = 1;
	read_map(reader, node, customer_fields, &reading);
	if (customer->name != NULL && config_customer(config, customer->name) != customer)
		error_at(reader, node, "a second customer \"%s\"", customer->name);
}

static void read_customers(struct reader *reader, yaml_node_t *node, void *config)
{
	read_list(reader, node, read_customer, config);
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

static const struct field default_fields[] = {
	{ "gate", read_default_gate, false },
	{ "each-customer", read_default_each_customer, false },
	{ "each-source", read_default_each_source, false },
	{ "each-remote", read_default_each_remote, false },
	{ NULL, NULL, false },
};

static void read_defaults(struct reader *reader, yaml_node_t *node, void *config)
{
	read_map(reader, node, default_fields, config);
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
	{ "gate", read_gate, false },		{ "daemon", read_daemon, false },
	{ "smtp", read_smtp_section, false },	{ "providers", read_providers, false },
	{ "customers", read_customers, false }, { "defaults", read_defaults, false },
	{ "unknown", read_unknown, false },	{ NULL, NULL, false },
};

void read_config(struct reader *reader, yaml_node_t *root, struct config *config)
{
	read_map(reader, root, root_fields, config);
	if (config->settings.refresh_min > config->settings.refresh_max)
		error_at(reader, root, "daemon: refresh-min is above refresh-max");
}
