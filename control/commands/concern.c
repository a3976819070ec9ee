/* SPDX-License-Identifier: BSD-3-Clause */
#include "commands/concern.h"

#include <stdio.h>
#include <string.h>

#include "customers/whose.h"

static bool names_customer(const struct scope_key *key)
{
	return key->scope == SCOPE_CUSTOMER || key->scope == SCOPE_CUSTOMER_PROVIDER;
}

static bool names_provider(const struct scope_key *key)
{
	return key->scope == SCOPE_PROVIDER || key->scope == SCOPE_CUSTOMER_PROVIDER ||
	       key->scope == SCOPE_SOURCE_PROVIDER;
}

static bool names_source(const struct scope_key *key)
{
	return key->scope == SCOPE_SOURCE || key->scope == SCOPE_SOURCE_PROVIDER;
}

static bool sends_from(const struct config *config, uint32_t id, const struct address *address)
{
	const struct customer *customer = config_customer_of(config, id);

	for (size_t i = 0; customer != NULL && i < customer->source_count; i++)
		if (prefix_has(&customer->sources[i].prefix, address))
			return true;
	return false;
}

/* Two keys that name a provider each are apart when it is another one. */
static bool at_another(const struct scope_key *a, const struct scope_key *b)
{
	return names_provider(a) && names_provider(b) && a->provider != b->provider;
}

bool concern_has(const struct config *config, const struct decision *decision, const struct scope_key *key)
{
	const struct scope_key *on = &decision->key;

	if (on->scope == SCOPE_GATE)
		return true;
	if (key->scope == SCOPE_REMOTE || on->scope == SCOPE_REMOTE || key->scope == SCOPE_DOMAIN ||
	    on->scope == SCOPE_DOMAIN)
		return key->scope == on->scope && memcmp(&key->address, &on->address, sizeof(on->address)) == 0;
	if (at_another(on, key))
		return false;
	if (on->scope == SCOPE_PROVIDER)
		return names_provider(key);
	if (names_customer(key) && names_customer(on))
		return key->customer == on->customer;
	if (names_customer(key) && names_source(on))
		return sends_from(config, key->customer, &on->address);
	if (names_source(key) && names_source(on))
		return memcmp(&key->address, &on->address, sizeof(on->address)) == 0;
	return key->scope == SCOPE_PROVIDER && names_provider(on);
}

/* Of one scope's decisions: all, or, of a customer's, those that name it: they stand together. */
static size_t first_of(const struct ledger *ledger, enum scope scope, const struct scope_key *key)
{
	bool own = names_customer(key) && (scope == SCOPE_CUSTOMER || scope == SCOPE_CUSTOMER_PROVIDER);
	const struct scope_key from = scope_key_of(scope, own ? key->customer : 0, 0);

	return ledger_from(ledger, &from);
}

static bool goes_on(enum scope scope, const struct scope_key *key, const struct scope_key *on)
{
	if (on->scope != scope)
		return false;
	return !names_customer(key) || !names_customer(on) || on->customer == key->customer;
}

void concern_each(const struct config *config, const struct ledger *ledger, const struct scope_key *key,
		  void (*each)(void *context, const struct decision *decision), void *context)
{
	for (int scope = 0; scope < SCOPES; scope++)
		for (size_t i = first_of(ledger, scope, key);
		     i < ledger->count && goes_on(scope, key, &ledger->by_scope.at[i]->key); i++)
			if (ledger->by_scope.at[i]->action != DECIDE_ALLOW &&
			    concern_has(config, ledger->by_scope.at[i], key))
				each(context, ledger->by_scope.at[i]);
}

bool concern_orphan(const struct config *config, const struct decision *decision, char *ret_why)
{
	const struct scope_key *on = &decision->key;
	bool customer =
		!names_customer(on) || on->customer == ID_UNKNOWN || config_customer_of(config, on->customer) != NULL;
	bool provider = !names_provider(on) || on->provider == ID_UNKNOWN;

	for (size_t i = 0; !provider && i < config->provider_count; i++)
		provider = config->providers[i].id == on->provider;
	if (customer && provider)
		return false;
	snprintf(ret_why, CONCERN_MAX, "holds nobody: the configuration has no such %s%s%s", customer ? "" : "customer",
		 customer || provider ? "" : " and ", provider ? "" : "provider");
	return true;
}
