/* SPDX-License-Identifier: BSD-3-Clause */
/* What is wanted now: the decisions in force, and what they make of a scope. Arithmetic only; the journal
 * stores, the link enforces, precedence.h says which of several counts. */
#ifndef SLUICE_LEDGER_H
#define SLUICE_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ledger/decision.h"

/* Decisions sorted one way; each decision stands where it is until it is removed. */
struct order {
	struct decision **at;
	size_t count, room;
};

struct ledger {
	size_t count;
	struct order by_id;	/* oldest first */
	struct order by_scope;	/* by scope's key, oldest first within one */
	struct order by_expiry; /* those that expire */
};

void ledger_finish(struct ledger *ledger);

/* 0 or -ENOMEM. / The same for many at once: nothing else is to be called before ledger_sort(). */
int ledger_add(struct ledger *ledger, const struct decision *decision);
int ledger_append(struct ledger *ledger, const struct decision *decision);
void ledger_sort(struct ledger *ledger);

/* Takes one out; false when it is not in force. */
bool ledger_remove(struct ledger *ledger, uint64_t id, struct decision *ret_decision);

/* NULL when it is not in force. */
struct decision *ledger_find(const struct ledger *ledger, uint64_t id);

/* The one at this place from the oldest, which is 0. */
static inline const struct decision *ledger_at(const struct ledger *ledger, size_t place)
{
	return ledger->by_id.at[place];
}

/* The decisions on exactly this scope, the oldest first: as many as it returns from *ret_first on. */
size_t ledger_on(const struct ledger *ledger, const struct scope_key *key, struct decision *const **ret_first);

/* Where in by_scope the first stands whose scope's key is not below this one. */
size_t ledger_from(const struct ledger *ledger, const struct scope_key *key);

/* The quarantine that counts on exactly this scope; NULL when there is none. */
const struct decision *ledger_verdict(const struct ledger *ledger, const struct scope_key *key);

/* Lays the limits decided on exactly this scope over those given, kind by kind. */
void ledger_overlay(const struct ledger *ledger, const struct scope_key *key, struct limits *limits);

/* Those that have expired by both clocks, wall_ms() and served_ms(), at most `most`; returns how many. / When the next
 * one will by the wall's; 0: never. */
size_t ledger_expired(const struct ledger *ledger, int64_t now_ms, int64_t served_now_ms, uint64_t *ids, size_t most);
int64_t ledger_next_expiry(const struct ledger *ledger);

#endif
