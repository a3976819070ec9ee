/* SPDX-License-Identifier: BSD-3-Clause */
/* What would become of a connection, and why: the scopes it is in, what is decided and what is limited in each. The
 * gate does the same for every packet; this is for people who ask. Pure. */
#ifndef SLUICE_EXPLAIN_H
#define SLUICE_EXPLAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "customers/whose.h"
#include "gate/policy.h"

/* What is known of the connection; what is not known is not looked at. */
struct about {
	bool from, to; /* a customer, a provider are known */
	uint32_t customer, provider;
	bool has_source, has_remote;
	struct address source, remote;
	const char *domain; /* NULL: not known, then no limit of one holds either */
	struct scope_key domain_key;
};

/* A limit of one of its scopes. */
struct limited {
	enum scope scope;
	enum limit_kind kind;
	struct limit limit;
	const struct decision *decision; /* whose it is; NULL: the configuration's */
	bool each, tier;		 /* configured for each of the scope, for each of the customer's tier */
	bool brake;			 /* it is the spike brake's: so much is usual an hour */
	double usual;
	uint64_t used, left, wait_ns; /* of rates: left at once, and until one more may; UINT64_MAX: never */
};

enum outcome { OUTCOME_ADMITTED, OUTCOME_WAITS, OUTCOME_REFUSED };

struct explanation {
	const char *domain; /* as it was asked about */
	struct scope_key key[SCOPES];
	bool has[SCOPES];
	const struct decision *verdict; /* the quarantine that counts; NULL: none */
	bool denied;			/* by the configuration: decision 0 */
	const char *reason;
	struct limited limited[SCOPES * LIMIT_KINDS];
	unsigned count;
	enum outcome outcome;
	const struct limited *longest; /* what it waits for; NULL: nothing */
};

/* The scopes, and what is decided and configured for them. */
void explain_policy(const struct policy *policy, const struct about *about, struct explanation *ret_explanation);

/* What is used of it, by the gate's meters of these scopes, and so what becomes of the next connection. */
void explain_use(struct explanation *explanation, const struct wire_ROW_METER *rows, uint32_t count,
		 uint64_t max_hold_ns);

/* "customer:acme/provider:google". */
char *explain_scope(const struct policy *policy, const struct explanation *explanation, enum scope scope, char *out,
		    size_t size);

#endif
