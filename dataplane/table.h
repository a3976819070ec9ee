/* SPDX-License-Identifier: BSD-3-Clause */
/* The published policy, readers' half: who a packet belongs to, what is limited, what is decided.
 * Immutable once published; results are valid until the reader's turn ends. The writer's half is
 * table_write.h. */
#ifndef SLUICE_TABLE_H
#define SLUICE_TABLE_H

#include <stdbool.h>

#include "rcu.h"
#include "wire.h"

struct table;	    /* one published generation */
struct table_store; /* the place where the current one is published */

/* NULL until the first complete publication: no SMTP passes then. */
const struct table *table_current(const struct rcu_view *view, const struct table_store *store);

/* Changes whenever identities, destinations, limits or settings do: flows look themselves up again. When nothing but
 * decisions changes it stays, if somebody is told which (table_store_watch). */
uint32_t table_layout(const struct table *table);

/* Rises with every publication. */
uint64_t table_serial(const struct table *table);

const struct wire_PUT_SETTINGS *table_settings(const struct table *table);

struct sender {
	struct address address;
	uint16_t port;
	uint16_t vlan; /* 0: untagged */
};

/* Whose mail it is, and of which stream. */
struct owner {
	uint32_t customer; /* ID_UNKNOWN when no rule matches */
	uint8_t stream;	   /* enum stream */
};

struct owner table_owner(const struct rcu_view *view, const struct table *table, const struct sender *sender);

/* ID_UNKNOWN when no rule matches. */
uint32_t table_customer(const struct rcu_view *view, const struct table *table, const struct sender *sender);
uint32_t table_provider(const struct rcu_view *view, const struct table *table, const struct address *remote);

/* The one domain this address serves; NULL where it is unknown, or they are several. */
const struct wire_PUT_SERVES *table_serves(const struct rcu_view *view, const struct table *table,
					   const struct address *remote);

/* Fetches ahead what the search for owner and provider will look at: where, or, when that has come, what. */
void table_fetch(const struct rcu_view *view, const struct table *table, const struct address *source,
		 const struct address *remote, bool what);

/* What limits the scope named by the exact key, merged by kind from the most specific key that has it. */
void table_limits(const struct rcu_view *view, const struct table *table, const struct scope_key *key,
		  struct limits *ret_limits);

/* A flow's key in each scope. */
struct scopes {
	struct scope_key key[SCOPES];
};

/* Is there a decision on any key of this scope? / The one on this key; NULL when there is none. */
bool table_verdicts_on(const struct table *table, enum scope scope);
const struct wire_PUT_VERDICT *table_verdict_on(const struct rcu_view *view, const struct table *table,
						const struct scope_key *key);

/* The decision on the most specific scope that has one; NULL when none has. */
const struct wire_PUT_VERDICT *table_verdict(const struct rcu_view *view, const struct table *table,
					     const struct scopes *scopes);

#endif
