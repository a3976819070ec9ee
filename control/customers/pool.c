/* SPDX-License-Identifier: BSD-3-Clause */
#include "customers/pool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "customers/customer_text.h"

static int by_name(const void *left, const void *right)
{
	const struct member *a = left, *b = right;
	int order = strcmp(a->name, b->name);

	return order != 0 ? order : (a->pool > b->pool) - (a->pool < b->pool);
}

void pools_order(struct config *config)
{
	size_t count = 0, used = 0;

	for (size_t i = 0; i < config->customer_count; i++)
		count += config->customers[i].members.count;
	free(config->members);
	config->members = count > 0 ? malloc(count * sizeof(*config->members)) : NULL;
	if (count > 0 && config->members == NULL)
		abort(); /* a configuration that does not fit into memory */
	for (size_t i = 0; count > 0 && i < config->customer_count; i++)
		for (size_t j = 0; j < config->customers[i].members.count; j++)
			config->members[used++] = (struct member){ config->customers[i].members.text[j], (uint32_t)i };
	config->member_count = used;
	if (used > 0)
		qsort(config->members, used, sizeof(*config->members), by_name);
}

const struct customer *pool_of(const struct config *config, const char *member)
{
	size_t low = 0, high = config->member_count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		if (strcmp(config->members[middle].name, member) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < config->member_count && strcmp(config->members[low].name, member) == 0
		       ? &config->customers[config->members[low].pool]
		       : NULL;
}

const struct customer *pool_in_scope(const struct config *config, char *scope, size_t size, char *ret_member)
{
	static const char form[] = "customer:";
	const char *name = scope + sizeof(form) - 1;

	if (strncmp(scope, form, sizeof(form) - 1) != 0 || strcspn(name, "/") > CUSTOMER_NAME_MOST)
		return NULL;
	snprintf(ret_member, CUSTOMER_NAME_MOST + 1, "%.*s", (int)strcspn(name, "/"), name);
	const struct customer *pool = config_customer(config, ret_member) == NULL ? pool_of(config, ret_member) : NULL;
	char *rest = pool != NULL ? strdup(name + strcspn(name, "/")) : NULL;
	if (rest == NULL || strlen(form) + strlen(pool->name) + strlen(rest) >= size) {
		free(rest);
		return NULL;
	}
	sprintf(scope, "%s%s%s", form, pool->name, rest);
	free(rest);
	return pool;
}

char *pool_text(const struct customer *customer, char *out, size_t size)
{
	const struct strings *members = &customer->members;
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < members->count; i++) {
		if (used + strlen(members->text[i]) + sizeof(", and 4294967295 more") > size) {
			snprintf(out + used, size - used, " and %zu more", members->count - i);
			break;
		}
		used += (size_t)sprintf(out + used, "%s%s", i > 0 ? ", " : "", members->text[i]);
	}
	return out;
}

void pools_same_member(const struct config *config,
		       void (*each)(void *context, const char *member, const struct customer *first,
				    const struct customer *second),
		       void *context)
{
	for (size_t i = 0; i < config->member_count; i++) {
		const struct member *member = &config->members[i];
		const struct customer *customer = config_customer(config, member->name),
				      *pool = &config->customers[member->pool];
		if (customer != NULL)
			each(context, member->name, customer, pool);
		if (i > 0 && strcmp(member[-1].name, member->name) == 0)
			each(context, member->name, &config->customers[member[-1].pool], pool);
	}
}
