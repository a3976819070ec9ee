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

/* May the segment leave? Its tokens are taken if it may, or if it is the first to wait: then *ret_departure says
 * until when, and for whose limit. PACE_DROP: it would wait longer than its phase allows, or there is no room; TCP
 * repeats it. While TLS starts nothing waits. */
enum pacing pace(struct worker *worker, struct flow *flow, const struct packet *packet, uint64_t now,
		 struct departure *ret_departure);

/* The first of what waits has left: takes the next one's tokens; returns when it may leave, UINT64_MAX when it
 * would be held too long. */
uint64_t pace_next(struct worker *worker, struct flow *flow, uint64_t now);

/* The first of what waits leaves: notes how long it did. */
void pace_leaves(struct worker *worker, const struct flow *flow, uint64_t now);

/* What waits will never leave: its tokens are given back. */
void pace_forget(struct worker *worker, const struct flow *flow, uint64_t now);

#endif
