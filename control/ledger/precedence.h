/* SPDX-License-Identifier: BSD-3-Clause */
/* THE rule of precedence among decisions that overlap. The gate follows it for every packet, `explain` shows it, and
 * it is written here alone:
 *
 *  1. A quarantine goes before every limit.
 *  2. Of quarantines on several scopes of a connection the most specific one counts: the first in enum scope.
 *  3. On one scope, the strictest: of limits of a kind the one that lets less through; among equals the newest.
 *  4. Limits on several scopes overrule nothing: a connection keeps to all of them.
 *  5. What is decided stands in place of what is configured for the same scope and kind, be it more or less.
 *
 * So a newer decision that is to loosen an older one must take its place: see decision_supersedes(). */
#ifndef SLUICE_PRECEDENCE_H
#define SLUICE_PRECEDENCE_H

#include <stdbool.h>
#include <stddef.h>

#include "ledger/decision.h"

/* Which of two counts for a connection that is in both scopes: < 0, the first. Limits: where they are of one kind. */
int precedence_compare(const struct decision *a, const struct decision *b);

/* < 0: the first lets less through. */
int precedence_compare_limit(enum limit_kind kind, const struct limit *a, const struct limit *b);

/* Of decisions on one scope, the oldest first: the quarantine that counts, NULL when there is none / what their limits
 * come to, laid over those given. */
const struct decision *precedence_verdict(struct decision *const *decisions, size_t count);
void precedence_limits(struct decision *const *decisions, size_t count, struct limits *limits);

/* The decision among them whose limit of this kind counts; NULL when none has one. */
const struct decision *precedence_limit(struct decision *const *decisions, size_t count, enum limit_kind kind);

/* Does the newer one take the older one's place, so that the older one ends? On the same scope, with the same action,
 * it must say all the older one says and last as long: then nothing lapses early that somebody ordered. */
bool decision_supersedes(const struct decision *newer, const struct decision *older);

#endif
