/* SPDX-License-Identifier: BSD-3-Clause */
#include "customers/imported.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clocks.h"
#include "customers/customers.h"
#include "customers/pool.h"
#include "ledger/journal.h"
#include "log.h"

static void *must(void *memory)
{
	if (memory == NULL)
		abort(); /* a configuration that does not fit into memory */
	return memory;
}

struct loading {
	struct config *config;
	size_t room;
};

static bool is_written(const struct config *config, const char *name)
{
	const struct customer *customer = config_customer(config, name);

	return customer != NULL && (size_t)(customer - config->customers) < config->written_count;
}

static void load_one(void *context, struct customer *customer)
{
	struct loading *loading = context;
	struct config *config = loading->config;

	/* The order is still that of the written ones alone. */
	const size_t all = config->customer_count;
	config->customer_count = config->written_count;
	bool written = is_written(config, customer->name);
	config->customer_count = all;
	if (written) {
		log_warning("customer %s is imported, and in the configuration: it is as the configuration has it",
			    customer->name);
		customer_finish(customer);
		return;
	}
	if (all == loading->room) {
		loading->room = all * 2 + 64;
		config->customers = must(realloc(config->customers, loading->room * sizeof(*customer)));
	}
	config->customers[config->customer_count++] = *customer;
}

static void warn_same_member(void *context, const char *member, const struct customer *first,
			     const struct customer *second)
{
	(void)context;
	if (strcmp(first->name, member) == 0)
		log_warning("%s is a customer, and a member of pool %s: orders on it are on the customer", member,
			    second->name);
	else
		log_warning("%s is a member of pool %s and of pool %s: orders on it are on %s", member, first->name,
			    second->name, first->name);
}

static void warn_same_source(void *context, const struct owned *first, const struct owned *second)
{
	(void)context;
	log_warning("customers %s and %s have a source in common: it is %s's", first->customer->name,
		    second->customer->name, first->customer->name);
}

int imported_load(struct daemon *daemon, struct config *config)
{
	struct loading loading = { config, config->customer_count + journal_customer_count(daemon->journal) };

	if (loading.room > 0)
		config->customers = must(realloc(config->customers, loading.room * sizeof(*config->customers)));
	int ret = journal_customers(daemon->journal, load_one, &loading);

	if (ret < 0)
		return ret;
	customers_order(config);
	if (config->written_count > 0 && config->customer_count > config->written_count)
		customers_same_source(config, warn_same_source, NULL);
	pools_same_member(config, warn_same_member, NULL);
	return 0;
}

/* The list that is to be: the written ones, and then imported ones. The customers in it are not its own. */
static struct config make_next(const struct config *config, size_t more)
{
	struct config next = *config;

	next.by_name = next.by_id = NULL;
	next.members = NULL;
	next.customer_count = config->written_count;
	next.customers = must(calloc(config->customer_count + more + 1, sizeof(*next.customers)));
	if (config->written_count > 0)
		memcpy(next.customers, config->customers, config->written_count * sizeof(*next.customers));
	return next;
}

static void drop_next(struct config *next)
{
	free(next->customers);
	customers_order_finish(next);
}

/* From here on it is the daemon's. */
static uint64_t use_next(struct daemon *daemon, struct config *next)
{
	struct config *config = daemon->config;

	policy_finish(&daemon->policy);
	free(config->customers);
	customers_order_finish(config);
	*config = *next;
	policy_init(&daemon->policy, config, &daemon->ledger, resolver_sets(daemon->resolver));
	return link_want_all(daemon->link);
}

static size_t line_of(const struct customer *customer)
{
	return customer->source_count > 0 ? customer->sources[0].line : 0;
}

/* What is checked: the import's customers stand from `first` on. */
struct checking {
	struct import *import;
	const struct config *next;
	size_t first;
};

static bool is_new(const struct checking *checking, const struct customer *customer)
{
	return (size_t)(customer - checking->next->customers) >= checking->first;
}

static void same_name(void *context, const struct customer *first, const struct customer *second)
{
	const struct checking *checking = context;

	if ((size_t)(first - checking->next->customers) < checking->next->written_count)
		import_wrong(checking->import, line_of(second),
			     "customer \"%s\" is in the configuration: change it there", second->name);
	else
		import_wrong(checking->import, line_of(second), "a second customer \"%s\", after line %zu",
			     second->name, line_of(first) + 1);
}

static void same_source(void *context, const struct owned *first, const struct owned *second)
{
	const struct checking *checking = context;

	if (is_new(checking, second->customer))
		import_wrong(checking->import, second->source->line,
			     "a source of customer \"%s\" is customer \"%s\"'s already, or its ports overlap",
			     second->customer->name, first->customer->name);
}

/* Of whom the file says no tier stays in the one it had; who is new comes to that of the settings. */
static void set_tiers(const struct config *config, struct import *import)
{
	for (size_t i = 0; i < import->count; i++) {
		struct customer *customer = &import->customer[i];
		const struct customer *before =
			customer->tier == TIERS ? config_customer(config, customer->name) : NULL;
		if (before != NULL)
			customer->tier = before->tier;
		else if (customer->tier == TIERS)
			customer->tier = (uint8_t)config->settings.import_tier;
	}
}

static void check_providers(const struct config *config, struct import *import)
{
	for (size_t i = 0; i < import->count; i++)
		for (size_t j = 0; j < import->customer[i].at_count; j++) {
			const char *name = import->customer[i].at[j].provider;
			if (config_provider(config, name) == NULL)
				import_wrong(import, line_of(&import->customer[i]), "no provider \"%s\"", name);
		}
}

static void same_member(void *context, const char *member, const struct customer *first, const struct customer *second)
{
	const struct checking *checking = context;
	const struct customer *wrong = is_new(checking, second) ? second : first;

	if (!is_new(checking, wrong))
		return; /* of the configuration: said when it was read */
	if (strcmp(first->name, member) == 0)
		import_wrong(checking->import, line_of(wrong), "\"%s\" is a customer, and a member of pool \"%s\"",
			     member, second->name);
	else
		import_wrong(checking->import, line_of(wrong), "\"%s\" is a member of pool \"%s\" and of pool \"%s\"",
			     member, first->name, second->name);
}

/* Those that stay imported as they are, and then the new ones. */
static void fill_next(const struct config *config, const struct import *import, struct config *next, size_t *ret_first)
{
	struct config fresh = { .customers = import->customer, .customer_count = import->count };

	customers_order(&fresh);
	for (size_t i = config->written_count; i < config->customer_count; i++)
		if (config_customer(&fresh, config->customers[i].name) == NULL)
			next->customers[next->customer_count++] = config->customers[i];
	*ret_first = next->customer_count;
	memcpy(next->customers + next->customer_count, import->customer, import->count * sizeof(*import->customer));
	next->customer_count += import->count;
	customers_order_finish(&fresh);
	customers_order(next);
}

static int store(struct daemon *daemon, struct config *next, size_t first, const char *author)
{
	struct event event = { .at_ms = wall_ms(), .what = "import" };
	bool own;
	int ret = journal_begin(daemon->journal, &own);

	if (ret < 0)
		return ret;
	for (size_t i = first; ret == 0 && i < next->customer_count; i++) {
		struct customer *customer = &next->customers[i];
		customer->id = journal_id(daemon->journal, NAME_CUSTOMER, customer->name);
		ret = customer->id != 0 ? journal_put_customer(daemon->journal, customer) : -EIO;
	}
	snprintf(event.author, sizeof(event.author), "%s", author);
	snprintf(event.text, sizeof(event.text), "%zu customers", next->customer_count - first);
	if (ret == 0)
		ret = journal_note(daemon->journal, &event);
	return journal_settle(daemon->journal, own, ret);
}

/* The ones that the import replaces have no place in the next list; where they stood goes on to who comes. */
static void free_replaced(struct daemon *daemon, const struct config *next, size_t first)
{
	const struct config *config = daemon->config;
	const struct config fresh = { .customers = next->customers + first,
				      .customer_count = next->customer_count - first };
	struct config ordered = fresh;

	customers_order(&ordered);
	for (size_t i = config->written_count; i < config->customer_count; i++) {
		struct customer *old = &config->customers[i],
				*new = (struct customer *)config_customer(&ordered, old->name);
		if (new == NULL)
			continue;
		if (new->tier == TIER_NEW && old->tier != TIER_NEW)
			daemon->standings.met = false; /* what it sent before is not to count */
		new->standing = old->standing;
		old->standing = NULL;
		customer_finish(old);
	}
	customers_order_finish(&ordered);
}

int imported_take(struct daemon *daemon, struct import *import, const char *author, uint64_t *ret_generation)
{
	struct config next = make_next(daemon->config, import->count);
	struct checking checking = { .import = import, .next = &next };

	set_tiers(daemon->config, import);
	check_providers(daemon->config, import);
	fill_next(daemon->config, import, &next, &checking.first);
	customers_same_name(&next, same_name, &checking);
	customers_same_source(&next, same_source, &checking);
	pools_same_member(&next, same_member, &checking);
	int ret = import->error_count > 0 ? -EINVAL : store(daemon, &next, checking.first, author);
	if (ret < 0) {
		drop_next(&next);
		return ret;
	}
	journal_tidy(daemon->journal, true);
	customers_order(&next); /* by the new ids, too */
	free_replaced(daemon, &next, checking.first);
	standings_load_from(daemon, &next, checking.first);
	import->count = 0; /* they are the configuration's now */
	*ret_generation = use_next(daemon, &next);
	return 0;
}

int imported_remove(struct daemon *daemon, const char *name, const char *author, uint64_t *ret_generation)
{
	const struct customer *found = config_customer(daemon->config, name);
	struct event event = { .at_ms = wall_ms(), .what = "remove" };
	bool own;

	if (found == NULL || is_written(daemon->config, name))
		return -ENOENT;
	int ret = journal_begin(daemon->journal, &own);
	if (ret < 0)
		return ret;
	snprintf(event.author, sizeof(event.author), "%s", author);
	snprintf(event.text, sizeof(event.text), "customer:%s", name);
	ret = journal_remove_customer(daemon->journal, name);
	if (ret == 0)
		ret = journal_note(daemon->journal, &event);
	ret = journal_settle(daemon->journal, own, ret);
	if (ret < 0)
		return ret;
	struct config next = make_next(daemon->config, 0);
	for (size_t i = daemon->config->written_count; i < daemon->config->customer_count; i++)
		if (&daemon->config->customers[i] != found)
			next.customers[next.customer_count++] = daemon->config->customers[i];
	customers_order(&next);
	standings_flush(daemon);
	daemon->standings.of[customer_place(found).tier]--;
	customer_finish(&daemon->config->customers[found - daemon->config->customers]);
	*ret_generation = use_next(daemon, &next);
	return 0;
}
