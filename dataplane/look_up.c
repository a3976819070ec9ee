/* SPDX-License-Identifier: BSD-3-Clause */
#include "look_up.h"

#include "decide.h"
#include "identify.h"
#include "worker.h"

static void decide(struct worker *worker, struct flow *flow)
{
	struct party party;

	if (flow->layout == table_layout(worker->table)) {
		decide_running(worker, flow);
		return;
	}
	/* It belongs to others now, for whom there were no meters. */
	identify_flow(worker, flow, &party);
	decide_as(worker, flow, &party.scopes);
}

void look_up(struct worker *worker, struct flow *flow, uint64_t now)
{
	flow->seen_ms = (uint32_t)(now / 1000000);
	if (flow->state == FLOW_CUT || flow->state == FLOW_CLOSED)
		return;
	if (flow->layout != table_layout(worker->table))
		identify_again(worker, flow, now);
	if (flow->serial != (uint32_t)table_generation(worker->table))
		decide(worker, flow);
}
