/* SPDX-License-Identifier: BSD-3-Clause */
#include "expire.h"

#include "end.h"
#include "usage.h"
#include "worker.h"

/* The whole table once in about four seconds, in parts small enough that what is due meanwhile is hardly late. */
#define SWEEP_EACH_NS 125000u
#define SWEEP_PARTS 32768u
#define SWEEP_LATE_MOST 8u /* parts a worker that had no time makes up for at once */
#define SWEEP_TOGETHER 64u /* records whose lines are fetched ahead at once */

/* A client that gave up says nothing: its slots come free when its SYN was not repeated for so long. Linux repeats
 * it within 33 s for its first minute; a later SYN asks anew. */
#define CONNECT_TIMEOUT_MS 40000u
#define CLOSING_TIMEOUT_MS 300000u
#define CUT_LINGER_MS 60000u
#define CLOSED_LINGER_MS 10000u

static uint32_t timeout_ms(const struct worker *worker, const struct flow *flow)
{
	switch ((enum flow_state)flow->state) {
	case FLOW_SYN_HELD:
	case FLOW_SYN_SENT:
		return CONNECT_TIMEOUT_MS;
	case FLOW_CLOSING:
		return CLOSING_TIMEOUT_MS;
	case FLOW_CUT:
		return CUT_LINGER_MS;
	case FLOW_CLOSED:
		return CLOSED_LINGER_MS;
	default:
		return table_settings(worker->table)->idle_timeout_s * 1000u;
	}
}

static bool is_over(const struct flow *flow)
{
	return flow->state == FLOW_CUT || flow->state == FLOW_CLOSED;
}

static void forget(struct worker *worker, struct flow *flow, uint64_t now)
{
	if (!is_over(flow)) {
		flow_end(worker, flow, FLOW_CLOSED, now);
		count(worker, COUNT_FLOWS_EXPIRED, 1);
	}
	flow_remove(worker->flows, flow);
}

static void tend(struct worker *worker, struct flow *flow, uint64_t now)
{
	usage_tell(worker, flow);
	usage_rest(worker, flow, now);
}

static bool is_old(const struct worker *worker, const struct flow *flow, uint64_t now)
{
	return (uint32_t)(now / 1000000) - flow->seen_ms >= timeout_ms(worker, flow);
}

/* What is to be done to them needs their places in the table, or their meters. */
static void fetch_some(const struct worker *worker, uint32_t from, uint32_t count, uint64_t now)
{
	for (uint32_t i = from; i < from + count; i++) {
		const struct flow *flow = flow_at(worker->flows, i);
		if (flow == NULL)
			continue;
		if (!is_over(flow))
			usage_fetch_to_tell(worker, flow);
		if (is_old(worker, flow, now))
			flow_fetch_place(worker->flows, flow);
	}
}

static void sweep_some(struct worker *worker, uint32_t from, uint32_t count, uint64_t now)
{
	fetch_some(worker, from, count, now);
	for (uint32_t i = from; i < from + count; i++) {
		struct flow *flow = flow_at(worker->flows, i);
		if (flow != NULL && is_old(worker, flow, now))
			forget(worker, flow, now);
		else if (flow != NULL && !is_over(flow))
			tend(worker, flow, now);
	}
}

/* How many parts it is time for. */
static uint32_t parts_due(struct worker *worker, uint64_t now)
{
	if (now < worker->sweep_at)
		return 0;
	uint64_t parts = (now - worker->sweep_at) / SWEEP_EACH_NS + 1;
	if (parts > SWEEP_LATE_MOST) {
		worker->sweep_at = now + SWEEP_EACH_NS;
		return SWEEP_LATE_MOST;
	}
	worker->sweep_at += parts * SWEEP_EACH_NS;
	return (uint32_t)parts;
}

void expire_some(struct worker *worker, uint64_t now)
{
	uint32_t most = flow_most(worker->flows), count;

	if (worker->table == NULL)
		return;
	for (uint32_t left = (most / SWEEP_PARTS + 1) * parts_due(worker, now); left > 0; left -= count) {
		count = left < SWEEP_TOGETHER ? left : SWEEP_TOGETHER;
		if (count > most - worker->sweep)
			count = most - worker->sweep;
		sweep_some(worker, worker->sweep, count, now);
		worker->sweep = worker->sweep + count < most ? worker->sweep + count : 0;
	}
}
