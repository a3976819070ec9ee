/* SPDX-License-Identifier: BSD-3-Clause */
/* The readers' half: see table.h. */
#include "table.h"

#include "ceiling.h"
#include "map.h"
#include "prefixes.h"
#include "table_parts.h"

const struct table *table_current(const struct rcu_view *view, const struct table_store *store)
{
	return rcu_get(view, &store->current);
}

uint32_t table_layout(const struct table *table)
{
	return table->layout;
}

uint64_t table_serial(const struct table *table)
{
	return table->serial;
}

const struct wire_PUT_SETTINGS *table_settings(const struct table *table)
{
	return &table->settings;
}

struct owner table_owner(const struct rcu_view *view, const struct table *table, const struct sender *sender)
{
	const struct prefix_rule *rule =
		prefixes_match(table->identities, &sender->address, sender->port, sender->vlan);

	(void)view;
	return rule != NULL ? (struct owner){ rule->id, rule->stream } : (struct owner){ ID_UNKNOWN, STREAM_BULK };
}

uint32_t table_customer(const struct rcu_view *view, const struct table *table, const struct sender *sender)
{
	return table_owner(view, table, sender).customer;
}

uint32_t table_provider(const struct rcu_view *view, const struct table *table, const struct address *remote)
{
	(void)view;
	return prefixes_find(table->destinations, remote, 0, 0);
}

const struct wire_PUT_SERVES *table_serves(const struct rcu_view *view, const struct table *table,
					   const struct address *remote)
{
	const struct scope_key key = { .scope = SCOPE_REMOTE, .address = *remote };

	(void)view;
	return table->serves->count > 0 ? map_find(table->serves, &key) : NULL;
}

void table_fetch(const struct rcu_view *view, const struct table *table, const struct address *source,
		 const struct address *remote, bool what)
{
	(void)view;
	prefixes_fetch(table->identities, source, what);
	prefixes_fetch(table->destinations, remote, what);
}

/* Which fields of its key a scope may leave open, and in which order they are tried: bit by bit. */
enum { OPEN_CUSTOMER = 1, OPEN_PROVIDER = 2, OPEN_ADDRESS = 4, END = 8, NO_PROVIDER = 16 };

#define TRIES 4

static const uint8_t tries[SCOPES][TRIES] = {
	[SCOPE_CUSTOMER_PROVIDER] = { 0, OPEN_CUSTOMER, OPEN_PROVIDER, OPEN_CUSTOMER | OPEN_PROVIDER },
	[SCOPE_SOURCE_PROVIDER] = { 0, OPEN_ADDRESS, OPEN_PROVIDER, OPEN_ADDRESS | OPEN_PROVIDER },
	[SCOPE_REMOTE] = { NO_PROVIDER, OPEN_ADDRESS, OPEN_ADDRESS | OPEN_PROVIDER, END },
	[SCOPE_CUSTOMER] = { 0, OPEN_CUSTOMER, END },
	[SCOPE_SOURCE] = { 0, OPEN_ADDRESS, END },
	[SCOPE_DOMAIN] = { 0, OPEN_ADDRESS, END },
	[SCOPE_PROVIDER] = { 0, OPEN_PROVIDER, END },
	[SCOPE_GATE] = { 0, END },
};

static struct scope_key open_key(const struct scope_key *key, uint8_t open)
{
	struct scope_key opened = *key;

	if (open & OPEN_CUSTOMER)
		opened.customer = ID_ANY;
	if (open & OPEN_PROVIDER)
		opened.provider = ID_ANY;
	if (open & OPEN_ADDRESS)
		opened.address = (struct address){ { 0 } };
	if (open & NO_PROVIDER)
		opened.provider = 0;
	return opened;
}

/* Adds the kinds that nothing more specific limited. */
static void merge(struct limits *limits, const struct limits *less_specific)
{
	for (int kind = 0; kind < LIMIT_KINDS; kind++)
		if (less_specific->has & ~limits->has & 1u << kind)
			limits->kind[kind] = less_specific->kind[kind];
	limits->has |= less_specific->has;
	if (limits->weight == 0)
		limits->weight = less_specific->weight;
	if (limits->tier == 0)
		limits->tier = less_specific->tier;
}

static struct scope_key tier_key(uint8_t tier)
{
	struct scope_key key = { .scope = SCOPE_CUSTOMER, .tier = tier, .customer = ID_ANY };

	return key;
}

/* For each of this scope. */
static struct scope_key ceiling_key(const struct scope_key *key)
{
	uint8_t open = 0;

	for (int i = 0; i < TRIES && tries[key->scope][i] != END; i++)
		open = tries[key->scope][i];
	struct scope_key opened = open_key(key, open);
	opened.ceiling = CEILING_BLIND;
	return opened;
}

static void merge_at(const struct table *table, const struct scope_key *key, struct limits *limits)
{
	const struct wire_PUT_LIMITS *found = map_find(table->limits, key);

	if (found != NULL)
		merge(limits, &found->limits);
}

/* The ceilings of a customer's tier stand before those of each, kind by kind. */
static void tighten(const struct table *table, const struct scope_key *key, struct limits *limits)
{
	const struct scope_key each = ceiling_key(key);
	struct scope_key tier = tier_key((uint8_t)limits->tier);
	struct limits ceiling = { 0 };

	tier.ceiling = CEILING_BLIND;
	if (limits->tier != 0)
		merge_at(table, &tier, &ceiling);
	merge_at(table, &each, &ceiling);
	ceiling_tighten(limits, &ceiling, table->blind);
}

/* The customer's own brake, or that of each. Who is unknown has no usual volume. */
static void brake(const struct table *table, const struct scope_key *key, struct limits *limits)
{
	struct scope_key own = *key;

	if (key->scope != SCOPE_CUSTOMER || key->customer == ID_UNKNOWN)
		return;
	own.ceiling = CEILING_BRAKE;
	const struct wire_PUT_LIMITS *found = map_find(table->limits, &own);
	own.customer = ID_ANY;
	if (found == NULL)
		found = map_find(table->limits, &own);
	if (found != NULL)
		ceiling_brake(limits, &found->limits);
}

void table_limits(const struct rcu_view *view, const struct table *table, const struct scope_key *key,
		  struct limits *ret_limits)
{
	(void)view;
	*ret_limits = (struct limits){ 0 };
	for (int i = 0; i < TRIES && tries[key->scope][i] != END; i++) {
		const struct scope_key opened = open_key(key, tries[key->scope][i]);
		merge_at(table, &opened, ret_limits);
		if (i > 0 || ret_limits->tier == 0)
			continue;
		const struct scope_key tier = tier_key((uint8_t)ret_limits->tier);
		merge_at(table, &tier, ret_limits);
	}
	brake(table, key, ret_limits);
	if (table->blind > 0)
		tighten(table, key, ret_limits);
}

bool table_verdicts_on(const struct table *table, enum scope scope)
{
	return table->verdicts->of_scope[scope] != 0;
}

const struct wire_PUT_VERDICT *table_verdict_on(const struct rcu_view *view, const struct table *table,
						const struct scope_key *key)
{
	(void)view;
	const struct scope_key plain = open_key(key, key->scope == SCOPE_REMOTE ? NO_PROVIDER : 0);
	return map_find(table->verdicts, &plain);
}

const struct wire_PUT_VERDICT *table_verdict(const struct rcu_view *view, const struct table *table,
					     const struct scopes *scopes)
{
	const struct wire_PUT_VERDICT *found = NULL;

	for (int scope = 0; found == NULL && scope < SCOPES; scope++)
		if (table_verdicts_on(table, scope))
			found = table_verdict_on(view, table, &scopes->key[scope]);
	return found;
}
