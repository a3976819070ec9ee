/* SPDX-License-Identifier: BSD-3-Clause */
#include "pipeline.h"

#include "connect.h"
#include "cut.h"
#include "decide.h"
#include "end.h"
#include "hold.h"
#include "identify.h"
#include "memory.h"
#include "messages.h"
#include "pace.h"
#include "parse.h"
#include "refuse.h"
#include "seq.h"
#include "steer.h"
#include "tokens.h"
#include "track.h"
#include "transmit.h"
#include "usage.h"
#include "window.h"
#include "worker.h"

#define RELEASE_BURST 64

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
static uint8_t follow(struct worker *worker, struct flow *flow, const struct speech *speech, uint64_t now)
{
	uint8_t note = dialogue_may_cut(&flow->dialogue, speech, 0) ? HELD_TURN : 0;
	struct speech fresh;
	bool whole = speech_fresh(speech, flow->dialogue.client_next, &fresh);

	if (flow->message_scopes != 0 && dialogue_is_turn(&flow->dialogue))
		tokens_begin(worker, flow, now);
	dialogue_client(&flow->dialogue, speech);
	messages_client(worker, flow, &fresh, whole);
	if (!whole)
		count(worker, COUNT_STREAM_LOST, 1);
	return note;
}

static void hold(struct worker *worker, struct packet *packet, const struct departure *departure, uint8_t note,
		 uint64_t now)
{
	struct flow *flow = packet->flow;
	bool first = flow->wait == 0;
	/* Only if nothing older waits: what is older was not answered. */
	uint8_t flags = first ? note : 0;
	struct wait *wait = hold_append(worker, flow, packet, now + hold_budget_ns(worker, flow), flags);

	held_note(wait->last)->since = now;
	if (first) {
		wait->scope = departure->scope;
		hold_wake_soon(worker, wait, departure->due);
	}
	count(worker, COUNT_HELD_SEGMENT, 1);
}

static bool swallows(const struct worker *worker, const struct flow *flow)
{
	return flow->wait != 0 && hold_of(worker, flow)->swallowed;
}

/* The client's bytes, new or again; false when they are not let through, now or later. */
static bool client_speaks(struct worker *worker, struct packet *packet, uint64_t now)
{
	struct flow *flow = packet->flow;
	const struct speech speech = packet_speech(packet, now);
	struct departure departure = { 0 };

	if (!flow->quarantined && swallows(worker, flow))
		hold_purge(worker, flow); /* released since: this is the client's repetition */
	if (flow->quarantined && cut(worker, flow, packet, now))
		return false;
	if (flow->wait != 0 && hold_absorb(worker, flow, packet))
		return false;
	enum pacing pacing = pace(worker, flow, packet, now, &departure);
	if (pacing == PACE_DROP) {
		packet->kind = PACKET_GONE;
		rte_pktmbuf_free(packet->mbuf);
		return false;
	}
	flow->bytes_out += packet_ip_bytes(packet);
	uint8_t note = dialogue_client_new(&flow->dialogue, &speech) ? follow(worker, flow, &speech, now) : 0;
	if (pacing == PACE_HOLD)
		hold(worker, packet, &departure, note, now);
	else
		transmit_forward(worker, packet);
	return true;
}

/* A FIN alone stays behind what waits; after swallowed bytes it goes nowhere. */
static bool client_leaves(struct worker *worker, struct packet *packet, uint64_t now)
{
	struct flow *flow = packet->flow;

	if (swallows(worker, flow)) {
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

	if (!swallows(worker, flow)) {
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
	const struct packet seen = *packet;
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
	track_client(worker, seen.flow, &seen, now);
	if (seen.flow->client_fin)
		usage_goodbye(worker, seen.flow, now);
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
		flow->bytes_in += packet_ip_bytes(packet);
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

/* Who it belongs to and what is decided, by the table published last. */
static void look_up(struct worker *worker, struct flow *flow, uint64_t now)
{
	flow->seen_ms = (uint32_t)(now / 1000000);
	if (flow->state == FLOW_CUT || flow->state == FLOW_CLOSED)
		return;
	if (flow->layout != table_layout(worker->table))
		identify_again(worker, flow, now);
	if (flow->serial != (uint32_t)table_generation(worker->table))
		decide(worker, flow);
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
	usage_prefetch(worker, burst);
	count_kinds(worker, burst);
	for (uint16_t i = 0; i < burst->count; i++) {
		struct packet *packet = &burst->packet[i];
		if (packet->kind == PACKET_OTHER)
			transmit_forward(worker, packet);
		else if (packet->kind == PACKET_SMTP)
			smtp(worker, packet, burst->now);
	}
	hold_file(worker);
}

/* A turn that waited is cut, whatever the server said since it came. */
static bool is_held_turn(const struct worker *worker, const struct flow *flow)
{
	return flow->quarantined && held_note(hold_of(worker, flow)->first)->flags & HELD_TURN;
}

/* What waited too long is as if it had not come: the client repeats it, and is followed again from there. */
static void drop_held(struct worker *worker, struct flow *flow)
{
	struct wait *wait = hold_of(worker, flow);
	const struct held *first = held_note(wait->first);

	count(worker, COUNT_DROP_HOLD_BUDGET, wait->held);
	dialogue_rewind(&flow->dialogue, first->seq, first->flags & HELD_TURN);
	messages_lose(worker, flow);
	hold_purge(worker, flow);
}

/* The first, whose time has come; then those behind it as far as the tokens go. */
static void release_segments(struct worker *worker, struct flow *flow, uint64_t now)
{
	uint64_t due = hold_as_of(hold_of(worker, flow), now);

	while (flow->wait != 0 && due <= now) {
		if (is_held_turn(worker, flow)) {
			cut_held(worker, flow, now);
			return;
		}
		pace_leaves(worker, flow, due);
		transmit_send(worker, OUTSIDE, hold_take(worker, flow));
		if (flow->wait != 0)
			due = pace_next(worker, flow, due);
	}
	if (flow->wait == 0) {
		track_goodbyes(worker, flow, now);
	} else if (due != UINT64_MAX) {
		hold_wake(worker, hold_of(worker, flow), due);
	} else {
		drop_held(worker, flow);
	}
}

static void release(struct worker *worker, const struct wait *wait, uint64_t now)
{
	struct flow *flow = flow_place(worker->flows, wait->flow);

	if (wait->window) {
		window_due(worker, flow, now);
		return;
	}
	look_up(worker, flow, now);
	if (flow->state == FLOW_SYN_HELD)
		connect_again(worker, flow, now);
	else if (swallows(worker, flow))
		cut_due(worker, flow, now);
	else
		release_segments(worker, flow, now);
}

/* A handle of the wheel is meant if the record says so; beyond the wheel's horizon it is filed again. */
static struct wait *woken(struct worker *worker, const struct wheel_due *due, uint64_t now)
{
	struct wait *wait = &worker->waits[due->handle];

	if (wait->turn != due->turn)
		return NULL;
	wait->turn = 0;
	if (wait->due <= now)
		return wait;
	hold_wake(worker, wait, wait->due);
	return NULL;
}

static void fetch_ahead(struct worker *worker, const struct wheel_due *due, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		fetch(&worker->waits[due[i].handle]);
	for (unsigned i = 0; i < count; i++) {
		const struct wait *wait = &worker->waits[due[i].handle];
		const struct flow *flow = flow_place(worker->flows, wait->flow);
		if (wait->turn != due[i].turn)
			continue;
		fetch(flow);
		fetch((const char *)flow + 64);
		fetch(wait->first);
		fetch(held_note(wait->first));
	}
	/* Who has more behind the first will take its tokens. */
	for (unsigned i = 0; i < count; i++) {
		const struct wait *wait = &worker->waits[due[i].handle];
		if (wait->turn == due[i].turn && wait->held > 1)
			usage_fetch_bytes(worker, flow_place(worker->flows, wait->flow));
	}
}

unsigned pipeline_release(struct worker *worker, uint64_t now, unsigned most)
{
	struct wheel_due due[RELEASE_BURST];
	unsigned released = 0, count;

	while (worker->table != NULL && released < most &&
	       (count = wheel_expire(worker->wheel, now, due, RELEASE_BURST)) > 0) {
		fetch_ahead(worker, due, count);
		for (unsigned i = 0; i < count; i++) {
			const struct wait *wait = woken(worker, &due[i], now);
			if (wait != NULL)
				release(worker, wait, now);
		}
		released += count;
	}
	return released;
}
