/* SPDX-License-Identifier: BSD-3-Clause */
#include "connect.h"

#include "admit.h"
#include "arrive.h"
#include "decide.h"
#include "end.h"
#include "hold.h"
#include "identify.h"
#include "memory.h"
#include "messages.h"
#include "refuse.h"
#include "seat.h"
#include "transmit.h"
#include "usage.h"
#include "worker.h"

/* Its handshake was not seen: as far as a receiver may well be. */
#define ADOPTED_RTT_MS 250

static uint32_t settings_refuse(const struct worker *worker)
{
	return table_settings(worker->table)->refuse;
}

static void refuse_packet(struct worker *worker, struct packet *packet, const struct flow_key *key, uint32_t mode,
			  uint64_t now)
{
	const struct syn syn = { packet_headers(packet), key, packet->seq };

	refuse(worker, &syn, mode, now);
	packet->kind = PACKET_GONE;
	rte_pktmbuf_free(packet->mbuf);
}

static void refuse_held(struct worker *worker, struct flow *flow, uint32_t mode, enum counter reason, uint64_t now)
{
	struct rte_mbuf *first = hold_of(worker, flow)->first;
	const struct flow_key key = { .inside = seat_key(worker, flow, SCOPE_SOURCE)->address,
				      .outside = seat_key(worker, flow, SCOPE_REMOTE)->address,
				      .inside_port = flow->inside_port,
				      .outside_port = flow->outside_port,
				      .vlan = flow->vlan };
	const struct syn syn = { held_headers(first), &key, held_note(first)->seq };

	refuse(worker, &syn, mode, now);
	seat_refused(worker, flow);
	count(worker, reason, 1);
	flow_end(worker, flow, FLOW_CLOSED, now);
}

/* The record of this five-tuple: a new one, or that of a connection that must be over, since its client opens
 * another. */
static struct flow *take_record(struct worker *worker, const struct packet *packet, uint64_t now)
{
	struct flow *flow = packet->flow;

	if (flow == NULL)
		return flow_insert(worker->flows, packet);
	flow_end(worker, flow, FLOW_CLOSED, now);
	const struct flow fresh = { .id = flow->id,
				    .inside_port = flow->inside_port,
				    .outside_port = flow->outside_port,
				    .vlan = flow->vlan,
				    .used = 1 };
	*flow = fresh;
	return flow;
}

/* With meters, or not at all. */
static struct flow *open_flow(struct worker *worker, const struct packet *packet, const struct arrival *arrival,
			      uint64_t now)
{
	struct seats seats;

	if (!usage_acquire_at(worker, &arrival->party.scopes, arrival->hash, &seats, now))
		return NULL;
	struct flow *flow = take_record(worker, packet, now);
	if (flow == NULL) {
		usage_release(worker, &seats, now);
		count(worker, COUNT_FLOW_TABLE_FULL, 1);
		return NULL;
	}
	flow->opened_ms = flow->seen_ms = (uint32_t)(now / 1000000);
	flow->layout = table_layout(worker->table);
	flow->domain_way = arrival->party.domain_way & 3;
	flow->stream = arrival->party.stream & 1;
	usage_sit(worker, flow, &seats, now);
	return flow;
}

/* The SYN again, before or after it was let through, or a late copy of it in a running connection. */
static bool is_repeat(const struct flow *flow, const struct packet *packet)
{
	uint32_t since = flow != NULL ? flow->dialogue.client_next - (packet->seq + 1) : 0;

	switch (flow != NULL ? flow->state : FLOW_CLOSED) {
	case FLOW_SYN_HELD:
	case FLOW_SYN_SENT:
		return since == 0;
	case FLOW_ESTABLISHED:
	case FLOW_CLOSING:
		return since <= flow_bytes_out(flow);
	default:
		return false;
	}
}

static void repeat(struct worker *worker, struct flow *flow, struct packet *packet, uint64_t now)
{
	flow->seen_ms = (uint32_t)(now / 1000000);
	if (flow->state != FLOW_SYN_HELD || !hold_absorb(worker, flow, packet))
		transmit_forward(worker, packet);
}

/* Every SYN is held, most of them for no time at all: so there is one way for all. */
static void queue(struct worker *worker, struct flow *flow, struct packet *packet, uint64_t now)
{
	uint64_t until = now + table_settings(worker->table)->max_hold_ms * 1000000ull;

	flow->state = FLOW_SYN_HELD;
	flow->serial = worker->decided;
	dialogue_open(&flow->dialogue, packet->seq);
	messages_open(worker, flow);
	struct wait *wait = hold_append(worker, flow, packet, until, 0);
	wait->until = until;
	wait->due = wait->since = now;
	connect_again(worker, flow, now);
	if (flow->state == FLOW_SYN_HELD)
		count(worker, COUNT_HELD_SYN, 1);
}

/* A SYN under quarantine. An older connection of this five-tuple must be over. */
static void refuse_decided(struct worker *worker, struct packet *packet, const struct flow_key *key, uint32_t mode,
			   uint64_t now)
{
	if (packet->flow != NULL)
		flow_end(worker, packet->flow, FLOW_CUT, now);
	refuse_packet(worker, packet, key, mode, now);
	count(worker, COUNT_REFUSED_QUARANTINE, 1);
}

void connect_new(struct worker *worker, struct packet *packet, uint64_t now)
{
	const struct arrival *arrival = packet->arrival;
	struct flow *flow = packet->flow;
	bool runs = flow != NULL && (flow->state == FLOW_ESTABLISHED || flow->state == FLOW_CLOSING);

	if (packet->payload > 0) {
		transmit_drop(worker, packet, COUNT_DROP_SYN_DATA);
		return;
	}
	const struct wire_PUT_VERDICT *verdict = decide_new(worker, &arrival->party.scopes);
	if (verdict != NULL && runs && is_repeat(flow, packet)) {
		transmit_drop(worker, packet, COUNT_DROP_QUARANTINE); /* a late copy: the turn rule decides there */
	} else if (verdict != NULL) {
		refuse_decided(worker, packet, &arrival->key, verdict->refuse, now);
	} else if (is_repeat(flow, packet)) {
		repeat(worker, flow, packet, now);
	} else if ((packet->flow = open_flow(worker, packet, arrival, now)) != NULL) {
		queue(worker, packet->flow, packet, now);
	} else {
		refuse_packet(worker, packet, &arrival->key, settings_refuse(worker), now);
		count(worker, COUNT_REFUSED_NO_ROOM, 1);
	}
}

static void let_through(struct worker *worker, struct flow *flow, uint64_t now)
{
	flow->state = FLOW_SYN_SENT;
	flow->opened_ms = flow->seen_ms = (uint32_t)(now / 1000000);
	transmit_send(worker, OUTSIDE, hold_take(worker, flow));
}

static void wait_on(struct worker *worker, struct flow *flow, uint64_t when, uint64_t now)
{
	if (worker->held > worker->gate->held_most)
		refuse_held(worker, flow, settings_refuse(worker), COUNT_REFUSED_HOLD_FULL, now);
	else
		hold_wake(worker, hold_of(worker, flow), when);
}

void connect_again(struct worker *worker, struct flow *flow, uint64_t now)
{
	uint64_t when = now;

	if (flow->quarantined) {
		refuse_held(worker, flow, flow->refuse, COUNT_REFUSED_QUARANTINE, now);
		return;
	}
	if (admit(worker, flow, now, &when))
		let_through(worker, flow, now);
	else if (when != UINT64_MAX)
		wait_on(worker, flow, when, now);
	else
		refuse_held(worker, flow, settings_refuse(worker), COUNT_REFUSED_LIMIT, now);
}

bool connect_adopt(struct worker *worker, struct packet *packet, uint64_t now)
{
	struct arrival arrival;

	packet_key(packet, &arrival.key);
	identify(worker, &arrival.key, &arrival.party);
	meter_hashes(worker->gate->meters, arrival.party.scopes.key, SCOPES, arrival.hash);
	struct flow *flow = open_flow(worker, packet, &arrival, now);
	packet->flow = flow;
	if (flow == NULL)
		return false;
	seat_count_slots(worker, flow);
	flow->rtt_ms = ADOPTED_RTT_MS;
	dialogue_adopt(&flow->dialogue, packet->seq, packet->ack);
	messages_adopt(worker, flow);
	flow->state = FLOW_ESTABLISHED;
	count(worker, COUNT_FLOWS_ADOPTED, 1);
	return true;
}
