/* SPDX-License-Identifier: BSD-3-Clause */
/* Stage 7. A client segment's departure: as early as the byte rates of its scopes allow, in the flow's order.
 * Only the first segment of what a flow holds has its tokens; the next one asks when that one has left. So a
 * flow with a long backlog is served a segment at a time, beside the others, and a short command waits behind
 * one segment of each, not behind all of them. */
#ifndef SLUICE_PACE_H
#define SLUICE_PACE_H

#include <stdbool.h>
#include <stdint.h>

#include "usage.h"

struct flow;
struct packet;
struct worker;

enum pacing { PACE_NOW, PACE_HOLD, PACE_DROP };

/* Of a segment that waits: till when, for whose limit (the first only), and how long it may at most. */
struct pause {
	uint64_t due, until;
	uint8_t scope;
};

/* May the segment leave? Its tokens are taken if it may, or if it is the first to wait. PACE_DROP: it would wait longer
 * than its phase allows, or there is no room; TCP repeats it. While TLS starts nothing waits. */
enum pacing pace(struct worker *worker, struct flow *flow, const struct packet *packet, uint64_t now,
		 struct pause *ret_pause);

/* The first of what waits has left: takes the next one's tokens; returns when it may leave, UINT64_MAX when it
 * would be held too long. */
uint64_t pace_next(struct worker *worker, struct flow *flow, uint64_t now);

/* The first of what waits leaves: notes how long it did. */
void pace_leaves(struct worker *worker, const struct flow *flow, uint64_t now);

/* What waits will never leave: its tokens are given back. */
void pace_forget(struct worker *worker, const struct flow *flow, uint64_t now);

#endif
