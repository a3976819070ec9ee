/* SPDX-License-Identifier: BSD-3-Clause */
/* What is wanted now: the decisions in force, and what they make of a scope. Arithmetic only; the journal
 * stores, the link enforces. Of two decisions on one scope the newer one counts. */
#ifndef SLUICE_LEDGER_H
#define SLUICE_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "decision.h"

struct ledger {
	struct decision *decision; /* in force, oldest first: ids rise */
	size_t count, room;
};

void ledger_finish(struct ledger *ledger);

/* 0 or -ENOMEM. */
int ledger_add(struct ledger *ledger, const struct decision *decision);

/* Takes one out; false when it is not in force. */
bool ledger_remove(struct ledger *ledger, uint64_t id, struct decision *ret_decision);

/* NULL when it is not in force. */
struct decision *ledger_find(struct ledger *ledger, uint64_t id);

/* The quarantine on exactly this scope; NULL when there is none. */
const struct decision *ledger_verdict(const struct ledger *ledger, const struct scope_key *key);

/* Lays the limits decided on exactly this scope over those given, kind by kind. */
void ledger_overlay(const struct ledger *ledger, const struct scope_key *key, struct limits *limits);

/* The same for one decision: a quarantine limits nothing. */
void ledger_lay(const struct decision *decision, struct limits *limits);

/* One that has expired by both clocks, wall_ms() and boot_ms(); 0 when none has. / When the next one will by the
 * wall's; 0: never. */
uint64_t ledger_expired(const struct ledger *ledger, int64_t now_ms, int64_t now_boot_ms);
int64_t ledger_next_expiry(const struct ledger *ledger);

#endif
