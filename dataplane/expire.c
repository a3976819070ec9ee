/* SPDX-License-Identifier: BSD-3-Clause */
#include "expire.h"

#include <string.h>

#include "end.h"
#include "hold.h"
#include "inspect.h"
#include "messages.h"
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

static bool wanted(const struct worker *worker, const struct flow *flow, const struct wire_QUERY *query)
{
	if (flow == NULL || flow->state == FLOW_CLOSED || flow->state == FLOW_CUT)
		return false;
	const struct scope_key *whose = usage_key(worker, flow, SCOPE_CUSTOMER_PROVIDER);
	return (query->customer == ID_ANY || query->customer == whose->customer) &&
	       (query->provider == ID_ANY || query->provider == whose->provider);
}

static void show(const struct worker *worker, const struct flow *flow, uint32_t now_ms, struct wire_ROW_FLOW *ret_row)
{
	const struct scope_key *whose = usage_key(worker, flow, SCOPE_CUSTOMER_PROVIDER);
	const struct wait *wait = hold_of(worker, flow);
	const struct dialogue *dialogue = &flow->dialogue;
	const struct message_count messages = messages_count(worker, flow);

	memset(ret_row, 0, sizeof(*ret_row));
	ret_row->source = usage_key(worker, flow, SCOPE_SOURCE)->address;
	ret_row->remote = usage_key(worker, flow, SCOPE_REMOTE)->address;
	ret_row->source_port = flow->inside_port;
	ret_row->remote_port = flow->outside_port;
	ret_row->vlan = flow->vlan;
	ret_row->state = flow->state;
	ret_row->phase = (uint8_t)(flow->state <= FLOW_SYN_SENT ? PHASE_SYN : dialogue_phase(dialogue));
	ret_row->customer = whose->customer;
	ret_row->provider = whose->provider;
	ret_row->tls = dialogue->stage == STAGE_TLS;
	ret_row->adopted = dialogue->adopted;
	ret_row->quarantined = flow->quarantined;
	ret_row->held = (uint8_t)(wait == NULL ? flow->window != 0 : wait->held < UINT8_MAX ? wait->held : UINT8_MAX);
	ret_row->idle_ms = now_ms - flow->seen_ms;
	ret_row->age_ms = now_ms - flow->opened_ms;
	ret_row->messages = messages.clear + messages.inferred;
	ret_row->inferred = messages.inferred;
	ret_row->bytes_out = flow->bytes_out;
	ret_row->bytes_in = flow->bytes_in;
}

void expire_show(struct worker *worker, struct inspect *inspect, uint64_t now)
{
	inspect->count = 0;
	for (uint32_t i = 0; i < flow_most(worker->flows) && inspect->count < inspect->query.most; i++) {
		const struct flow *flow = flow_at(worker->flows, i);
		if (wanted(worker, flow, &inspect->query))
			show(worker, flow, (uint32_t)(now / 1000000), &inspect->rows[inspect->count++]);
	}
}
