/* SPDX-License-Identifier: BSD-3-Clause */
/* Stage 7. A client segment's departure: as early as the byte rates of its scopes allow, in the flow's order.
 * What must wait stands in the flow's queue, and the flow in the worker's timing wheel. */
#ifndef SLUICE_PACE_H
#define SLUICE_PACE_H

#include <stdbool.h>
#include <stdint.h>

struct flow;
struct packet;
struct worker;

enum pacing { PACE_NOW, PACE_HOLD, PACE_DROP };

/* When the segment may leave. Tokens are taken unless it is PACE_DROP: it would wait longer than its phase
 * allows, or there is no room; TCP repeats it. While TLS starts nothing waits. */
enum pacing pace(struct worker *worker, struct flow *flow, const struct packet *packet, uint64_t now,
		 uint64_t *ret_due);

#endif
