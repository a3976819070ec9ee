/* SPDX-License-Identifier: BSD-3-Clause */
#include "inspect.h"

#include <string.h>

#include "hold.h"
#include "messages.h"
#include "seat.h"
#include "worker.h"

/* Records a turn looks at: some tens of microseconds. */
#define LOOK_MOST 512u

/* Packets that wait here; a closed window counts as one. */
static uint8_t held_by(const struct worker *worker, const struct flow *flow)
{
	const struct wait *wait = hold_of(worker, flow);

	if (wait == NULL)
		return flow->window != 0;
	return (uint8_t)(wait->held < UINT8_MAX ? wait->held : UINT8_MAX);
}

static bool wanted(const struct worker *worker, const struct flow *flow, const struct wire_QUERY *query)
{
	if (flow == NULL || flow->state == FLOW_CLOSED || flow->state == FLOW_CUT)
		return false;
	if (query->waiting != 0 && held_by(worker, flow) == 0)
		return false;
	const struct scope_key *whose = seat_key(worker, flow, SCOPE_CUSTOMER_PROVIDER);
	return (query->customer == ID_ANY || query->customer == whose->customer) &&
	       (query->provider == ID_ANY || query->provider == whose->provider);
}

static void show(const struct worker *worker, const struct flow *flow, uint32_t now_ms, struct wire_ROW_FLOW *ret_row)
{
	const struct scope_key *whose = seat_key(worker, flow, SCOPE_CUSTOMER_PROVIDER);
	const struct dialogue *dialogue = &flow->dialogue;
	const struct message_count messages = messages_count(worker, flow);

	memset(ret_row, 0, sizeof(*ret_row));
	ret_row->source = seat_key(worker, flow, SCOPE_SOURCE)->address;
	ret_row->remote = seat_key(worker, flow, SCOPE_REMOTE)->address;
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
	ret_row->held = held_by(worker, flow);
	ret_row->idle_ms = now_ms - flow->seen_ms;
	ret_row->age_ms = now_ms - flow->opened_ms;
	ret_row->messages = messages.clear + messages.inferred;
	ret_row->inferred = messages.inferred;
	ret_row->bytes_out = flow_bytes_out(flow);
	ret_row->bytes_in = flow->bytes_in;
	ret_row->domain_way = flow->domain_way;
	ret_row->stream = flow->stream;
	ret_row->domain = seat_domain(worker, flow);
}

/* A part of the table; true when there is more. */
static bool look_through(struct worker *worker, struct inspect *inspect, uint32_t now_ms)
{
	uint32_t all = flow_most(worker->flows), end = inspect->at + LOOK_MOST;

	for (; inspect->at < end && inspect->at < all && inspect->count < inspect->query.most; inspect->at++) {
		const struct flow *flow = flow_at(worker->flows, inspect->at);
		if (wanted(worker, flow, &inspect->query))
			show(worker, flow, now_ms, &inspect->rows[inspect->count++]);
	}
	return inspect->at < all && inspect->count < inspect->query.most;
}

bool inspect_answer(struct worker *worker, uint64_t now)
{
	struct inspect *inspect = &worker->view.inspect;

	if (atomic_load_explicit(&inspect->state, memory_order_acquire) != INSPECT_ASKED)
		return false;
	if (look_through(worker, inspect, (uint32_t)(now / 1000000)))
		return true;
	atomic_store_explicit(&inspect->state, INSPECT_DONE, memory_order_release);
	return false;
}
