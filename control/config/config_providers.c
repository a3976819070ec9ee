/* SPDX-License-Identifier: BSD-3-Clause */
/* Providers: which addresses share limits. */
#include <stdlib.h>
#include <string.h>

#include "config/config_read.h"
#include "dns/mx.h"

static const struct provider *prefix_taken(const struct config *config, const struct prefix *prefix)
{
	for (size_t i = 0; i < config->provider_count; i++)
		for (size_t j = 0; j < config->providers[i].address_count; j++)
			if (prefix_equal(&config->providers[i].addresses[j], prefix))
				return &config->providers[i];
	return NULL;
}

/* A provider being read; the array it stands in does not move meanwhile. */
struct provider_reading {
	struct config *config;
	struct provider *provider;
};

static void read_address(struct reader *reader, yaml_node_t *node, void *context)
{
	const struct provider_reading *reading = context;
	struct provider *provider = reading->provider;
	struct prefix prefix;

	if (!read_prefix(reader, node, &prefix))
		return;
	const struct provider *taken = prefix_taken(reading->config, &prefix);
	if (taken != NULL && taken != provider)
		error_at(reader, node, "\"%s\" is provider \"%s\"'s already", (const char *)node->data.scalar.value,
			 taken->name != NULL ? taken->name : "?");
	else
		*(struct prefix *)grow(&provider->addresses, &provider->address_count, sizeof(prefix)) = prefix;
}

/* A pattern that another one stands before would never fit anything. */
static const struct provider *pattern_taken(const struct config *config, const char *pattern, const char **ret_by)
{
	for (size_t i = 0; i < config->provider_count; i++)
		for (size_t j = 0; j < config->providers[i].mx.count; j++) {
			*ret_by = config->providers[i].mx.text[j];
			if (mx_covers(*ret_by, pattern))
				return &config->providers[i];
		}
	return NULL;
}

static void read_pattern(struct reader *reader, yaml_node_t *node, void *context)
{
	const struct provider_reading *reading = context;
	struct strings *mx = &reading->provider->mx;
	const char *text = read_text(reader, node), *by;

	if (text == NULL)
		return;
	if (!mx_is_pattern(text)) {
		error_at(reader, node, "mx: \"%s\": expected a host's name, * for any characters, no dot at the end",
			 text);
		return;
	}
	const struct provider *taken = pattern_taken(reading->config, text, &by);
	if (taken != NULL)
		error_at(reader, node, "mx: \"%s\" never fits: \"%s\" of provider \"%s\" stands before it", text, by,
			 taken->name != NULL ? taken->name : "?");
	else
		*(char **)grow(&mx->text, &mx->count, sizeof(char *)) = strdup(text);
}

/* One function a key of a provider; `field` is where it goes. */
#define PROVIDER_KEY(key, call)                                                                                        \
	static void read_provider_##key(struct reader *reader, yaml_node_t *node, void *context)                       \
	{                                                                                                              \
		const struct provider_reading *reading = context;                                                      \
		struct provider *provider = reading->provider;                                                         \
		call;                                                                                                  \
	}

PROVIDER_KEY(name, free(provider->name); provider->name = read_name(reader, node))
PROVIDER_KEY(domains, read_list(reader, node, read_string, &provider->domains))
PROVIDER_KEY(hosts, read_list(reader, node, read_string, &provider->hosts))
PROVIDER_KEY(limits, read_limits(reader, node, &provider->limits))
PROVIDER_KEY(each_customer, read_limits(reader, node, &provider->each_customer))
PROVIDER_KEY(each_source, read_limits(reader, node, &provider->each_source))
PROVIDER_KEY(each_remote, read_limits(reader, node, &provider->each_remote))

static void read_provider_mx(struct reader *reader, yaml_node_t *node, void *context)
{
	read_list(reader, node, read_pattern, context);
}

static void read_provider_addresses(struct reader *reader, yaml_node_t *node, void *context)
{
	read_list(reader, node, read_address, context);
}

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

	struct provider_reading reading = { config, provider };

	read_map(reader, node, provider_fields, &reading);
	if (provider->name != NULL && config_provider(config, provider->name) != provider)
		error_at(reader, node, "a second provider \"%s\"", provider->name);
	if (provider->domains.count + provider->mx.count + provider->hosts.count + provider->address_count == 0 &&
	    node->type == YAML_MAPPING_NODE)
		error_at(reader, node, "a provider needs domains, mx, hosts or addresses");
}

void read_providers(struct reader *reader, yaml_node_t *node, void *config)
{
	read_list(reader, node, read_provider, config);
}

void read_domains(struct reader *reader, yaml_node_t *node, void *config)
{
	read_list(reader, node, read_string, &((struct config *)config)->domains);
}
