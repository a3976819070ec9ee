/* SPDX-License-Identifier: BSD-3-Clause */
#include "commands/explain.h"

#include <stdio.h>
#include <string.h>

#include "ledger/precedence.h"
#include "units.h"

/* Which of a connection's facts a scope is made of. */
static const struct {
	bool customer, provider, source, remote;
} made_of[SCOPES] = {
	[SCOPE_CUSTOMER_PROVIDER] = { .customer = true, .provider = true },
	[SCOPE_SOURCE_PROVIDER] = { .source = true, .provider = true },
	[SCOPE_REMOTE] = { .remote = true },
	[SCOPE_CUSTOMER] = { .customer = true },
	[SCOPE_SOURCE] = { .source = true },
	[SCOPE_PROVIDER] = { .provider = true },
	[SCOPE_GATE] = { 0 },
};

char *explain_scope(const struct policy *policy, const struct explanation *explanation, enum scope scope, char *out,
		    size_t size)
{
	const struct scope_key *key = &explanation->key[scope];
	char address[64] = "";
	size_t used;

	if (scope == SCOPE_DOMAIN) {
		snprintf(out, size, "domain:%s", explanation->domain != NULL ? explanation->domain : "?");
		return out;
	}
	out[0] = '\0';
	if (made_of[scope].source || made_of[scope].remote)
		address_format(&key->address, address, sizeof(address));
	if (made_of[scope].customer)
		used = (size_t)snprintf(out, size, "customer:%s", policy_customer(policy, key->customer));
	else if (address[0] != '\0')
		used = (size_t)snprintf(out, size, "%s:%s", made_of[scope].source ? "source" : "remote", address);
	else
		used = (size_t)snprintf(out, size, "%s", made_of[scope].provider ? "" : "gate");
	if (made_of[scope].provider && used < size)
		snprintf(out + used, size - used, "%sprovider:%s", used > 0 ? "/" : "",
			 policy_provider(policy, key->provider));
	return out;
}

static void set_key(struct explanation *explanation, enum scope scope, const struct about *about)
{
	struct scope_key *key = &explanation->key[scope];

	memset(key, 0, sizeof(*key));
	key->scope = (uint8_t)scope;
	if (scope == SCOPE_DOMAIN) {
		explanation->has[scope] = about->domain != NULL;
		if (about->domain != NULL)
			*key = about->domain_key;
		return;
	}
	key->customer = made_of[scope].customer ? about->customer : 0;
	key->provider = made_of[scope].provider ? about->provider : 0;
	if (made_of[scope].source)
		key->address = about->source;
	if (made_of[scope].remote)
		key->address = about->remote;
	explanation->has[scope] =
		(!made_of[scope].customer || about->from) && (!made_of[scope].provider || about->to) &&
		(!made_of[scope].source || about->has_source) && (!made_of[scope].remote || about->has_remote);
}

/* Quarantines: of the most specific scope that has one. */
static void set_verdict(const struct policy *policy, struct explanation *explanation)
{
	for (int scope = 0; scope < SCOPES && explanation->verdict == NULL; scope++)
		if (explanation->has[scope])
			explanation->verdict = ledger_verdict(policy->ledger, &explanation->key[scope]);
	if (explanation->verdict != NULL) {
		explanation->reason = explanation->verdict->reason;
		return;
	}
	for (int scope = 0; scope < SCOPES && !explanation->denied; scope++)
		explanation->denied = explanation->has[scope] &&
				      policy_denies(policy, &explanation->key[scope], &explanation->reason);
}

/* The keys that stand for each of a scope, the nearest first; returns how many. */
static unsigned each_of(const struct about *about, enum scope scope, struct scope_key ret_each[2])
{
	uint32_t customer = made_of[scope].customer ? ID_ANY : 0,
		 provider = made_of[scope].provider ? about->provider : 0;

	memset(ret_each, 0, 2 * sizeof(*ret_each));
	ret_each[0] = scope_key_of(scope, customer, scope == SCOPE_REMOTE && about->to ? about->provider : provider);
	ret_each[1] = scope_key_of(scope, customer, ID_ANY);
	return scope == SCOPE_GATE || scope == SCOPE_PROVIDER ? 0 : scope == SCOPE_REMOTE ? 2 : 1;
}

static void add(struct explanation *explanation, const struct limited *limited)
{
	explanation->limited[explanation->count++] = *limited;
}

/* The stricter of the limit (`has` it or not) and the spike brake's, as the gate does it. */
static bool brake(const struct limits *braked, bool has, struct limited *limited)
{
	const struct limit *limit = &braked->kind[limited->kind];
	uint64_t burst = limited->limit.burst;

	if (!(braked->has & 1u << limited->kind) ||
	    (has && precedence_compare_limit(limited->kind, limit, &limited->limit) >= 0))
		return has;
	limited->limit = *limit;
	if (has && burst < limit->burst)
		limited->limit.burst = burst;
	limited->brake = true;
	limited->each = false;
	limited->decision = NULL;
	return true;
}

/* Of a customer that is known. */
static struct limits brake_on(const struct policy *policy, const struct scope_key *key)
{
	struct limits limits = { 0 };

	if (key->scope == SCOPE_CUSTOMER && key->customer != ID_UNKNOWN &&
	    !policy_brake(policy, key->customer, &limits) && !policy_brake(policy, ID_ANY, &limits))
		return (struct limits){ 0 };
	return limits;
}

/* Kind by kind the first that has it: a decision, the configuration of this one, that of each. */
static void add_limits(const struct policy *policy, const struct about *about, enum scope scope,
		       struct explanation *explanation)
{
	const struct scope_key *key = &explanation->key[scope];
	struct scope_key each[2];
	struct decision *const *on;
	size_t count = ledger_on(policy->ledger, key, &on);
	struct limits own, tier, more[2], braked = brake_on(policy, key);
	unsigned eaches = each_of(about, scope, each);

	policy_limits(policy, key, &own);
	policy_tier_limits(policy, key, &tier);
	for (unsigned i = 0; i < eaches; i++)
		policy_limits(policy, &each[i], &more[i]);
	for (int kind = 0; kind < LIMIT_KINDS; kind++) {
		struct limited limited = { .scope = scope,
					   .kind = kind,
					   .decision = precedence_limit(on, count, kind) };
		const struct limits *from = own.has & 1u << kind ? &own : tier.has & 1u << kind ? &tier : NULL;
		limited.tier = from == &tier;
		for (unsigned i = 0; i < eaches && from == NULL; i++) {
			from = more[i].has & 1u << kind ? &more[i] : NULL;
			limited.each = from != NULL;
		}
		if (from != NULL)
			limited.limit = from->kind[kind];
		if (!brake(&braked, from != NULL, &limited))
			continue;
		if (limited.brake && policy->brakes != NULL)
			limited.usual = brakes_usual(policy->brakes, key->customer, kind);
		limited.left = kind == LIMIT_CONNECTIONS ? limited.limit.amount : limited.limit.burst;
		add(explanation, &limited);
	}
}

void explain_policy(const struct policy *policy, const struct about *about, struct explanation *ret_explanation)
{
	*ret_explanation = (struct explanation){ .domain = about->domain, .outcome = OUTCOME_ADMITTED };
	for (int scope = 0; scope < SCOPES; scope++)
		set_key(ret_explanation, scope, about);
	set_verdict(policy, ret_explanation);
	for (int scope = 0; scope < SCOPES; scope++)
		if (ret_explanation->has[scope])
			add_limits(policy, about, scope, ret_explanation);
}

static const struct wire_ROW_METER *meter_of(const struct scope_key *key, const struct wire_ROW_METER *rows,
					     uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (memcmp(&rows[i].key, key, sizeof(*key)) == 0)
			return &rows[i];
	return NULL;
}

static void use(struct limited *limited, const struct wire_ROW_METER *meter)
{
	if (limited->kind == LIMIT_CONNECTIONS) {
		limited->used = meter != NULL ? meter->connections : 0;
		limited->left = limited->used < limited->limit.amount ? limited->limit.amount - limited->used : 0;
		limited->wait_ns = limited->left == 0 ? UINT64_MAX : 0; /* when a slot comes free nobody knows */
	} else if (meter != NULL && meter->limits.has & 1u << limited->kind) {
		limited->left = meter->left[limited->kind];
		limited->wait_ns = meter->ready_ns[limited->kind];
	}
}

void explain_use(struct explanation *explanation, const struct wire_ROW_METER *rows, uint32_t count,
		 uint64_t max_hold_ns)
{
	for (unsigned i = 0; i < explanation->count; i++) {
		struct limited *limited = &explanation->limited[i];
		use(limited, meter_of(&explanation->key[limited->scope], rows, count));
		/* Bytes are waited for on the way, not before the connection. */
		if (limited->kind != LIMIT_BYTE_RATE && limited->wait_ns > 0 &&
		    (explanation->longest == NULL || limited->wait_ns > explanation->longest->wait_ns))
			explanation->longest = limited;
	}
	if (explanation->verdict != NULL || explanation->denied)
		explanation->outcome = OUTCOME_REFUSED;
	else if (explanation->longest != NULL)
		explanation->outcome = (explanation->longest->kind != LIMIT_CONNECTIONS &&
					explanation->longest->wait_ns > max_hold_ns) ||
						       explanation->longest->limit.amount == 0
					       ? OUTCOME_REFUSED
					       : OUTCOME_WAITS;
}
