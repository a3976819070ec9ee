/* SPDX-License-Identifier: BSD-3-Clause */
/* Customers: whose mail is whose, and what is limited for each. */
#include <stdlib.h>
#include <string.h>

#include "config_read.h"
#include "units.h"

static void read_source_prefix(struct reader *reader, yaml_node_t *node, void *context)
{
	struct source *source = context;

	read_prefix(reader, node, &source->prefix);
}

/* Digits alone, and all of them; moves on past them. */
static bool take_port(const char **text, uint16_t *ret_port)
{
	size_t digits = strspn(*text, "0123456789");
	unsigned long port = strtoul(*text, NULL, 10);

	if (digits == 0 || digits > 5 || port > UINT16_MAX)
		return false;
	*text += digits;
	*ret_port = (uint16_t)port;
	return true;
}

static void read_source_ports(struct reader *reader, yaml_node_t *node, void *context)
{
	struct source *source = context;
	const char *text = read_text(reader, node), *at = text;

	if (text == NULL)
		return;
	bool good = take_port(&at, &source->port_low);
	source->port_high = source->port_low;
	if (good && *at == '-') {
		at++;
		good = take_port(&at, &source->port_high);
	}
	if (!good || *at != '\0' || source->port_low > source->port_high)
		error_at(reader, node, "ports: \"%s\": expected a range within 0 to 65535, such as 20000-29999", text);
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

/* Of two ranges the narrower one is tried first: so one may lie within the other, but neither may reach out of the
 * other at one end only, where it would be chance. */
static bool cross(const struct source *a, const struct source *b)
{
	bool apart = a->port_high < b->port_low || b->port_high < a->port_low;
	bool a_within = a->port_low >= b->port_low && a->port_high <= b->port_high;
	bool b_within = b->port_low >= a->port_low && b->port_high <= a->port_high;

	return !apart && a_within == b_within; /* both: they are equal */
}

static const struct customer *source_taken(const struct config *config, const struct source *source,
					   const struct source **ret_taken)
{
	for (size_t i = 0; i < config->customer_count; i++)
		for (size_t j = 0; j < config->customers[i].source_count; j++) {
			const struct source *other = &config->customers[i].sources[j];
			if (!prefix_equal(&other->prefix, &source->prefix) || other->vlan != source->vlan ||
			    !cross(other, source))
				continue;
			*ret_taken = other;
			return &config->customers[i];
		}
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
	const struct source *other;
	const struct customer *taken = source_taken(reading->config, &source, &other);
	if (taken == NULL)
		*(struct source *)grow(&customer->sources, &customer->source_count, sizeof(source)) = source;
	else if (other->port_low == source.port_low && other->port_high == source.port_high)
		error_at(reader, node, "this source is customer \"%s\"'s already",
			 taken->name != NULL ? taken->name : "?");
	else
		error_at(reader, node, "ports %u-%u overlap with customer \"%s\"'s %u-%u on the same prefix",
			 source.port_low, source.port_high, taken->name != NULL ? taken->name : "?", other->port_low,
			 other->port_high);
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

static void read_sources(struct reader *reader, yaml_node_t *node, struct customer_reading *reading)
{
	read_list(reader, node, read_source, reading);
	if (node->type == YAML_SEQUENCE_NODE && node->data.sequence.items.start == node->data.sequence.items.top)
		error_at(reader, node, "sources: at least one is needed");
}

#define CUSTOMER_KEY(key, call)                                                                                        \
	static void read_customer_##key(struct reader *reader, yaml_node_t *node, void *context)                       \
	{                                                                                                              \
		struct customer_reading *reading = context;                                                            \
		call;                                                                                                  \
	}

CUSTOMER_KEY(name, free(reading->customer->name); reading->customer->name = read_name(reader, node))
CUSTOMER_KEY(sources, read_sources(reader, node, reading))
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
		error_at(reader, node, "weight: \"%s\": expected a number from 1 to %u", text, WEIGHT_MOST);
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

void read_customers(struct reader *reader, yaml_node_t *node, void *config)
{
	read_list(reader, node, read_customer, config);
}
