/* SPDX-License-Identifier: BSD-3-Clause */
#include "look_up.h"

#include "decide.h"
#include "identify.h"
#include "memory.h"
#include "seat.h"

static bool has_news(const struct worker *worker, const struct packet *packet)
{
	return packet->kind == PACKET_SMTP && packet->flow != NULL && packet->flow->serial != worker->decided;
}

/* On whose meters something was decided, he looks at their keys. */
static void fetch_keys(const struct worker *worker, const struct flow *flow)
{
	if (!decided_since(worker->gate->meters->decided, flow))
		return;
	for (int scope = 0; scope < SCOPES; scope++)
		if (table_verdicts_on(worker->table, (enum scope)scope))
			fetch(seat_key(worker, flow, (enum scope)scope));
}

void look_up_fetch(const struct worker *worker, const struct burst *burst)
{
	bool news = false;

	for (uint16_t i = 0; i < burst->count; i++) {
		const struct flow *flow = burst->packet[i].flow;
		if (!has_news(worker, &burst->packet[i]))
			continue;
		news = true;
		decided_fetch(worker->gate->meters->decided, flow);
	}
	for (uint16_t i = 0; news && i < burst->count; i++)
		if (has_news(worker, &burst->packet[i]))
			fetch_keys(worker, burst->packet[i].flow);
}

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

void look_up_news(struct worker *worker, struct flow *flow, uint64_t now)
{
	if (flow->state == FLOW_CUT || flow->state == FLOW_CLOSED)
		return;
	if (flow->layout != table_layout(worker->table)) {
		identify_again(worker, flow, now);
		flow->serial = 0; /* all may be decided otherwise */
	}
	if (flow->serial != worker->decided)
		decide(worker, flow);
}
