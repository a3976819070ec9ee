/* SPDX-License-Identifier: BSD-3-Clause */
/* On which things something was decided, and in which order: publications that decide on a thing that has a meter are
 * numbered, and each meter keeps the number of the last one that decided on its key. So a publication costs those
 * connections a look at their decision whom it may concern, and the others a comparison. On a key that has no meter
 * nobody's decision hangs: who comes looks it up as he comes.
 *
 * Noted (announce.h) when every worker has the table already: whoever took a meter by an older one is found by then,
 * and who takes one later knows the decision. */
#ifndef SLUICE_DECIDED_H
#define SLUICE_DECIDED_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "flow.h"
#include "memory.h"
#include "scope.h"

struct decided {
	_Atomic uint32_t newest;	   /* the last number given; never 0 */
	_Atomic uint32_t of_scope[SCOPES]; /* of the last one that decided on a meter of this scope */
	_Atomic uint32_t meter[];
};

struct decided *decided_create(uint32_t meters);
void decided_destroy(struct decided *decided);

/* Worker, before it takes up the table of its turn: the last number of which all is noted. */
static inline uint32_t decided_newest(const struct decided *decided)
{
	return atomic_load_explicit(&decided->newest, memory_order_acquire);
}

static inline bool decided_is_newer(const _Atomic uint32_t *number, uint32_t since)
{
	return (int32_t)(atomic_load_explicit(number, memory_order_relaxed) - since) > 0;
}

/* Was anything decided on one of a flow's meters since its decision was looked up? It may never have been. */
static inline bool decided_since(const struct decided *decided, const struct flow *flow)
{
	for (int scope = 0; flow->serial != 0 && scope < SCOPES; scope++)
		if (decided_is_newer(&decided->of_scope[scope], flow->serial) &&
		    decided_is_newer(&decided->meter[flow_meter(flow, scope)], flow->serial))
			return true;
	return flow->serial == 0;
}

/* Fetches ahead what that will look at. */
static inline void decided_fetch(const struct decided *decided, const struct flow *flow)
{
	for (int scope = 0; scope < SCOPES; scope++)
		if (decided_is_newer(&decided->of_scope[scope], flow->serial))
			fetch((const void *)&decided->meter[flow_meter(flow, scope)]);
}

#endif
