/* SPDX-License-Identifier: BSD-3-Clause */
#include "gate/policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "customers/customers.h"
#include "domain.h"
#include "ledger/precedence.h"

#define MS 1000000u
#define SECOND 1000000000u
#define HOUR_MS 3600000u

static void add_base(struct policy *policy, const struct scope_key *key, const struct limits *limits)
{
	if (limits->has == 0)
		return;
	if (policy->base_count == policy->base_room) {
		policy->base_room = policy->base_room * 2 + 64;
		policy->base = realloc(policy->base, policy->base_room * sizeof(*policy->base));
		if (policy->base == NULL)
			abort();
	}
	struct wire_PUT_LIMITS *record = &policy->base[policy->base_count++];
	memset(record, 0, sizeof(*record));
	record->key = *key;
	record->limits = *limits;
}

static void add(struct policy *policy, enum scope scope, uint32_t customer, uint32_t provider,
		const struct limits *limits)
{
	const struct scope_key key = scope_key_of(scope, customer, provider);

	add_base(policy, &key, limits);
}

/* For each of its scope. */
static void add_ceiling(struct policy *policy, enum scope scope, const struct limits *limits)
{
	bool customer = scope == SCOPE_CUSTOMER, provider = scope == SCOPE_PROVIDER || scope == SCOPE_REMOTE;
	struct scope_key key = scope_key_of(scope, customer ? ID_ANY : 0, provider ? ID_ANY : 0);

	key.ceiling = CEILING_BLIND;
	add_base(policy, &key, limits);
}

static void add_provider(struct policy *policy, const struct provider *provider)
{
	add(policy, SCOPE_PROVIDER, 0, provider->id, &provider->limits);
	add(policy, SCOPE_CUSTOMER_PROVIDER, ID_ANY, provider->id, &provider->each_customer);
	add(policy, SCOPE_SOURCE_PROVIDER, 0, provider->id, &provider->each_source);
	add(policy, SCOPE_REMOTE, 0, provider->id, &provider->each_remote);
}

/* An imported customer may have limits at a provider that is configured no more. */
static void add_customer(struct policy *policy, const struct customer *customer)
{
	for (size_t i = 0; i < customer->at_count; i++) {
		const struct provider *provider = config_provider(policy->config, customer->at[i].provider);
		if (provider != NULL)
			add(policy, SCOPE_CUSTOMER_PROVIDER, customer->id, provider->id, &customer->at[i].limits);
	}
}

/* For each customer there. */
static void add_tier(struct policy *policy, struct tier_place place)
{
	const struct tiers *tiers = &policy->config->tiers;
	struct scope_key key = scope_key_of(SCOPE_CUSTOMER, ID_ANY, 0);
	struct tier_limits limits;

	key.tier = (uint8_t)tier_number(tiers, place);
	if (key.tier == 0)
		return;
	tier_limits_at(tiers, place, &limits);
	add_base(policy, &key, &limits.limits);
	key.ceiling = CEILING_BLIND;
	add_base(policy, &key, &limits.ceiling);
}

static void add_tiers(struct policy *policy)
{
	for (int tier = 0; tier < TIERS; tier++)
		if (tier != TIER_NEW || policy->config->tiers.steps == 0)
			add_tier(policy, (struct tier_place){ (enum tier)tier, 0 });
	for (unsigned step = 0; step < policy->config->tiers.steps; step++)
		add_tier(policy, (struct tier_place){ TIER_NEW, step });
}

static void add_domain(struct policy *policy, const struct mail_domain *domain)
{
	const struct domain_key key = { policy->config->domain_point };
	const struct scope_key scope = domain_scope(domain_of(key, domain->name, strlen(domain->name)));

	add_base(policy, &scope, &domain->limits);
}

/* All keyed records begin with their key. */
static int by_key(const void *left, const void *right)
{
	return memcmp(left, right, sizeof(struct scope_key));
}

void policy_init(struct policy *policy, const struct config *config, const struct ledger *ledger,
		 const struct address_set *resolved)
{
	*policy = (struct policy){ .config = config, .ledger = ledger, .resolved = resolved, .brakes = policy->brakes };
	add(policy, SCOPE_GATE, 0, 0, &config->gate);
	add(policy, SCOPE_CUSTOMER, ID_ANY, 0, &config->each_customer);
	add(policy, SCOPE_SOURCE, 0, 0, &config->each_source);
	add(policy, SCOPE_REMOTE, 0, ID_ANY, &config->each_remote);
	add(policy, SCOPE_DOMAIN, 0, 0, &config->each_domain);
	for (size_t i = 0; i < config->mail_domain_count; i++)
		add_domain(policy, &config->mail_domains[i]);
	add(policy, SCOPE_CUSTOMER, ID_UNKNOWN, 0, &config->unknown_customer.limits);
	add(policy, SCOPE_PROVIDER, 0, ID_UNKNOWN, &config->unknown_provider.limits);
	for (int scope = 0; scope < SCOPES; scope++)
		add_ceiling(policy, (enum scope)scope, &config->ceiling[scope]);
	for (size_t i = 0; i < config->provider_count; i++)
		add_provider(policy, &config->providers[i]);
	add_tiers(policy);
	for (size_t i = 0; i < config->customer_count; i++)
		add_customer(policy, &config->customers[i]);
	if (policy->base_count > 0)
		qsort(policy->base, policy->base_count, sizeof(*policy->base), by_key);
}

void policy_finish(struct policy *policy)
{
	free(policy->base);
	policy->base = NULL;
	policy->base_count = policy->base_room = 0;
}

static uint32_t ms_of(uint64_t ns)
{
	return (uint32_t)(ns / MS);
}

static void put_settings(const struct policy *policy, policy_put *put, void *context)
{
	const struct settings *settings = &policy->config->settings;
	struct wire_PUT_SETTINGS record = {
		.refuse = (uint32_t)settings->refuse,
		.max_hold_ms = ms_of(settings->max_hold),
		.hold_budget_ms = { [PHASE_SYN] = ms_of(settings->max_hold),
				    [PHASE_BANNER] = ms_of(settings->hold_banner),
				    [PHASE_COMMAND] = ms_of(settings->hold_command),
				    [PHASE_TLS_START] = 0,
				    [PHASE_BODY] = ms_of(settings->hold_body) },
		.idle_timeout_s = (uint32_t)(settings->idle_timeout / SECOND),
		.stale_after_s = (uint32_t)(settings->stale_after / SECOND),
		.decay_s = (uint32_t)(settings->blind_decay / SECOND),
		.ports = policy->config->ports,
		.bulk_percent = (uint32_t)settings->bulk_minimum,
		.domain_point = policy->config->domain_point,
	};

	memcpy(record.port, policy->config->port, sizeof(record.port));
	put(context, WIRE_PUT_SETTINGS, &record);
}

static void put_identities(const struct customer *customer, policy_put *put, void *context)
{
	for (size_t i = 0; i < customer->source_count; i++) {
		const struct source *source = &customer->sources[i];
		const struct wire_PUT_IDENTITY record = { .address = source->prefix.address,
							  .plen = source->prefix.plen,
							  .port_low = source->port_low,
							  .port_high = source->port_high,
							  .vlan = source->vlan,
							  .stream = (uint8_t)source->stream,
							  .customer = customer->id };
		put(context, WIRE_PUT_IDENTITY, &record);
	}
}

/* Of two rules for the same packets the later one counts: what somebody wrote comes after what was imported. */
static void put_customers(const struct config *config, policy_put *put, void *context)
{
	for (size_t i = config->written_count; i < config->customer_count; i++)
		put_identities(&config->customers[i], put, context);
	for (size_t i = 0; i < config->written_count; i++)
		put_identities(&config->customers[i], put, context);
}

bool policy_denies(const struct policy *policy, const struct scope_key *key, const char **ret_reason)
{
	const struct config *config = policy->config;

	*ret_reason = key->scope == SCOPE_CUSTOMER ? "unknown source address" : "unknown destination";
	return (key->scope == SCOPE_CUSTOMER && key->customer == ID_UNKNOWN && config->unknown_customer.deny) ||
	       (key->scope == SCOPE_PROVIDER && key->provider == ID_UNKNOWN && config->unknown_provider.deny);
}

/* `decision` NULL: none, but perhaps the configuration's. */
static bool put_verdict(const struct policy *policy, const struct scope_key *key, const struct decision *decision,
			policy_put *put, void *context)
{
	struct wire_PUT_VERDICT record;
	const char *reason;

	if (decision == NULL && !policy_denies(policy, key, &reason))
		return false;
	memset(&record, 0, sizeof(record));
	record.key = *key;
	record.action = ACTION_QUARANTINE;
	record.refuse = (uint8_t)policy->config->settings.refuse;
	record.decision = decision != NULL ? decision->id : 0;
	snprintf(record.reason, sizeof(record.reason), "%s", decision != NULL ? decision->reason : reason);
	put(context, WIRE_PUT_VERDICT, &record);
	return true;
}

static bool put_limits(const struct scope_key *key, const struct limits *limits, policy_put *put, void *context)
{
	struct wire_PUT_LIMITS record;

	if (limits->has == 0 && limits->weight == 0 && limits->tier == 0)
		return false;
	memset(&record, 0, sizeof(record));
	record.key = *key;
	record.limits = *limits;
	put(context, WIRE_PUT_LIMITS, &record);
	return true;
}

/* A customer's own: not among the base, since it may come to another tier at any time. */
static struct limits customer_limits(const struct policy *policy, const struct customer *customer)
{
	struct limits limits = customer->limits;

	limits.weight = customer->weight > 1 ? (uint16_t)customer->weight : 0; /* 1 is what nothing said comes to */
	limits.tier = tier_number(&policy->config->tiers, customer_place(customer));
	return limits;
}

static struct limits base_limits(const struct policy *policy, const struct scope_key *key)
{
	const struct customer *customer = key->scope == SCOPE_CUSTOMER && key->customer != ID_ANY
						  ? config_customer_of(policy->config, key->customer)
						  : NULL;

	if (customer != NULL)
		return customer_limits(policy, customer);
	const struct wire_PUT_LIMITS *base =
		policy->base_count > 0 ? bsearch(key, policy->base, policy->base_count, sizeof(*policy->base), by_key)
				       : NULL;

	return base != NULL ? base->limits : (struct limits){ 0 };
}

void policy_tier_limits(const struct policy *policy, const struct scope_key *key, struct limits *ret_limits)
{
	const struct customer *customer =
		key->scope == SCOPE_CUSTOMER ? config_customer_of(policy->config, key->customer) : NULL;
	struct tier_limits limits = { 0 };

	if (customer != NULL)
		tier_limits_at(&policy->config->tiers, customer_place(customer), &limits);
	*ret_limits = limits.limits;
}

/* So much more in all: at once, and, for a gate that starts anew with nothing left, over the time it is for. What it is
 * not counted in is not held meanwhile. */
static void add_allowances(const struct policy *policy, uint32_t customer, struct limits *limits)
{
	const struct scope_key key = policy_brake_key(customer);
	struct decision *const *on;
	size_t count = ledger_on(policy->ledger, &key, &on);
	uint32_t counted = 0;

	for (size_t i = 0; i < count; i++) {
		int kind = decision_counts(on[i]);
		uint64_t amount = on[i]->limits.kind[kind].amount;
		uint64_t hours =
			on[i]->expires_ms != 0 ? (uint64_t)(on[i]->expires_ms - on[i]->created_ms) / HOUR_MS + 1 : 24;
		counted |= 1u << kind;
		limits->kind[kind].burst += amount;
		limits->kind[kind].amount += amount / hours;
	}
	if (count > 0)
		limits->has = counted;
}

struct scope_key policy_brake_key(uint32_t customer)
{
	struct scope_key key = scope_key_of(SCOPE_CUSTOMER, customer, 0);

	key.ceiling = CEILING_BRAKE;
	return key;
}

bool policy_brake(const struct policy *policy, uint32_t customer, struct limits *ret_limits)
{
	const struct scope_key key = policy_brake_key(customer);
	struct decision *const *on;

	*ret_limits = (struct limits){ 0 };
	if (policy->brakes == NULL || policy->config->settings.brake_mode != BRAKE_HOLD)
		return false;
	bool own = brakes_limits(policy->brakes, policy->config, customer, ret_limits);
	bool allowed = ledger_on(policy->ledger, &key, &on) > 0;
	if (allowed)
		add_allowances(policy, customer, ret_limits);
	return own || allowed;
}

static void put_brake(const struct policy *policy, uint32_t customer, policy_put *put, void *context)
{
	const struct scope_key key = policy_brake_key(customer);
	struct limits limits;

	if (policy_brake(policy, customer, &limits))
		put_limits(&key, &limits, put, context);
}

/* Of each, of those of whom something is known, and of those who are allowed more. */
static void put_brakes(const struct policy *policy, policy_put *put, void *context)
{
	const struct order *decided = &policy->ledger->by_scope;

	put_brake(policy, ID_ANY, put, context);
	for (size_t i = 0; policy->brakes != NULL && i < policy->brakes->room; i++)
		if (policy->brakes->of[i] != NULL)
			put_brake(policy, (uint32_t)i, put, context);
	for (size_t i = 0; i < decided->count; i++)
		if (decided->at[i]->action == DECIDE_ALLOW &&
		    (policy->brakes == NULL || brakes_find(policy->brakes, decided->at[i]->key.customer) == NULL))
			put_brake(policy, decided->at[i]->key.customer, put, context);
}

void policy_limits(const struct policy *policy, const struct scope_key *key, struct limits *ret_limits)
{
	if (key->ceiling == CEILING_BRAKE) {
		if (!policy_brake(policy, key->customer, ret_limits))
			*ret_limits = (struct limits){ 0 };
		return;
	}
	*ret_limits = base_limits(policy, key);
	ledger_overlay(policy->ledger, key, ret_limits);
}

/* What the decisions on one key come to, together with the configuration; returns how many there are. */
static size_t put_decided(const struct policy *policy, const struct scope_key *key, policy_put *put, void *context)
{
	struct limits limits = base_limits(policy, key);
	struct decision *const *on;
	size_t count = ledger_on(policy->ledger, key, &on);

	precedence_limits(on, count, &limits);
	put_limits(key, &limits, put, context);
	put_verdict(policy, key, precedence_verdict(on, count), put, context);
	return count;
}

static bool is_decided(const struct policy *policy, const struct scope_key *key)
{
	struct decision *const *on;

	return ledger_on(policy->ledger, key, &on) > 0;
}

static void put_customer_limits(const struct policy *policy, const struct customer *customer, policy_put *put,
				void *context)
{
	const struct scope_key key = scope_key_of(SCOPE_CUSTOMER, customer->id, 0);
	const struct limits limits = customer_limits(policy, customer);

	if (!is_decided(policy, &key))
		put_limits(&key, &limits, put, context);
}

/* Keys that no decision names: put_decided() puts the others. */
static void put_undecided(const struct policy *policy, policy_put *put, void *context)
{
	const struct scope_key unknown[] = { scope_key_of(SCOPE_CUSTOMER, ID_UNKNOWN, 0),
					     scope_key_of(SCOPE_PROVIDER, 0, ID_UNKNOWN) };

	for (size_t i = 0; i < policy->base_count; i++)
		if (!is_decided(policy, &policy->base[i].key))
			put_limits(&policy->base[i].key, &policy->base[i].limits, put, context);
	for (size_t i = 0; i < policy->config->customer_count; i++)
		put_customer_limits(policy, &policy->config->customers[i], put, context);
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
		if (!is_decided(policy, &unknown[i]))
			put_verdict(policy, &unknown[i], NULL, put, context);
}

void policy_all(const struct policy *policy, policy_put *put, void *context)
{
	const struct order *decided = &policy->ledger->by_scope;

	put_settings(policy, put, context);
	put_customers(policy->config, put, context);
	policy_destinations(policy, put, context);
	policy_domains(policy, put, context);
	put_undecided(policy, put, context);
	for (size_t i = 0; i < decided->count;)
		i += decided->at[i]->action == DECIDE_ALLOW ? 1
							    : put_decided(policy, &decided->at[i]->key, put, context);
	put_brakes(policy, put, context);
}

void policy_scope(const struct policy *policy, const struct scope_key *key, enum decision_action action,
		  policy_put *put, void *context)
{
	struct limits limits;

	if (action == DECIDE_QUARANTINE) {
		if (!put_verdict(policy, key, ledger_verdict(policy->ledger, key), put, context))
			put(context, WIRE_DEL_VERDICT, &(struct wire_DEL_VERDICT){ .key = *key });
		return;
	}
	policy_limits(policy, key, &limits);
	if (!put_limits(key, &limits, put, context))
		put(context, WIRE_DEL_LIMITS, &(struct wire_DEL_LIMITS){ .key = *key });
}

const char *policy_customer(const struct policy *policy, uint32_t id)
{
	const struct customer *customer = config_customer_of(policy->config, id);

	if (customer != NULL)
		return customer->name;
	return id == ID_UNKNOWN ? "unknown" : "?";
}

const char *policy_provider(const struct policy *policy, uint32_t id)
{
	for (size_t i = 0; i < policy->config->provider_count; i++)
		if (policy->config->providers[i].id == id)
			return policy->config->providers[i].name;
	return id == ID_UNKNOWN ? "unknown" : "?";
}
