/* SPDX-License-Identifier: BSD-3-Clause */
#include "expire.h"

#include "end.h"
#include "usage.h"
#include "worker.h"

/* The whole table once in about four seconds, a little each millisecond. */
#define SWEEP_EACH_NS 1000000u
#define SWEEP_PARTS 4096u

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

static void forget(struct worker *worker, struct flow *flow, uint64_t now)
{
	if (flow->state != FLOW_CUT && flow->state != FLOW_CLOSED) {
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

void expire_some(struct worker *worker, uint64_t now)
{
	uint32_t most = flow_most(worker->flows), now_ms = (uint32_t)(now / 1000000);

	if (worker->table == NULL || now < worker->sweep_at)
		return;
	worker->sweep_at = now + SWEEP_EACH_NS;
	for (uint32_t left = most / SWEEP_PARTS + 1; left > 0; left--) {
		struct flow *flow = flow_at(worker->flows, worker->sweep);
		if (flow != NULL && now_ms - flow->seen_ms >= timeout_ms(worker, flow))
			forget(worker, flow, now);
		else if (flow != NULL && flow->state != FLOW_CUT && flow->state != FLOW_CLOSED)
			tend(worker, flow, now);
		worker->sweep = worker->sweep + 1 < most ? worker->sweep + 1 : 0;
	}
}
