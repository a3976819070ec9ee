/* SPDX-License-Identifier: BSD-3-Clause */
#include "policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MS 1000000u
#define SECOND 1000000000u

static void add_base(struct policy *policy, const struct scope_key *key, const struct limits *limits)
{
	if (limits->has == 0)
		return;
	struct wire_PUT_LIMITS *grown = realloc(policy->base, (policy->base_count + 1) * sizeof(*grown));
	if (grown == NULL)
		abort();
	policy->base = grown;
	struct wire_PUT_LIMITS *record = &grown[policy->base_count++];
	memset(record, 0, sizeof(*record));
	record->key = *key;
	record->limits = *limits;
}

static struct scope_key key_of(enum scope scope, uint32_t customer, uint32_t provider)
{
	struct scope_key key;

	memset(&key, 0, sizeof(key));
	key.scope = (uint8_t)scope;
	key.customer = customer;
	key.provider = provider;
	return key;
}

static void add(struct policy *policy, enum scope scope, uint32_t customer, uint32_t provider,
		const struct limits *limits)
{
	const struct scope_key key = key_of(scope, customer, provider);

	add_base(policy, &key, limits);
}

static void add_provider(struct policy *policy, const struct provider *provider)
{
	add(policy, SCOPE_PROVIDER, 0, provider->id, &provider->limits);
	add(policy, SCOPE_CUSTOMER_PROVIDER, ID_ANY, provider->id, &provider->each_customer);
	add(policy, SCOPE_SOURCE_PROVIDER, 0, provider->id, &provider->each_source);
	add(policy, SCOPE_REMOTE, 0, provider->id, &provider->each_remote);
}

static void add_customer(struct policy *policy, const struct customer *customer)
{
	add(policy, SCOPE_CUSTOMER, customer->id, 0, &customer->limits);
	for (size_t i = 0; i < customer->at_count; i++) {
		const struct provider *provider = config_provider(policy->config, customer->at[i].provider);
		add(policy, SCOPE_CUSTOMER_PROVIDER, customer->id, provider->id, &customer->at[i].limits);
	}
}

void policy_init(struct policy *policy, const struct config *config, const struct ledger *ledger,
		 const struct address_set *resolved)
{
	*policy = (struct policy){ .config = config, .ledger = ledger, .resolved = resolved };
	add(policy, SCOPE_GATE, 0, 0, &config->gate);
	add(policy, SCOPE_CUSTOMER, ID_ANY, 0, &config->each_customer);
	add(policy, SCOPE_SOURCE, 0, 0, &config->each_source);
	add(policy, SCOPE_REMOTE, 0, ID_ANY, &config->each_remote);
	add(policy, SCOPE_CUSTOMER, ID_UNKNOWN, 0, &config->unknown_customer.limits);
	add(policy, SCOPE_PROVIDER, 0, ID_UNKNOWN, &config->unknown_provider.limits);
	for (size_t i = 0; i < config->provider_count; i++)
		add_provider(policy, &config->providers[i]);
	for (size_t i = 0; i < config->customer_count; i++)
		add_customer(policy, &config->customers[i]);
}

void policy_finish(struct policy *policy)
{
	free(policy->base);
	policy->base = NULL;
	policy->base_count = 0;
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
		.ports = policy->config->ports,
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
							  .customer = customer->id };
		put(context, WIRE_PUT_IDENTITY, &record);
	}
}

static void put_destinations(const struct provider *provider, const struct address_set *resolved, policy_put *put,
			     void *context)
{
	for (size_t i = 0; i < provider->address_count; i++) {
		const struct wire_PUT_DESTINATION record = { .address = provider->addresses[i].address,
							     .plen = provider->addresses[i].plen,
							     .provider = provider->id };
		put(context, WIRE_PUT_DESTINATION, &record);
	}
	for (size_t i = 0; i < resolved->count; i++) {
		const struct wire_PUT_DESTINATION record = { .address = resolved->address[i],
							     .plen = 128,
							     .provider = provider->id };
		put(context, WIRE_PUT_DESTINATION, &record);
	}
}

/* The configuration's own refusal of what nobody knows: decision 0. */
static bool denies(const struct policy *policy, const struct scope_key *key, const char **ret_reason)
{
	const struct config *config = policy->config;

	*ret_reason = key->scope == SCOPE_CUSTOMER ? "unknown source address" : "unknown destination";
	return (key->scope == SCOPE_CUSTOMER && key->customer == ID_UNKNOWN && config->unknown_customer.deny) ||
	       (key->scope == SCOPE_PROVIDER && key->provider == ID_UNKNOWN && config->unknown_provider.deny);
}

static bool verdict_on(const struct policy *policy, const struct scope_key *key, struct wire_PUT_VERDICT *ret_record)
{
	const struct decision *decision = ledger_verdict(policy->ledger, key);
	const char *reason;

	memset(ret_record, 0, sizeof(*ret_record));
	if (decision == NULL && !denies(policy, key, &reason))
		return false;
	ret_record->key = *key;
	ret_record->action = ACTION_QUARANTINE;
	ret_record->refuse = (uint8_t)policy->config->settings.refuse;
	ret_record->decision = decision != NULL ? decision->id : 0;
	snprintf(ret_record->reason, sizeof(ret_record->reason), "%s", decision != NULL ? decision->reason : reason);
	return true;
}

static void put_verdict(const struct policy *policy, const struct scope_key *key, policy_put *put, void *context)
{
	struct wire_PUT_VERDICT record;

	if (verdict_on(policy, key, &record))
		put(context, WIRE_PUT_VERDICT, &record);
}

static const struct wire_PUT_LIMITS *base_of(const struct policy *policy, const struct scope_key *key)
{
	for (size_t i = 0; i < policy->base_count; i++)
		if (memcmp(&policy->base[i].key, key, sizeof(*key)) == 0)
			return &policy->base[i];
	return NULL;
}

void policy_limits(const struct policy *policy, const struct scope_key *key, struct limits *ret_limits)
{
	const struct wire_PUT_LIMITS *base = base_of(policy, key);

	*ret_limits = base != NULL ? base->limits : (struct limits){ 0 };
	ledger_overlay(policy->ledger, key, ret_limits);
}

static void put_limits(const struct policy *policy, const struct scope_key *key, policy_put *put, void *context)
{
	struct wire_PUT_LIMITS record;

	memset(&record, 0, sizeof(record));
	record.key = *key;
	policy_limits(policy, key, &record.limits);
	if (record.limits.has != 0)
		put(context, WIRE_PUT_LIMITS, &record);
}

void policy_all(const struct policy *policy, policy_put *put, void *context)
{
	const struct scope_key unknown_customer = key_of(SCOPE_CUSTOMER, ID_UNKNOWN, 0);
	const struct scope_key unknown_provider = key_of(SCOPE_PROVIDER, 0, ID_UNKNOWN);

	put_settings(policy, put, context);
	for (size_t i = 0; i < policy->config->customer_count; i++)
		put_identities(&policy->config->customers[i], put, context);
	for (size_t i = 0; i < policy->config->provider_count; i++)
		put_destinations(&policy->config->providers[i], &policy->resolved[i], put, context);
	for (size_t i = 0; i < policy->base_count; i++)
		put_limits(policy, &policy->base[i].key, put, context);
	put_verdict(policy, &unknown_customer, put, context);
	put_verdict(policy, &unknown_provider, put, context);
	/* A key that several decisions name is put several times, each time the same. */
	for (size_t i = 0; i < policy->ledger->count; i++) {
		put_limits(policy, &policy->ledger->decision[i].key, put, context);
		put_verdict(policy, &policy->ledger->decision[i].key, put, context);
	}
}

void policy_scope(const struct policy *policy, const struct scope_key *key, policy_put *put, void *context)
{
	struct wire_PUT_VERDICT verdict;
	struct limits limits;

	policy_limits(policy, key, &limits);
	put_limits(policy, key, put, context);
	if (limits.has == 0)
		put(context, WIRE_DEL_LIMITS, key);
	if (verdict_on(policy, key, &verdict))
		put(context, WIRE_PUT_VERDICT, &verdict);
	else
		put(context, WIRE_DEL_VERDICT, key);
}

const char *policy_customer(const struct policy *policy, uint32_t id)
{
	for (size_t i = 0; i < policy->config->customer_count; i++)
		if (policy->config->customers[i].id == id)
			return policy->config->customers[i].name;
	return id == ID_UNKNOWN ? "unknown" : "?";
}

const char *policy_provider(const struct policy *policy, uint32_t id)
{
	for (size_t i = 0; i < policy->config->provider_count; i++)
		if (policy->config->providers[i].id == id)
			return policy->config->providers[i].name;
	return id == ID_UNKNOWN ? "unknown" : "?";
}
