/* SPDX-License-Identifier: BSD-3-Clause */
/* Which decisions have a say on what people ask about: a customer's connections are in more scopes than its own. */
#ifndef SLUICE_CONCERN_H
#define SLUICE_CONCERN_H

#include <stdbool.h>

#include "config/config.h"
#include "ledger/decision.h"
#include "ledger/ledger.h"

#define CONCERN_MAX 128 /* bytes */

/* Can a connection be in the decision's scope and in `key`, so that whoever looks at `key` wants to know? Not every
 * provider's decisions are on every customer, though: only those on a part of `key`, on all of it, or on the gate. */
bool concern_has(const struct config *config, const struct decision *decision, const struct scope_key *key);

/* Calls `each` with the decisions in force that have a say on `key`, the most specific scope first. */
void concern_each(const struct config *config, const struct ledger *ledger, const struct scope_key *key,
		  void (*each)(void *context, const struct decision *decision), void *context);

/* A decision on a name that the configuration no longer has, and so on nobody; says so in `ret_why`. */
bool concern_orphan(const struct config *config, const struct decision *decision, char *ret_why);

#endif
