/* SPDX-License-Identifier: BSD-3-Clause */
#include "customers/customers.h"

#include <stdlib.h>
#include <string.h>

#include "customers/pool.h"
#include "customers/warm_up.h"

static void *must(void *memory)
{
	if (memory == NULL)
		abort(); /* a configuration that does not fit into memory */
	return memory;
}

static const char *name_of(const struct config *config, uint32_t place)
{
	const char *name = config->customers[place].name;

	return name != NULL ? name : ""; /* while it is read: one that is wrong has none */
}

static int by_name(const void *left, const void *right, void *config)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
	int order = strcmp(name_of(config, a), name_of(config, b));

	return order != 0 ? order : (a > b) - (a < b);
}

static int by_id(const void *left, const void *right, void *config)
{
	const struct customer *customers = ((const struct config *)config)->customers;
	uint32_t a = customers[*(const uint32_t *)left].id, b = customers[*(const uint32_t *)right].id;

	return (a > b) - (a < b);
}

static void order(struct config *config, uint32_t **places, int (*compare)(const void *, const void *, void *))
{
	*places = must(realloc(*places, (config->customer_count + 1) * sizeof(**places)));
	bool sorted = true;
	for (size_t i = 0; i < config->customer_count; i++) {
		(*places)[i] = (uint32_t)i;
		sorted = sorted && (i == 0 || compare(&(*places)[i - 1], &(*places)[i], config) <= 0);
	}
	if (sorted)
		return; /* as what was imported at once mostly is */
	qsort_r(*places, config->customer_count, sizeof(**places), compare, config);
}

void customers_order(struct config *config)
{
	order(config, &config->by_name, by_name);
	order(config, &config->by_id, by_id);
	pools_order(config);
}

void customers_order_finish(struct config *config)
{
	free(config->by_name);
	free(config->by_id);
	free(config->members);
}

size_t customers_behind(const struct config *config, const char *name)
{
	size_t low = 0, high = config->customer_count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		if (strcmp(name_of(config, config->by_name[middle]), name) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct customer *config_customer(const struct config *config, const char *name)
{
	size_t behind = customers_behind(config, name);
	const struct customer *found = behind > 0 ? &config->customers[config->by_name[behind - 1]] : NULL;

	return found != NULL && found->name != NULL && strcmp(found->name, name) == 0 ? found : NULL;
}

const struct customer *config_customer_of(const struct config *config, uint32_t id)
{
	size_t low = 0, high = config->customer_count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		const struct customer *customer = &config->customers[config->by_id[middle]];
		if (customer->id == id)
			return customer;
		if (customer->id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

void customers_same_name(const struct config *config,
			 void (*each)(void *context, const struct customer *first, const struct customer *second),
			 void *context)
{
	for (size_t i = 1; i < config->customer_count; i++) {
		const struct customer *first = &config->customers[config->by_name[i - 1]],
				      *second = &config->customers[config->by_name[i]];
		if (first->name != NULL && second->name != NULL && strcmp(first->name, second->name) == 0)
			each(context, first, second);
	}
}

/* The wider range first, then as they stand; customers and their sources stand in arrays. */
static int by_range(const void *left, const void *right)
{
	const struct owned *a = left, *b = right;
	const struct source *x = a->source, *y = b->source;
	int order = memcmp(&x->prefix.address, &y->prefix.address, sizeof(x->prefix.address));

	if (order == 0)
		order = (int)x->prefix.plen - (int)y->prefix.plen;
	if (order == 0)
		order = (int)x->vlan - (int)y->vlan;
	if (order == 0)
		order = (int)x->port_low - (int)y->port_low;
	if (order == 0)
		order = (int)y->port_high - (int)x->port_high;
	if (order == 0)
		order = (a->customer > b->customer) - (a->customer < b->customer);
	return order != 0 ? order : (x > y) - (x < y);
}

static struct owned *sort_sources(const struct config *config, size_t *ret_count)
{
	size_t count = 0, used = 0;

	for (size_t i = 0; i < config->customer_count; i++)
		count += config->customers[i].source_count;
	struct owned *owned = must(calloc(count + 1, sizeof(*owned)));
	for (size_t i = 0; i < config->customer_count; i++)
		for (size_t j = 0; j < config->customers[i].source_count; j++)
			owned[used++] = (struct owned){ &config->customers[i], &config->customers[i].sources[j] };
	qsort(owned, count, sizeof(*owned), by_range);
	*ret_count = count;
	return owned;
}

static bool same_ground(const struct source *a, const struct source *b)
{
	return a->vlan == b->vlan && prefix_equal(&a->prefix, &b->prefix);
}

static bool stands_behind(const struct owned *a, const struct owned *b)
{
	return a->customer != b->customer ? a->customer > b->customer : a->source > b->source;
}

/* What a range lies within, the innermost last. */
struct nest {
	const struct owned **range;
	size_t depth;
};

/* Those around it that have ended before it begins are left; what remains must have room for all of it. */
static const struct owned *enter(struct nest *nest, const struct owned *owned)
{
	while (nest->depth > 0) {
		const struct source *around = nest->range[nest->depth - 1]->source;
		if (same_ground(around, owned->source) && around->port_high >= owned->source->port_low)
			break;
		nest->depth--;
	}
	const struct owned *around = nest->depth > 0 ? nest->range[nest->depth - 1] : NULL;
	if (around != NULL && (around->source->port_high < owned->source->port_high ||
			       (around->source->port_low == owned->source->port_low &&
				around->source->port_high == owned->source->port_high)))
		return around;
	nest->range[nest->depth++] = owned;
	return NULL;
}

void customers_same_source(const struct config *config,
			   void (*each)(void *context, const struct owned *first, const struct owned *second),
			   void *context)
{
	size_t count;
	struct owned *owned = sort_sources(config, &count);
	struct nest nest = { must(calloc(count + 1, sizeof(struct owned *))), 0 };

	for (size_t i = 0; i < count; i++) {
		const struct owned *other = enter(&nest, &owned[i]);
		if (other != NULL && stands_behind(other, &owned[i]))
			each(context, &owned[i], other);
		else if (other != NULL)
			each(context, other, &owned[i]);
	}
	free(nest.range);
	free(owned);
}

struct tier_place customer_place(const struct customer *customer)
{
	const struct standing *standing = customer->standing;

	if (standing != NULL && (standing->by_hand || customer->tier == TIER_NEW))
		return (struct tier_place){ (enum tier)standing->tier, standing->step };
	return (struct tier_place){ (enum tier)customer->tier, 0 };
}

void customer_finish(struct customer *customer)
{
	free(customer->name);
	free(customer->sources);
	for (size_t i = 0; i < customer->at_count; i++)
		free(customer->at[i].provider);
	free(customer->at);
	for (size_t i = 0; i < customer->members.count; i++)
		free(customer->members.text[i]);
	free(customer->members.text);
	free(customer->standing);
}
