/* SPDX-License-Identifier: BSD-3-Clause */
#include "pace.h"

#include "hold.h"
#include "usage.h"
#include "worker.h"

static uint64_t budget_ns(const struct worker *worker, const struct flow *flow)
{
	return table_settings(worker->table)->hold_budget_ms[dialogue_phase(&flow->dialogue)] * 1000000ull;
}

/* Behind what waits already, whatever the buckets say. */
static uint64_t behind(const struct flow *flow, uint64_t due)
{
	if (flow->held_last == NULL)
		return due;
	uint64_t last = held_note(flow->held_last)->due;
	return due > last ? due : last;
}

/* A TLS handshake is never made to wait: some MTAs would go on without TLS. */
static bool may_wait(const struct flow *flow)
{
	return flow->held_last != NULL || dialogue_phase(&flow->dialogue) != PHASE_TLS_START;
}

enum pacing pace(struct worker *worker, struct flow *flow, const struct packet *packet, uint64_t now, uint64_t *ret_due)
{
	uint32_t bytes = packet_ip_bytes(packet);
	uint64_t when = behind(flow, usage_when(flow, LIMIT_BYTE_RATE, bytes, now));

	if (when <= now || !may_wait(flow)) {
		usage_take(flow, LIMIT_BYTE_RATE, bytes, now);
		usage_bytes(flow, bytes);
		return PACE_NOW;
	}
	if (when - now > budget_ns(worker, flow)) {
		count(worker, COUNT_DROP_HOLD_BUDGET, 1);
		return PACE_DROP;
	}
	if (!hold_room(worker, flow)) {
		count(worker, COUNT_DROP_HOLD_FULL, 1);
		return PACE_DROP;
	}
	*ret_due = behind(flow, usage_take(flow, LIMIT_BYTE_RATE, bytes, now));
	usage_bytes(flow, bytes);
	return PACE_HOLD;
}
