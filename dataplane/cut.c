/* SPDX-License-Identifier: BSD-3-Clause */
#include "cut.h"

#include "end.h"
#include "hold.h"
#include "seq.h"
#include "transmit.h"
#include "worker.h"

static void reset(struct worker *worker, enum side to, const struct headers *headers, const struct segment *segment)
{
	struct rte_mbuf *mbuf = segment_build(worker->gate->pool, headers, segment);

	if (mbuf == NULL) {
		count(worker, COUNT_DROP_NO_MBUF, 1);
		return;
	}
	transmit_send(worker, to, mbuf);
	count(worker, COUNT_CUT_RST, 1);
}

/* Exact for either side: the server's is the first byte it did not get, the client's the next one it
 * awaits. `headers` are of a packet of the client's. */
static void cut_both(struct worker *worker, struct flow *flow, const struct headers *headers, uint32_t unsent,
		     uint64_t now)
{
	const struct segment to_client = { .back = true,
					   .flags = TCP_RST | TCP_ACK,
					   .seq = flow->dialogue.server_next,
					   .ack = flow->dialogue.client_next };
	const struct segment to_server = { .flags = TCP_RST | TCP_ACK,
					   .seq = unsent,
					   .ack = flow->dialogue.server_next };

	reset(worker, OUTSIDE, headers, &to_server);
	reset(worker, INSIDE, headers, &to_client);
	flow_end(worker, flow, FLOW_CUT, now);
}

/* The server may not have said all it had to say until it was silent for a round trip: the time when it was, 0 when
 * that has come. */
static uint64_t quiet_at(const struct flow *flow, uint64_t now)
{
	uint32_t silent_ms = (uint32_t)(now / 1000000) - flow->dialogue.server_ms;

	return silent_ms < flow->rtt_ms ? now + (flow->rtt_ms - silent_ms) * 1000000ull : 0;
}

static void wait_on(struct worker *worker, struct flow *flow, struct wait *wait, uint64_t now)
{
	uint64_t quiet = quiet_at(flow, now);

	hold_wake(worker, wait, quiet != 0 && quiet < wait->until ? quiet : wait->until);
}

/* Not a byte goes on. The first segment is kept, always its newest copy: a reset needs its headers. */
static void swallow(struct worker *worker, struct flow *flow, struct packet *packet, uint64_t now)
{
	struct wait *wait = hold_of(worker, flow);
	uint64_t until = now + hold_budget_ns(worker, flow);
	uint32_t end = packet_end(packet);

	count(worker, COUNT_DROP_QUARANTINE, 1);
	if (wait != NULL && wait->swallowed)
		wait->end = seq_max(wait->end, packet_end(packet));
	if (wait != NULL && wait->swallowed && hold_absorb(worker, flow, packet))
		return;
	if (wait == NULL && !seq_after(packet->seq, flow->dialogue.client_next) && hold_room(worker, flow)) {
		wait = hold_append(worker, flow, packet, until, 0);
		wait->swallowed = true;
		wait->until = until;
		wait->end = end;
		wait_on(worker, flow, wait, now);
		return;
	}
	packet->kind = PACKET_GONE;
	rte_pktmbuf_free(packet->mbuf);
}

/* The first byte of the client's that the server will not get. */
static uint32_t first_unsent(const struct worker *worker, const struct flow *flow)
{
	const struct wait *wait = hold_of(worker, flow);

	return wait != NULL && !wait->swallowed ? held_note(wait->first)->seq : flow->dialogue.client_next;
}

bool cut(struct worker *worker, struct flow *flow, struct packet *packet, uint64_t now)
{
	const struct speech speech = packet_speech(packet, now);
	const struct headers headers = packet_headers(packet);

	if (!dialogue_client_new(&flow->dialogue, &speech) || !dialogue_is_turn(&flow->dialogue) ||
	    dialogue_protects(&flow->dialogue, &speech))
		return false;
	if (!dialogue_may_cut(&flow->dialogue, &speech, flow->rtt_ms)) {
		swallow(worker, flow, packet, now);
		return true;
	}
	cut_both(worker, flow, &headers, first_unsent(worker, flow), now);
	count(worker, COUNT_CUT_TURN, 1);
	transmit_drop(worker, packet, COUNT_DROP_QUARANTINE);
	return true;
}

void cut_due(struct worker *worker, struct flow *flow, uint64_t now)
{
	struct wait *wait = hold_of(worker, flow);

	if (!flow->quarantined) {
		hold_purge(worker, flow); /* released meanwhile: the client repeats it */
		return;
	}
	const struct speech speech = held_speech(wait->first, now);
	const struct headers headers = held_headers(wait->first);
	bool safe = dialogue_may_cut(&flow->dialogue, &speech, flow->rtt_ms);
	if (!safe && now < wait->until) {
		wait_on(worker, flow, wait, now);
		return;
	}
	cut_both(worker, flow, &headers, flow->dialogue.client_next, now);
	count(worker, safe ? COUNT_CUT_TURN : COUNT_CUT_BUDGET, 1);
}

void cut_held(struct worker *worker, struct flow *flow, uint64_t now)
{
	struct wait *wait = hold_of(worker, flow);
	const struct held *first = held_note(wait->first);
	bool heard = first->ack == flow->dialogue.server_next && quiet_at(flow, now) == 0;

	wait->until = first->until;
	if (heard || now >= wait->until)
		cut_now(worker, flow, now);
	else
		wait_on(worker, flow, wait, now);
}

void cut_now(struct worker *worker, struct flow *flow, uint64_t now)
{
	struct wait *wait = hold_of(worker, flow);
	const struct headers headers = held_headers(wait->first);

	count(worker, COUNT_DROP_QUARANTINE, wait->held);
	cut_both(worker, flow, &headers, held_note(wait->first)->seq, now);
	count(worker, COUNT_CUT_TURN, 1);
}

void cut_handshake(struct worker *worker, struct flow *flow, struct packet *packet, uint64_t now)
{
	const struct headers headers = packet_headers(packet);
	const struct segment to_server = { .back = true, .flags = TCP_RST, .seq = packet->ack };
	const struct segment to_client = { .flags = TCP_RST | TCP_ACK, .seq = packet->seq + 1, .ack = packet->ack };

	reset(worker, OUTSIDE, &headers, &to_server);
	reset(worker, INSIDE, &headers, &to_client);
	flow_end(worker, flow, FLOW_CUT, now);
	count(worker, COUNT_CUT_TURN, 1);
	transmit_drop(worker, packet, COUNT_DROP_QUARANTINE);
}

void cut_answer(struct worker *worker, struct packet *packet)
{
	const struct headers headers = packet_headers(packet);
	const struct segment back = { .back = true, .flags = TCP_RST, .seq = packet->ack };

	if ((packet->flags & (TCP_ACK | TCP_RST)) == TCP_ACK)
		reset(worker, packet->side, &headers, &back);
	transmit_drop(worker, packet, COUNT_DROP_FLOW_CUT);
}
