/* SPDX-License-Identifier: BSD-3-Clause */
#include "pace.h"

#include "hold.h"
#include "usage.h"
#include "worker.h"

static enum pacing drop(struct worker *worker, enum counter reason)
{
	count(worker, reason, 1);
	return PACE_DROP;
}

/* Behind what waits already: no tokens yet. */
static enum pacing queue(struct worker *worker, struct flow *flow)
{
	return hold_room(worker, flow) ? PACE_HOLD : drop(worker, COUNT_DROP_HOLD_FULL);
}

enum pacing pace(struct worker *worker, struct flow *flow, const struct packet *packet, uint64_t now,
		 struct departure *ret_departure)
{
	uint32_t bytes = packet_ip_bytes(packet);

	if (flow->wait != 0)
		return queue(worker, flow);
	if (flow->byte_scopes == 0)
		return PACE_NOW;
	*ret_departure = usage_take_bytes(worker, flow, bytes, now);
	/* A TLS handshake is never made to wait: some MTAs would go on without TLS. */
	if (ret_departure->due <= now || dialogue_phase(&flow->dialogue) == PHASE_TLS_START)
		return PACE_NOW;
	if (ret_departure->due - now <= hold_budget_ns(worker, flow) && hold_room(worker, flow))
		return PACE_HOLD;
	usage_return_bytes(worker, flow, bytes, 0);
	return drop(worker, hold_room(worker, flow) ? COUNT_DROP_HOLD_BUDGET : COUNT_DROP_HOLD_FULL);
}

uint64_t pace_next(struct worker *worker, struct flow *flow, uint64_t now)
{
	struct wait *wait = hold_of(worker, flow);
	struct rte_mbuf *first = wait->first;

	if (held_note(first)->payload == 0) /* a FIN goes with what it ends */
		return now;
	struct departure departure = usage_take_bytes(worker, flow, held_ip_bytes(first), now);

	if (departure.due > now)
		wait->scope = departure.scope;
	if (departure.due <= held_note(first)->until)
		return departure.due;
	usage_return_bytes(worker, flow, held_ip_bytes(first), 0);
	return UINT64_MAX;
}

void pace_leaves(struct worker *worker, const struct flow *flow, uint64_t now)
{
	const struct wait *wait = hold_of(worker, flow);
	const struct held *first = held_note(wait->first);

	if (first->payload > 0) /* a FIN goes with what it ends */
		count_wait(worker, WAIT_SEGMENT, wait->scope, now - first->since);
}

void pace_forget(struct worker *worker, const struct flow *flow, uint64_t now)
{
	const struct wait *wait = hold_of(worker, flow);

	/* A SYN has taken no tokens, swallowed bytes gave theirs back. */
	if (wait != NULL && !wait->swallowed && held_note(wait->first)->payload > 0)
		usage_return_bytes(worker, flow, held_ip_bytes(wait->first), now > wait->due ? now - wait->due : 0);
}
