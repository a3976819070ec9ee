/* SPDX-License-Identifier: BSD-3-Clause */
/* What a limit or a decision hangs on. Shared by gate and daemon. */
#ifndef SLUICE_SCOPE_H
#define SLUICE_SCOPE_H

#include <stdint.h>

/* Ids are given by the daemon; 0 means "known to nobody". ANY stands for "each of them"
 * in the key of a limit: {customer=ANY, provider=3} is "each customer at provider 3". */
#define ID_UNKNOWN 0u
#define ID_ANY UINT32_MAX

/* Listed from the most specific to the least: of two verdicts the first listed wins. */
enum scope {
	SCOPE_CUSTOMER_PROVIDER,
	SCOPE_SOURCE_PROVIDER,
	SCOPE_REMOTE,
	SCOPE_CUSTOMER,
	SCOPE_SOURCE,
	SCOPE_DOMAIN,
	SCOPE_PROVIDER,
	SCOPE_GATE,
	SCOPES
};

/* An address is 16 bytes, IPv4 as ::ffff:a.b.c.d. All zero means none, or any in a limit's key. */
struct address {
	uint8_t byte[16];
};

/* Fields a scope does not use are 0, so that two equal keys are equal bytes.
 *   customer x provider: customer, provider    source x provider: address, provider
 *   remote: address, provider (provider only when address is "any")
 *   customer: customer    source: address    provider: provider    gate: none
 *   domain: its keyed name (domain.h) in place of an address; none where it is not known, and then no limit either */
enum ceiling {
	CEILING_NONE,  /* an ordinary limit */
	CEILING_BLIND, /* what it comes to when the gate is blind, for each of its scope */
	CEILING_BRAKE, /* of a customer, or of each that has none of its own: more than usual is held to this */
	CEILINGS
};

struct scope_key {
	uint8_t scope;	 /* enum scope */
	uint8_t ceiling; /* of a limit: enum ceiling */
	uint8_t tier;	 /* of a limit for each customer: of those of this tier; 0: of all */
	uint8_t zero;
	uint32_t customer;
	uint32_t provider;
	struct address address;
};

_Static_assert(sizeof(struct scope_key) == 28, "a scope key is hashed and compared as bytes");

/* A key without an address. */
static inline struct scope_key scope_key_of(enum scope scope, uint32_t customer, uint32_t provider)
{
	return (struct scope_key){ .scope = (uint8_t)scope, .customer = customer, .provider = provider };
}

#endif
