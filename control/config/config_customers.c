/* SPDX-License-Identifier: BSD-3-Clause */
/* Customers: whose mail is whose, and what is limited for each. */
#include <stdlib.h>
#include <string.h>

#include "config/config_read.h"
#include "customers/customer_text.h"
#include "customers/customers.h"
#include "customers/pool.h"
#include "units.h"

static void read_source_prefix(struct reader *reader, yaml_node_t *node, void *context)
{
	struct source *source = context;

	read_prefix(reader, node, &source->prefix);
}

static void read_source_ports(struct reader *reader, yaml_node_t *node, void *context)
{
	struct source *source = context;
	const char *text = read_text(reader, node);

	if (text != NULL && !ports_parse(text, &source->port_low, &source->port_high))
		error_at(reader, node, "ports: \"%s\": expected " PORTS_EXPECTED, text);
}

static void read_source_vlan(struct reader *reader, yaml_node_t *node, void *context)
{
	struct source *source = context;
	const char *text = read_text(reader, node);
	uint64_t vlan;

	if (text == NULL)
		return;
	if (count_parse(text, &vlan) < 0 || vlan > 4094)
		error_at(reader, node, "vlan: \"%s\": expected " VLAN_EXPECTED, text);
	source->vlan = (uint16_t)vlan;
}

static void read_source_stream(struct reader *reader, yaml_node_t *node, void *context)
{
	struct source *source = context;
	const char *text = read_text(reader, node);

	for (int stream = 0; text != NULL && stream < STREAMS; stream++) {
		if (strcmp(text, stream_name[stream]) != 0)
			continue;
		source->stream = (enum stream)stream;
		return;
	}
	if (text != NULL)
		error_at(reader, node, "stream: \"%s\": expected bulk or transactional", text);
}

static const struct field source_fields[] = {
	{ "prefix", read_source_prefix, true },
	{ "ports", read_source_ports, false },
	{ "vlan", read_source_vlan, false },
	{ "stream", read_source_stream, false },
	{ NULL, NULL, false },
};

/* A customer being read; the array it stands in does not move meanwhile. */
struct customer_reading {
	struct config *config;
	struct customer *customer;
};

static void read_source(struct reader *reader, yaml_node_t *node, void *context)
{
	const struct customer_reading *reading = context;
	struct customer *customer = reading->customer;
	struct source source = { .port_high = UINT16_MAX,
				 .vlan = WIRE_VLAN_ANY,
				 .line = (uint32_t)node->start_mark.line,
				 .column = (uint32_t)node->start_mark.column };
	size_t before = reader->error_count;

	if (node->type == YAML_MAPPING_NODE)
		read_map(reader, node, source_fields, &source);
	else
		read_prefix(reader, node, &source.prefix);
	if (reader->error_count != before)
		return;
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
	const char *expected = weight_parse(text, &reading->customer->weight);
	if (expected != NULL)
		error_at(reader, node, "weight: \"%s\": expected %s", text, expected);
}

static void read_member(struct reader *reader, yaml_node_t *node, void *context)
{
	struct strings *members = context;
	char *name = read_name(reader, node);

	if (name != NULL)
		*(char **)grow(&members->text, &members->count, sizeof(char *)) = name;
}

CUSTOMER_KEY(members, read_list(reader, node, read_member, &reading->customer->members))

static void read_customer_tier(struct reader *reader, yaml_node_t *node, void *context)
{
	struct customer_reading *reading = context;
	const char *text = read_text(reader, node);

	if (text == NULL)
		return;
	reading->customer->tier = (uint8_t)tier_find(text);
	if (reading->customer->tier == TIERS)
		error_at(reader, node, "tier: \"%s\": expected " TIER_EXPECTED, text);
}

static const struct field customer_fields[] = {
	{ "name", read_customer_name, true },	     { "sources", read_customer_sources, true },
	{ "weight", read_customer_weight, false },   { "limits", read_customer_limits, false },
	{ "at", read_customer_at, false },	     { "tier", read_customer_tier, false },
	{ "members", read_customer_members, false }, { NULL, NULL, false },
};

static void read_customer(struct reader *reader, yaml_node_t *node, void *context)
{
	struct config *config = context;
	struct customer *customer = grow(&config->customers, &config->customer_count, sizeof(*customer));
	struct customer_reading reading = { config, customer };

	customer->weight = 1;
	read_map(reader, node, customer_fields, &reading);
}

static void say_same_source(void *context, const struct owned *first, const struct owned *second)
{
	struct reader *reader = context;
	const struct source *a = first->source, *b = second->source;
	const char *name = first->customer->name != NULL ? first->customer->name : "?";

	if (a->port_low == b->port_low && a->port_high == b->port_high)
		error_in(reader, b->line, b->column, "this source is customer \"%s\"'s already", name);
	else
		error_in(reader, b->line, b->column,
			 "ports %u-%u overlap with customer \"%s\"'s %u-%u on the same prefix", b->port_low,
			 b->port_high, name, a->port_low, a->port_high);
}

/* A list of customers that was read: one item, one customer. */
struct list_read {
	struct reader *reader;
	const yaml_node_t *node;
	const struct config *config;
};

static void say_same_name(void *context, const struct customer *first, const struct customer *second)
{
	const struct list_read *list = context;
	const yaml_node_item_t *items = list->node->data.sequence.items.start;

	(void)first;
	error_at(list->reader, yaml_document_get_node(&list->reader->document, items[second - list->config->customers]),
		 "a second customer \"%s\"", second->name);
}

static void say_same_member(void *context, const char *member, const struct customer *first,
			    const struct customer *second)
{
	const struct list_read *list = context;
	const yaml_node_item_t *items = list->node->data.sequence.items.start;
	const yaml_node_t *node =
		yaml_document_get_node(&list->reader->document, items[second - list->config->customers]);
	const char *name = second->name != NULL ? second->name : "?";

	if (first->name != NULL && strcmp(first->name, member) == 0)
		error_at(list->reader, node, "member \"%s\" of pool \"%s\" is a customer of its own", member, name);
	else
		error_at(list->reader, node, "member \"%s\" of pool \"%s\" is pool \"%s\"'s already", member, name,
			 first->name != NULL ? first->name : "?");
}

void read_customers(struct reader *reader, yaml_node_t *node, void *config)
{
	const struct list_read list = { reader, node, config };

	read_list(reader, node, read_customer, config);
	customers_order(config);
	customers_same_name(config, say_same_name, (void *)&list);
	customers_same_source(config, say_same_source, reader);
	pools_same_member(config, say_same_member, (void *)&list);
}
