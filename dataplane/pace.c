/* SPDX-License-Identifier: BSD-3-Clause */
#include "pace.h"

#include "hold.h"
#include "seat.h"
#include "usage.h"
#include "worker.h"

static enum pacing drop(struct worker *worker, enum counter reason)
{
	count(worker, reason, 1);
	return PACE_DROP;
}

/* Behind what waits already: no tokens yet. */
static enum pacing queue(struct worker *worker, struct flow *flow, uint64_t now, struct pause *ret_pause)
{
	ret_pause->until = now + hold_budget_ns(worker, flow);
	return hold_room(worker, flow) ? PACE_HOLD : drop(worker, COUNT_DROP_HOLD_FULL);
}

/* Has it to be waited for? */
static enum pacing wait_for(struct worker *worker, struct flow *flow, uint32_t bytes, uint64_t now, struct pause *pause)
{
	enum phase phase = dialogue_phase(&flow->dialogue);

	/* A TLS handshake is never made to wait: some MTAs would go on without TLS. */
	if (phase == PHASE_TLS_START)
		return PACE_NOW;
	pause->until = now + hold_phase_ns(worker, phase);
	bool room = hold_room(worker, flow);
	if (pause->due <= pause->until && room)
		return PACE_HOLD;
	usage_return_bytes(worker, flow, bytes, 0);
	return drop(worker, room ? COUNT_DROP_HOLD_BUDGET : COUNT_DROP_HOLD_FULL);
}

enum pacing pace(struct worker *worker, struct flow *flow, const struct packet *packet, uint64_t now,
		 struct pause *ret_pause)
{
	uint32_t bytes = packet_ip_bytes(packet);

	if (flow->wait != 0)
		return queue(worker, flow, now, ret_pause);
	if (flow->byte_scopes == 0)
		return PACE_NOW;
	const struct departure departure = usage_take_bytes(worker, flow, bytes, now);
	if (departure.due <= now)
		return PACE_NOW;
	ret_pause->due = departure.due;
	ret_pause->scope = departure.scope;
	seat_waits(worker, flow, departure.scope, LIMIT_BYTE_RATE);
	return wait_for(worker, flow, bytes, now, ret_pause);
}

uint64_t pace_next(struct worker *worker, struct flow *flow, uint64_t now)
{
	struct wait *wait = hold_of(worker, flow);
	struct rte_mbuf *first = wait->first;

	if (held_note(first)->payload == 0) /* a FIN goes with what it ends */
		return now;
	struct departure departure = usage_take_bytes(worker, flow, held_ip_bytes(first), now);

	if (departure.due > now) {
		wait->scope = departure.scope;
		seat_waits(worker, flow, departure.scope, LIMIT_BYTE_RATE);
	}
	if (departure.due <= held_note(first)->until)
		return departure.due;
	usage_return_bytes(worker, flow, held_ip_bytes(first), 0);
	return UINT64_MAX;
}

void pace_leaves(struct worker *worker, const struct flow *flow, uint64_t now)
{
	const struct wait *wait = hold_of(worker, flow);

	if (wait->since != 0)
		count_wait(worker, WAIT_SEGMENT, wait->scope, now - wait->since);
}

void pace_forget(struct worker *worker, const struct flow *flow, uint64_t now)
{
	const struct wait *wait = hold_of(worker, flow);

	/* A SYN has taken no tokens, swallowed bytes gave theirs back. */
	if (wait != NULL && !wait->swallowed && held_note(wait->first)->payload > 0)
		usage_return_bytes(worker, flow, held_ip_bytes(wait->first), now > wait->due ? now - wait->due : 0);
}
