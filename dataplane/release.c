/* SPDX-License-Identifier: BSD-3-Clause */
#include "release.h"

#include "burst.h"
#include "connect.h"
#include "cut.h"
#include "hold.h"
#include "look_up.h"
#include "memory.h"
#include "messages.h"
#include "pace.h"
#include "track.h"
#include "transmit.h"
#include "usage.h"
#include "window.h"
#include "worker.h"

#define RELEASE_BURST BURST_MAX /* each may be filed anew: hold_wake_soon() has room for so many */

/* A turn that waited is cut, whatever the server said since it came. */
static bool is_held_turn(const struct worker *worker, const struct flow *flow)
{
	return flow->quarantined && held_note(hold_of(worker, flow)->first)->flags & HELD_TURN;
}

/* What waited too long is as if it had not come: the client repeats it, and is followed again from there. */
static void drop_held(struct worker *worker, struct flow *flow)
{
	struct wait *wait = hold_of(worker, flow);
	const struct held *first = held_note(wait->first);

	count(worker, COUNT_DROP_HOLD_BUDGET, wait->held);
	dialogue_rewind(&flow->dialogue, first->seq, first->flags & HELD_TURN);
	messages_lose(worker, flow);
	hold_purge(worker, flow);
}

/* The first, whose time has come; then those behind it as far as the tokens go. */
static void release_segments(struct worker *worker, struct flow *flow, uint64_t now)
{
	uint64_t due = hold_as_of(hold_of(worker, flow), now);

	while (flow->wait != 0 && due <= now) {
		if (is_held_turn(worker, flow)) {
			cut_held(worker, flow, now);
			return;
		}
		pace_leaves(worker, flow, due);
		transmit_send(worker, OUTSIDE, hold_take(worker, flow));
		if (flow->wait != 0)
			due = pace_next(worker, flow, due);
	}
	if (flow->wait == 0) {
		if (flow->client_fin && flow->server_fin)
			track_goodbyes(worker, flow, now);
	} else if (due != UINT64_MAX) {
		hold_wake_soon(worker, hold_of(worker, flow), due);
	} else {
		drop_held(worker, flow);
	}
}

static void release(struct worker *worker, const struct wait *wait, uint64_t now)
{
	struct flow *flow = flow_place(worker->flows, wait->flow);

	if (wait->window) {
		window_due(worker, flow, now);
		return;
	}
	look_up(worker, flow, now);
	if (flow->state == FLOW_SYN_HELD)
		connect_again(worker, flow, now);
	else if (hold_swallows(worker, flow))
		cut_due(worker, flow, now);
	else
		release_segments(worker, flow, now);
}

/* A handle of the wheel is meant if the record says so; beyond the wheel's horizon it is filed again. */
static struct wait *woken(struct worker *worker, const struct wheel_due *due, uint64_t now)
{
	struct wait *wait = &worker->waits[due->handle];

	if (wait->turn != due->turn)
		return NULL;
	wait->turn = 0;
	if (wait->due <= now)
		return wait;
	hold_wake(worker, wait, wait->due);
	return NULL;
}

/* A segment that waits alone: half of its flow is enough. */
static bool is_simple(const struct wait *wait)
{
	return wait->held == 1 && wait->ticket == 0 && !wait->window && !wait->swallowed;
}

/* Who has more behind the first will take its tokens. */
static void fetch_next(struct worker *worker, const struct wheel_due *due)
{
	const struct wait *wait = &worker->waits[due->handle];

	if (wait->turn != due->turn || wait->held <= 1)
		return;
	usage_fetch_bytes(worker, flow_place(worker->flows, wait->flow));
	fetch(held_note(held_note(wait->first)->next));
}

static void fetch_ahead(struct worker *worker, const struct wheel_due *due, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		fetch(&worker->waits[due[i].handle]);
	for (unsigned i = 0; i < count; i++) {
		const struct wait *wait = &worker->waits[due[i].handle];
		const struct flow *flow = flow_place(worker->flows, wait->flow);
		if (wait->turn != due[i].turn)
			continue;
		fetch(flow);
		fetch(wait->first);
		if (is_simple(wait))
			continue;
		fetch((const char *)flow + 64);
		fetch(held_note(wait->first));
	}
	for (unsigned i = 0; i < count; i++)
		fetch_next(worker, &due[i]);
}

unsigned release_due(struct worker *worker, uint64_t now, unsigned most)
{
	struct wheel_due due[RELEASE_BURST];
	unsigned released = 0, count;

	while (worker->table != NULL && released < most &&
	       (count = wheel_expire(worker->wheel, now, due, RELEASE_BURST)) > 0) {
		fetch_ahead(worker, due, count);
		for (unsigned i = 0; i < count; i++) {
			const struct wait *wait = woken(worker, &due[i], now);
			if (wait != NULL)
				release(worker, wait, now);
		}
		hold_file(worker);
		released += count;
	}
	return released;
}
