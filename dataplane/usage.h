/* SPDX-License-Identifier: BSD-3-Clause */
/* What a flow uses of each of its scopes: its meters, a connection slot in each, tokens. */
#ifndef SLUICE_USAGE_H
#define SLUICE_USAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "limit.h"
#include "table.h"

struct flow;
struct worker;

/* Names the flow's meters, with the limits now in force; a slot it holds moves along. False, and nothing
 * changed, when meters ran out. Whoever opened a flow has joined it: the rest here relies on that. */
bool usage_join(struct worker *worker, struct flow *flow, const struct scopes *scopes, uint64_t now);

/* Gives slots and meters back. */
void usage_leave(struct worker *worker, struct flow *flow, uint64_t now);

/* Brings the meters' limits up to the published table. */
void usage_refresh(struct worker *worker, struct flow *flow);

/* A connection slot in every scope, or in none. */
bool usage_take_slots(struct flow *flow);

/* Slots for a connection that runs already: counted, whatever the limits say. */
void usage_count_slots(struct flow *flow);

/* Exactly once for each connection: harmless when it holds none. */
void usage_give_slots(struct flow *flow);

/* When `units` may leave by every scope's rate of that kind, without taking them. */
uint64_t usage_when(const struct flow *flow, enum limit_kind kind, uint64_t units, uint64_t now);

/* Takes them everywhere; returns when they may leave. */
uint64_t usage_take(struct flow *flow, enum limit_kind kind, uint64_t units, uint64_t now);

/* Takes them everywhere if they may leave now, or nowhere: then *ret_when says when to try again. */
bool usage_try(struct flow *flow, enum limit_kind kind, uint64_t units, uint64_t now, uint64_t *ret_when);

/* A connection was let in / refused; bytes left. For the figures, limited or not. */
void usage_admitted(struct flow *flow);
void usage_refused(struct flow *flow);
void usage_bytes(struct flow *flow, uint32_t bytes);

#endif
