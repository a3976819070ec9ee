/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline.h"

#include "connect.h"
#include "cut.h"
#include "decide.h"
#include "end.h"
#include "hold.h"
#include "identify.h"
#include "pace.h"
#include "parse.h"
#include "refuse.h"
#include "steer.h"
#include "track.h"
#include "worker.h"

/* What becomes of a packet from one side, by its flow's state. Each takes the packet. */
typedef void handler(struct worker *worker, struct packet *packet, uint64_t now);

static handler stranger, waiting, connecting, running, over, reply_early, reply_first, reply, reply_late;

static handler *const from_inside[FLOW_STATE_COUNT] = {
	[FLOW_SYN_HELD] = waiting, [FLOW_SYN_SENT] = connecting, [FLOW_ESTABLISHED] = running, [FLOW_CLOSING] = running,
	[FLOW_CUT] = over,	   [FLOW_CLOSED] = over,
};

static handler *const from_outside[FLOW_STATE_COUNT] = {
	[FLOW_SYN_HELD] = reply_early, [FLOW_SYN_SENT] = reply_first, [FLOW_ESTABLISHED] = reply,
	[FLOW_CLOSING] = reply,	       [FLOW_CUT] = reply_late,	      [FLOW_CLOSED] = reply_late,
};

static bool held_by_decision(struct worker *worker, const struct packet *packet)
{
	struct party party;

	identify(worker, &packet->key, &party);
	return decide_new(worker, &party.scopes) != NULL;
}

/* Of a handshake the gate answered itself? Then it is answered again, and gone. */
static bool answered_here(struct worker *worker, struct packet *packet, uint64_t now)
{
	struct party party;

	identify(worker, &packet->key, &party);
	if (!refuse_goes_on(worker, packet, decide_new(worker, &party.scopes), now))
		return false;
	packet->kind = PACKET_GONE;
	rte_pktmbuf_free(packet->mbuf);
	return true;
}

static void adopt(struct worker *worker, struct packet *packet, uint64_t now)
{
	if (connect_adopt(worker, packet, now))
		running(worker, packet, now);
	else if (held_by_decision(worker, packet))
		worker_drop(worker, packet, COUNT_DROP_QUARANTINE);
	else
		worker_forward(worker, packet);
}

/* Of a flow that is not known: without payload it can do no harm, with it the connection is adopted. */
static void stranger(struct worker *worker, struct packet *packet, uint64_t now)
{
	if (answered_here(worker, packet, now))
		return;
	if (packet->payload == 0 || packet->flags & TCP_RST) {
		worker_forward(worker, packet);
		return;
	}
	adopt(worker, packet, now);
}

static void waiting(struct worker *worker, struct packet *packet, uint64_t now)
{
	if (packet->flags & TCP_RST)
		flow_end(worker, packet->flow, FLOW_CLOSED, now);
	worker_drop(worker, packet, COUNT_DROP_NO_HANDSHAKE);
}

static void connecting(struct worker *worker, struct packet *packet, uint64_t now)
{
	if (packet->payload > 0 && !(packet->flags & TCP_RST)) {
		adopt(worker, packet, now); /* the SYN-ACK went by unseen */
		return;
	}
	track_client(worker, packet->flow, packet, now);
	worker_forward(worker, packet);
}

static void hold(struct worker *worker, struct packet *packet, uint64_t due, uint8_t flags)
{
	struct flow *flow = packet->flow;

	hold_append(worker, flow, packet, due, flags);
	wheel_insert(worker->wheel, &flow->wait, held_note(flow->held_first)->due);
	count(worker, COUNT_HELD_SEGMENT, 1);
}

/* Follows bytes not seen before; returns the note for a segment that must wait. */
static uint8_t follow(struct worker *worker, struct flow *flow, const struct speech *speech)
{
	uint8_t note = dialogue_may_cut(&flow->dialogue, speech, 0) ? HELD_TURN : 0;

	if (!dialogue_client(&flow->dialogue, speech))
		count(worker, COUNT_STREAM_LOST, 1);
	flow->bytes_out += speech->size;
	return note;
}

/* The client's bytes, new or again; false when they are not let through, now or later. */
static bool client_speaks(struct worker *worker, struct packet *packet, uint64_t now)
{
	struct flow *flow = packet->flow;
	const struct speech speech = packet_speech(packet, now);
	uint64_t due = now;

	if (flow->quarantined && cut(worker, flow, packet, now))
		return false;
	if (flow->held > 0 && hold_absorb(worker, flow, packet))
		return false;
	enum pacing pacing = pace(worker, flow, packet, now, &due);
	if (pacing == PACE_DROP) {
		packet->kind = PACKET_GONE;
		rte_pktmbuf_free(packet->mbuf);
		return false;
	}
	uint8_t note = dialogue_client_new(&flow->dialogue, &speech) ? follow(worker, flow, &speech) : 0;
	if (pacing == PACE_HOLD)
		hold(worker, packet, due, note);
	else
		worker_forward(worker, packet);
	return true;
}

static bool swallows(const struct flow *flow)
{
	return flow->held_first != NULL && held_note(flow->held_first)->flags & HELD_SWALLOWED;
}

/* A FIN alone stays behind what waits; after swallowed bytes it goes nowhere. */
static bool client_leaves(struct worker *worker, struct packet *packet)
{
	struct flow *flow = packet->flow;

	if (swallows(flow)) {
		worker_drop(worker, packet, COUNT_DROP_QUARANTINE);
		return false;
	}
	if (flow->held == 0)
		worker_forward(worker, packet);
	else if (!hold_absorb(worker, flow, packet))
		hold_append(worker, flow, packet, held_note(flow->held_last)->due, 0);
	return true;
}

/* After swallowed bytes the server would not believe the client's reset: it gets the gate's. */
static bool client_resets(struct worker *worker, struct packet *packet, uint64_t now)
{
	if (!swallows(packet->flow)) {
		worker_forward(worker, packet);
		return true;
	}
	cut_held(worker, packet->flow, now);
	worker_drop(worker, packet, COUNT_DROP_FLOW_CUT);
	return false;
}

static void running(struct worker *worker, struct packet *packet, uint64_t now)
{
	const struct packet seen = *packet;
	bool through = true;

	if (packet->flags & TCP_RST)
		through = client_resets(worker, packet, now);
	else if (packet->payload > 0)
		through = client_speaks(worker, packet, now);
	else if (packet->flags & TCP_FIN)
		through = client_leaves(worker, packet);
	else
		worker_forward(worker, packet);
	if (through)
		track_client(worker, seen.flow, &seen, now);
}

/* Late packets of a connection that ended; or of one that did not, whatever was believed. */
static void over(struct worker *worker, struct packet *packet, uint64_t now)
{
	const struct speech speech = packet_speech(packet, now);

	if (answered_here(worker, packet, now))
		return;
	if (packet->flow->state == FLOW_CUT)
		cut_answer(worker, packet);
	else if (!(packet->flags & TCP_RST) && dialogue_client_new(&packet->flow->dialogue, &speech))
		stranger(worker, packet, now);
	else
		worker_forward(worker, packet);
}

static void reply_early(struct worker *worker, struct packet *packet, uint64_t now)
{
	(void)now;
	worker_forward(worker, packet);
}

static void reply_first(struct worker *worker, struct packet *packet, uint64_t now)
{
	struct flow *flow = packet->flow;

	if (flow->quarantined && track_is_synack(flow, packet)) {
		cut_handshake(worker, flow, packet, now);
		return;
	}
	track_server(worker, flow, packet, now);
	worker_forward(worker, packet);
}

static void reply(struct worker *worker, struct packet *packet, uint64_t now)
{
	struct flow *flow = packet->flow;
	const struct speech speech = packet_speech(packet, now);

	if (packet->payload > 0 && !(packet->flags & TCP_RST)) {
		dialogue_server(&flow->dialogue, &speech);
		flow->bytes_in += packet->payload;
	}
	track_server(worker, flow, packet, now);
	worker_forward(worker, packet);
}

static void reply_late(struct worker *worker, struct packet *packet, uint64_t now)
{
	(void)now;
	if (packet->flow->state == FLOW_CUT)
		cut_answer(worker, packet);
	else
		worker_forward(worker, packet);
}

/* Who it belongs to and what is decided, by the table published last. */
static void look_up(struct worker *worker, struct flow *flow, uint64_t now)
{
	flow->seen_ms = (uint32_t)(now / 1000000);
	if (flow->state == FLOW_CUT || flow->state == FLOW_CLOSED)
		return;
	identify_again(worker, flow, now);
	decide_running(worker, flow);
}

static void smtp(struct worker *worker, struct packet *packet, uint64_t now)
{
	bool inside = packet->side == INSIDE;

	if (inside && (packet->flags & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN)) == TCP_SYN) {
		connect_new(worker, packet, now);
		return;
	}
	/* A packet before this one in the burst may have opened the flow. */
	if (packet->flow == NULL)
		packet->flow = flow_find(worker->flows, &packet->key, packet->hash);
	if (packet->flow == NULL) {
		if (inside)
			stranger(worker, packet, now);
		else
			worker_forward(worker, packet);
		return;
	}
	look_up(worker, packet->flow, now);
	(inside ? from_inside : from_outside)[packet->flow->state](worker, packet, now);
}

void pipeline_run(struct worker *worker, struct burst *burst)
{
	parse(worker, burst);
	steer(worker, burst);
	flow_find_burst(worker->flows, burst);
	for (uint16_t i = 0; i < burst->count; i++) {
		struct packet *packet = &burst->packet[i];
		if (packet->kind == PACKET_OTHER)
			worker_forward(worker, packet);
		else if (packet->kind == PACKET_SMTP)
			smtp(worker, packet, burst->now);
	}
}

/* In order, as far as they are due. */
static void release_segments(struct worker *worker, struct flow *flow, uint64_t now)
{
	while (flow->held_first != NULL && held_note(flow->held_first)->due <= now) {
		if (flow->quarantined && held_note(flow->held_first)->flags & HELD_TURN &&
		    !dialogue_is_turn(&flow->dialogue)) {
			cut_held(worker, flow, now);
			return;
		}
		worker_send(worker, OUTSIDE, hold_take(worker, flow));
	}
	if (flow->held_first != NULL)
		wheel_insert(worker->wheel, &flow->wait, held_note(flow->held_first)->due);
	else
		track_goodbyes(worker, flow, now);
}

static void release(struct worker *worker, struct flow *flow, uint64_t now)
{
	look_up(worker, flow, now);
	if (flow->state == FLOW_SYN_HELD)
		connect_again(worker, flow, now);
	else if (swallows(flow))
		cut_due(worker, flow, now);
	else
		release_segments(worker, flow, now);
}

unsigned pipeline_release(struct worker *worker, uint64_t now, unsigned most)
{
	struct wheel_entry *entry;
	unsigned released = 0;

	while (worker->table != NULL && released < most && (entry = wheel_expire(worker->wheel, now)) != NULL) {
		release(worker, (struct flow *)((char *)entry - offsetof(struct flow, wait)), now);
		released++;
	}
	return released;
}
