/* SPDX-License-Identifier: BSD-3-Clause */
#include "connect.h"

#include "admit.h"
#include "decide.h"
#include "end.h"
#include "hold.h"
#include "identify.h"
#include "refuse.h"
#include "usage.h"
#include "worker.h"

/* Its handshake was not seen: as far as a receiver may well be. */
#define ADOPTED_RTT_MS 250

static uint32_t settings_refuse(const struct worker *worker)
{
	return table_settings(worker->table)->refuse;
}

static void refuse_packet(struct worker *worker, struct packet *packet, uint32_t mode, enum counter reason,
			  uint64_t now)
{
	const struct syn syn = { packet_headers(packet), &packet->key, packet->seq };

	refuse(worker, &syn, mode, now);
	count(worker, reason, 1);
	packet->kind = PACKET_GONE;
	rte_pktmbuf_free(packet->mbuf);
}

static void refuse_held(struct worker *worker, struct flow *flow, uint32_t mode, enum counter reason, uint64_t now)
{
	const struct syn syn = { held_headers(flow->held_first), &flow->key, held_note(flow->held_first)->seq };

	refuse(worker, &syn, mode, now);
	usage_refused(flow);
	count(worker, reason, 1);
	flow_end(worker, flow, FLOW_CLOSED, now);
}

/* The record of this five-tuple, new or of a connection that must be over: its client opens another. */
static struct flow *take_record(struct worker *worker, const struct packet *packet, uint64_t now)
{
	struct flow *flow = flow_find(worker->flows, &packet->key, packet->hash);

	if (flow == NULL)
		return flow_insert(worker->flows, &packet->key, packet->hash);
	flow_end(worker, flow, FLOW_CLOSED, now);
	const struct flow fresh = { .key = flow->key, .index = flow->index, .used = true };
	*flow = fresh;
	return flow;
}

static struct flow *open_flow(struct worker *worker, const struct packet *packet, const struct party *party,
			      uint64_t now)
{
	struct flow *flow = take_record(worker, packet, now);

	if (flow == NULL) {
		count(worker, COUNT_FLOW_TABLE_FULL, 1);
		return NULL;
	}
	flow->state = FLOW_CLOSED;
	flow->opened_ms = flow->seen_ms = (uint32_t)(now / 1000000);
	if (!usage_join(worker, flow, &party->scopes, now))
		return NULL;
	flow->customer = party->customer;
	flow->provider = party->provider;
	flow->layout = table_layout(worker->table);
	return flow;
}

/* The SYN again, before or after it was let through. */
static bool is_repeat(const struct flow *flow, const struct packet *packet)
{
	return flow != NULL &&
	       (flow->state == FLOW_SYN_HELD || flow->state == FLOW_SYN_SENT || flow->state == FLOW_ESTABLISHED) &&
	       flow->dialogue.client_next == packet->seq + 1;
}

static void repeat(struct worker *worker, struct flow *flow, struct packet *packet, uint64_t now)
{
	flow->seen_ms = (uint32_t)(now / 1000000);
	if (flow->state != FLOW_SYN_HELD || !hold_absorb(worker, flow, packet))
		worker_forward(worker, packet);
}

/* Every SYN is held, most of them for no time at all: so there is one way for all. */
static void queue(struct worker *worker, struct flow *flow, struct packet *packet, uint64_t now)
{
	flow->state = FLOW_SYN_HELD;
	flow->generation = table_generation(worker->table);
	flow->hold_until = now + table_settings(worker->table)->max_hold_ms * 1000000ull;
	dialogue_open(&flow->dialogue, packet->seq);
	hold_append(worker, flow, packet, now, 0);
	connect_again(worker, flow, now);
	if (flow->state == FLOW_SYN_HELD)
		count(worker, COUNT_HELD_SYN, 1);
}

void connect_new(struct worker *worker, struct packet *packet, uint64_t now)
{
	struct flow *flow = flow_find(worker->flows, &packet->key, packet->hash);
	struct party party;

	if (packet->payload > 0) {
		worker_drop(worker, packet, COUNT_DROP_SYN_DATA);
		return;
	}
	identify(worker, &packet->key, &party);
	const struct wire_PUT_VERDICT *verdict = decide_new(worker, &party.scopes);
	if (verdict != NULL) {
		if (flow != NULL)
			flow_end(worker, flow, FLOW_CUT, now);
		refuse_packet(worker, packet, verdict->refuse, COUNT_REFUSED_QUARANTINE, now);
		return;
	}
	if (is_repeat(flow, packet)) {
		repeat(worker, flow, packet, now);
		return;
	}
	if (worker->held >= worker->gate->held_most) {
		refuse_packet(worker, packet, settings_refuse(worker), COUNT_REFUSED_HOLD_FULL, now);
		return;
	}
	flow = open_flow(worker, packet, &party, now);
	if (flow == NULL)
		refuse_packet(worker, packet, settings_refuse(worker), COUNT_REFUSED_NO_ROOM, now);
	else
		queue(worker, flow, packet, now);
}

static void let_through(struct worker *worker, struct flow *flow, uint64_t now)
{
	flow->state = FLOW_SYN_SENT;
	flow->opened_ms = flow->seen_ms = (uint32_t)(now / 1000000);
	worker_send(worker, OUTSIDE, hold_take(worker, flow));
}

void connect_again(struct worker *worker, struct flow *flow, uint64_t now)
{
	uint64_t when = now;

	if (flow->quarantined) {
		refuse_held(worker, flow, flow->refuse, COUNT_REFUSED_QUARANTINE, now);
		return;
	}
	switch (admit(worker, flow, now, &when)) {
	case ADMIT_NOW:
		let_through(worker, flow, now);
		break;
	case ADMIT_LATER:
		wheel_insert(worker->wheel, &flow->wait, when);
		break;
	case ADMIT_NEVER:
		refuse_held(worker, flow, settings_refuse(worker), COUNT_REFUSED_LIMIT, now);
		break;
	}
}

bool connect_adopt(struct worker *worker, struct packet *packet, uint64_t now)
{
	struct party party;

	identify(worker, &packet->key, &party);
	struct flow *flow = open_flow(worker, packet, &party, now);
	packet->flow = flow;
	if (flow == NULL)
		return false;
	usage_count_slots(flow);
	flow->rtt_ms = ADOPTED_RTT_MS;
	dialogue_adopt(&flow->dialogue, packet->seq, packet->ack);
	flow->state = FLOW_ESTABLISHED;
	count(worker, COUNT_FLOWS_ADOPTED, 1);
	return true;
}
