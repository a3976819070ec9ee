/* SPDX-License-Identifier: BSD-3-Clause */
/* What the gate is to have: configuration, ledger and resolved addresses, as records of the wire. */
#ifndef SLUICE_POLICY_H
#define SLUICE_POLICY_H

#include "brake/brakes.h"
#include "config/config.h"
#include "ledger/ledger.h"
#include "wire.h"

struct address_set {
	struct address *address;
	const char **domain; /* of each, the one domain it was found by; NULL: several, or another way. May be NULL */
	size_t count;
};

struct policy {
	const struct config *config;
	const struct ledger *ledger;
	const struct address_set *resolved; /* [config->provider_count] */
	const struct brakes *brakes;	    /* NULL: there is no spike brake */
	/* Limits the configuration puts on each key, by key. */
	struct wire_PUT_LIMITS *base;
	size_t base_count, base_room;
};

/* Builds `base`; `brakes` stays what it was, so that the first time *policy is zeroed. This and policy_all() abort when
 * memory is out. Again after another configuration. */
void policy_init(struct policy *policy, const struct config *config, const struct ledger *ledger,
		 const struct address_set *resolved);
void policy_finish(struct policy *policy);

typedef void policy_put(void *context, enum wire_type type, const void *record);

/* Every record, for a full batch. */
void policy_all(const struct policy *policy, policy_put *put, void *context);

/* What a difference says of one scope: its verdict (for a quarantine) or its limits, or that there are none any
 * more. The other one stays as it is: new limits make every connection look up its own again. */
void policy_scope(const struct policy *policy, const struct scope_key *key, enum decision_action action,
		  policy_put *put, void *context);

/* The part of policy_all() that says which address is whose. */
void policy_destinations(const struct policy *policy, policy_put *put, void *context);

/* The part that says which address serves one domain alone. */
void policy_domains(const struct policy *policy, policy_put *put, void *context);

/* Calls `each` with every prefix that several providers have: it is the first one's (`owner`), the other one
 * (`provider`) goes without. Both are places in the configuration. */
void policy_shared(const struct policy *policy,
		   void (*each)(void *context, const struct prefix *prefix, size_t owner, size_t provider),
		   void *context);

/* Limits in force on exactly this key. */
void policy_limits(const struct policy *policy, const struct scope_key *key, struct limits *ret_limits);

/* Those for each customer of its tier, if this is a customer's key: they stand behind its own. */
void policy_tier_limits(const struct policy *policy, const struct scope_key *key, struct limits *ret_limits);

struct scope_key policy_brake_key(uint32_t customer);

/* What the spike brake lets a customer send, allowances among it; ID_ANY: each that has no word of its own. False:
 * there is none. */
bool policy_brake(const struct policy *policy, uint32_t customer, struct limits *ret_limits);

/* The configuration's own refusal of what nobody knows, in force when no decision is: decision 0. */
bool policy_denies(const struct policy *policy, const struct scope_key *key, const char **ret_reason);

/* Names for ids; "unknown", or "?" for an id of no name. */
const char *policy_customer(const struct policy *policy, uint32_t id);
const char *policy_provider(const struct policy *policy, uint32_t id);

#endif
