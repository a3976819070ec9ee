/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline.h"

#include "arrive.h"
#include "connect.h"
#include "cut.h"
#include "decide.h"
#include "end.h"
#include "hold.h"
#include "identify.h"
#include "look_up.h"
#include "messages.h"
#include "pace.h"
#include "parse.h"
#include "recipient.h"
#include "refuse.h"
#include "seq.h"
#include "steer.h"
#include "tokens.h"
#include "track.h"
#include "transmit.h"
#include "usage.h"
#include "window.h"
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

static const struct wire_PUT_VERDICT *verdict_on(struct worker *worker, const struct flow_key *key)
{
	struct party party;

	identify(worker, key, &party);
	return decide_new(worker, &party.scopes);
}

/* Of a handshake the gate answered itself? Then it is answered again, and gone. */
static bool answered_here(struct worker *worker, struct packet *packet, uint64_t now)
{
	struct flow_key key;
	uint32_t past;

	packet_key(packet, &key);
	if (!refuse_answered(worker, packet, &key, now, &past))
		return false;
	refuse_goes_on(worker, packet, verdict_on(worker, &key), past);
	packet->kind = PACKET_GONE;
	rte_pktmbuf_free(packet->mbuf);
	return true;
}

static void adopt(struct worker *worker, struct packet *packet, uint64_t now)
{
	struct flow_key key;

	packet_key(packet, &key);
	if (connect_adopt(worker, packet, now))
		running(worker, packet, now);
	else if (verdict_on(worker, &key) != NULL)
		transmit_drop(worker, packet, COUNT_DROP_QUARANTINE);
	else
		transmit_forward(worker, packet);
}

/* Of a flow that is not known: without payload it can do no harm, with it the connection is adopted. */
static void stranger(struct worker *worker, struct packet *packet, uint64_t now)
{
	if (answered_here(worker, packet, now))
		return;
	if (packet->payload == 0 || packet->flags & TCP_RST) {
		transmit_forward(worker, packet);
		return;
	}
	adopt(worker, packet, now);
}

static void waiting(struct worker *worker, struct packet *packet, uint64_t now)
{
	if (answered_here(worker, packet, now)) /* its SYN was repeated while the refusal was on its way */
		return;
	if (packet->flags & TCP_RST)
		flow_end(worker, packet->flow, FLOW_CLOSED, now);
	transmit_drop(worker, packet, COUNT_DROP_NO_HANDSHAKE);
}

static void connecting(struct worker *worker, struct packet *packet, uint64_t now)
{
	if (answered_here(worker, packet, now))
		return;
	if (packet->payload > 0 && !(packet->flags & TCP_RST)) {
		adopt(worker, packet, now); /* the SYN-ACK went by unseen */
		return;
	}
	track_client(worker, packet->flow, packet, now);
	transmit_forward(worker, packet);
}

/* Follows bytes not seen before; returns the note for a segment that must wait. */
static uint8_t follow(struct worker *worker, struct flow *flow, const struct speech *speech,
		      struct recipients *ret_recipients, uint64_t now)
{
	uint8_t note = dialogue_may_cut(&flow->dialogue, speech, 0) ? HELD_TURN : 0;
	struct speech fresh;
	bool whole = speech_fresh(speech, flow->dialogue.client_next, &fresh);

	messages_catch_up(worker, flow);
	if (flow->message_scopes != 0 && dialogue_is_turn(&flow->dialogue))
		tokens_begin(worker, flow, now);
	dialogue_client(&flow->dialogue, speech);
	messages_client(worker, flow, &fresh, whole, ret_recipients);
	if (!whole)
		count(worker, COUNT_STREAM_LOST, 1);
	return note;
}

static void hold(struct worker *worker, struct packet *packet, const struct pause *pause, uint8_t note, uint64_t now)
{
	struct flow *flow = packet->flow;
	bool first = flow->wait == 0; /* a turn only then: what is older was not answered */
	struct wait *wait = hold_append(worker, flow, packet, pause->until, first ? note : 0);

	held_note(wait->last)->since = now;
	if (first) {
		wait->scope = pause->scope;
		wait->since = now;
		hold_wake_soon(worker, wait, pause->due);
	}
	count(worker, COUNT_HELD_SEGMENT, 1);
}

/* Why is counted already. */
static void drop_paced(struct packet *packet)
{
	packet->kind = PACKET_GONE;
	rte_pktmbuf_free(packet->mbuf);
}

/* The client's bytes, new or again; false when they are not let through, now or later. */
static bool client_speaks(struct worker *worker, struct packet *packet, uint64_t now)
{
	struct flow *flow = packet->flow;
	const struct speech speech = packet_speech(packet, now);
	struct pause pause;
	struct recipients recipients = { 0 };

	if (!flow->quarantined && hold_swallows(worker, flow))
		hold_purge(worker, flow); /* released since: this is the client's repetition */
	if (flow->quarantined && cut(worker, flow, packet, now))
		return false;
	/* What begins beyond all that was said is not looked for in what may be a long queue. */
	if (flow->wait != 0 && seq_after(flow->dialogue.client_next, packet->seq) && hold_absorb(worker, flow, packet))
		return false;
	enum pacing pacing = pace(worker, flow, packet, now, &pause);
	if (pacing == PACE_DROP) {
		drop_paced(packet);
		return false;
	}
	flow_count_out(flow, packet_ip_bytes(packet));
	uint8_t note =
		dialogue_client_new(&flow->dialogue, &speech) ? follow(worker, flow, &speech, &recipients, now) : 0;
	if (pacing == PACE_HOLD)
		hold(worker, packet, &pause, note, now);
	else
		transmit_forward(worker, packet);
	recipient(worker, flow, &recipients, now);
	return true;
}

/* A FIN alone stays behind what waits; after swallowed bytes it goes nowhere. */
static bool client_leaves(struct worker *worker, struct packet *packet, uint64_t now)
{
	struct flow *flow = packet->flow;

	if (hold_swallows(worker, flow)) {
		transmit_drop(worker, packet, COUNT_DROP_QUARANTINE);
		return false;
	}
	if (flow->wait == 0) {
		transmit_forward(worker, packet);
		return true;
	}
	if (hold_absorb(worker, flow, packet))
		return true;
	if (!hold_room(worker, flow)) {
		transmit_drop(worker, packet, COUNT_DROP_HOLD_FULL);
		return false;
	}
	hold_append(worker, flow, packet, now + hold_budget_ns(worker, flow), 0);
	return true;
}

/* After swallowed bytes the server would not believe the client's reset: it gets the gate's. */
static bool client_resets(struct worker *worker, struct packet *packet, uint64_t now)
{
	struct flow *flow = packet->flow;

	if (!hold_swallows(worker, flow)) {
		transmit_forward(worker, packet);
		return true;
	}
	/* RFC 5961 section 3: exactly at what it said, of which the server knows nothing. */
	if (packet->seq != hold_of(worker, flow)->end) {
		count(worker, COUNT_RST_NOT_EXACT, 1);
		transmit_drop(worker, packet, COUNT_DROP_QUARANTINE);
		return false;
	}
	cut_now(worker, flow, now);
	transmit_drop(worker, packet, COUNT_DROP_FLOW_CUT);
	return false;
}

static void running(struct worker *worker, struct packet *packet, uint64_t now)
{
	struct flow *flow = packet->flow;
	bool through = true;

	if (packet->flags & TCP_RST)
		through = client_resets(worker, packet, now);
	else if (packet->payload > 0)
		through = client_speaks(worker, packet, now);
	else if (packet->flags & TCP_FIN)
		through = client_leaves(worker, packet, now);
	else
		transmit_forward(worker, packet);
	if (!through)
		return;
	track_client(worker, flow, packet, now);
	if (flow->client_fin)
		usage_goodbye(worker, flow, now);
}

/* Most of what clients say: more of a TLS record, of a connection on which nothing is decided now. It comes to the
 * same as running(), for less. */
static bool is_more(const struct worker *worker, const struct packet *packet)
{
	const struct flow *flow = packet->flow;

	return messages_in_record(flow) && (packet->flags & ~TCP_PSH) == TCP_ACK && packet->payload > 0 &&
	       dialogue_in_record(&flow->dialogue, packet->seq, packet->payload) && !hold_swallows(worker, flow) &&
	       flow->state == FLOW_ESTABLISHED && !flow->quarantined && !flow->client_fin_ahead &&
	       looked_up(worker, flow);
}

static void more(struct worker *worker, struct packet *packet, uint64_t now)
{
	struct flow *flow = packet->flow;
	struct pause pause;
	enum pacing pacing = pace(worker, flow, packet, now, &pause);

	flow->seen_ms = (uint32_t)(now / 1000000);
	if (pacing == PACE_DROP) {
		drop_paced(packet);
		return;
	}
	flow_count_out(flow, packet_ip_bytes(packet));
	dialogue_goes_on(&flow->dialogue, packet->payload);
	if (pacing == PACE_HOLD)
		hold(worker, packet, &pause, 0, now);
	else
		transmit_forward(worker, packet);
}

/* Late packets of a connection that ended; or of one that did not, whatever was believed. */
static void over(struct worker *worker, struct packet *packet, uint64_t now)
{
	const struct speech speech = packet_speech(packet, now);

	if (!track_is_farewell(packet->flow, packet) && answered_here(worker, packet, now))
		return;
	if (packet->flow->state == FLOW_CUT)
		cut_answer(worker, packet);
	else if (!(packet->flags & TCP_RST) && dialogue_client_new(&packet->flow->dialogue, &speech))
		stranger(worker, packet, now);
	else
		transmit_forward(worker, packet);
}

static void reply_early(struct worker *worker, struct packet *packet, uint64_t now)
{
	(void)now;
	transmit_forward(worker, packet);
}

static void reply_first(struct worker *worker, struct packet *packet, uint64_t now)
{
	struct flow *flow = packet->flow;

	if (flow->quarantined && track_is_synack(flow, packet)) {
		cut_handshake(worker, flow, packet, now);
		return;
	}
	track_server(worker, flow, packet, now);
	transmit_forward(worker, packet);
}

static void follow_server(struct worker *worker, struct flow *flow, const struct speech *speech)
{
	struct speech fresh;
	bool whole = speech_fresh(speech, flow->dialogue.server_next, &fresh);
	bool more = seq_after(speech_end(speech), flow->dialogue.server_next);

	messages_catch_up(worker, flow);
	dialogue_server(&flow->dialogue, speech);
	if (more)
		messages_server(worker, flow, &fresh, whole);
}

static void reply(struct worker *worker, struct packet *packet, uint64_t now)
{
	struct flow *flow = packet->flow;
	const struct speech speech = packet_speech(packet, now);

	if (packet->payload > 0 && !(packet->flags & TCP_RST)) {
		follow_server(worker, flow, &speech);
		flow_count_in(flow, packet_ip_bytes(packet));
	}
	if (flow->message_scopes != 0 || flow->window != 0)
		window_server(worker, flow, packet, now);
	track_server(worker, flow, packet, now);
	transmit_forward(worker, packet);
}

static void reply_late(struct worker *worker, struct packet *packet, uint64_t now)
{
	(void)now;
	if (packet->flow->state == FLOW_CUT)
		cut_answer(worker, packet);
	else
		transmit_forward(worker, packet);
}

static void smtp(struct worker *worker, struct packet *packet, uint64_t now)
{
	bool inside = packet->side == INSIDE;

	/* A packet before this one in the burst may have opened the flow. */
	if (packet->flow == NULL)
		packet->flow = flow_find(worker->flows, packet);
	if (inside && (packet->flags & (TCP_SYN | TCP_ACK)) == TCP_SYN) {
		/* Some receivers would take it for a SYN (RFC 9293 section 3.10.7.2 does not forbid to). */
		if (packet->flags & (TCP_RST | TCP_FIN))
			transmit_drop(worker, packet, COUNT_DROP_MALFORMED);
		else
			connect_new(worker, packet, now);
		return;
	}
	if (packet->flow == NULL) {
		if (inside)
			stranger(worker, packet, now);
		else
			transmit_forward(worker, packet);
		return;
	}
	if (inside && is_more(worker, packet)) {
		more(worker, packet, now);
		return;
	}
	look_up(worker, packet->flow, now);
	(inside ? from_inside : from_outside)[packet->flow->state](worker, packet, now);
}

static void count_kinds(struct worker *worker, const struct burst *burst)
{
	uint64_t kinds[PACKET_GONE + 1] = { 0 };

	for (uint16_t i = 0; i < burst->count; i++)
		kinds[burst->packet[i].kind]++;
	count(worker, COUNT_PASSED, kinds[PACKET_OTHER]);
	count(worker, COUNT_SMTP, kinds[PACKET_SMTP]);
}

void pipeline_run(struct worker *worker, struct burst *burst)
{
	parse(worker, burst);
	flow_hash_burst(worker->flows, burst);
	steer(worker, burst);
	flow_find_burst(worker->flows, burst);
	arrive(worker, burst);
	look_up_fetch(worker, burst);
	usage_prefetch(worker, burst);
	count_kinds(worker, burst);
	for (uint16_t i = 0; i < burst->count; i++) {
		struct packet *packet = &burst->packet[i];
		if (packet->kind == PACKET_OTHER)
			transmit_forward(worker, packet);
		else if (packet->kind == PACKET_SMTP)
			smtp(worker, packet, burst->now);
	}
	worker->waited = worker->to_file;
	hold_file(worker);
}
