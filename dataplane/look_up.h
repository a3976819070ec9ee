/* SPDX-License-Identifier: BSD-3-Clause */
/* A connection that runs keeps up with what is published: whose it is, what limits it, what is decided on it. */
#ifndef SLUICE_LOOK_UP_H
#define SLUICE_LOOK_UP_H

#include "worker.h"

struct burst;

/* Fetches ahead what the burst's flows will look at, where something is new. */
void look_up_fetch(const struct worker *worker, const struct burst *burst);

/* What is new since it looked last. */
void look_up_news(struct worker *worker, struct flow *flow, uint64_t now);

/* Is nothing new? */
static inline bool looked_up(const struct worker *worker, const struct flow *flow)
{
	return flow->serial == worker->decided && flow->layout == table_layout(worker->table);
}

/* With each of its packets, and when it waited: by the table of this turn. Nearly always nothing is new. */
static inline void look_up(struct worker *worker, struct flow *flow, uint64_t now)
{
	flow->seen_ms = (uint32_t)(now / 1000000);
	if (!looked_up(worker, flow))
		look_up_news(worker, flow, now);
}

#endif
