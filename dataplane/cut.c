/* SPDX-License-Identifier: BSD-3-Clause */
#include "cut.h"

#include "end.h"
#include "hold.h"
#include "seq.h"
#include "worker.h"

static void reset(struct worker *worker, enum side to, const struct headers *headers, const struct segment *segment)
{
	struct rte_mbuf *mbuf = segment_build(worker->gate->pool, headers, segment);

	if (mbuf == NULL) {
		count(worker, COUNT_DROP_NO_MBUF, 1);
		return;
	}
	worker_send(worker, to, mbuf);
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

static uint64_t budget_ns(const struct worker *worker, const struct flow *flow)
{
	return table_settings(worker->table)->hold_budget_ms[dialogue_phase(&flow->dialogue)] * 1000000ull;
}

/* The server may not have said all it had to say until it was silent for a round trip. */
static uint64_t quiet_at(const struct flow *flow, uint64_t now)
{
	uint32_t silent_ms = (uint32_t)(now / 1000000) - flow->dialogue.server_ms;

	return silent_ms < flow->rtt_ms ? now + (flow->rtt_ms - silent_ms) * 1000000ull : UINT64_MAX;
}

static void wait(struct worker *worker, struct flow *flow, uint64_t now)
{
	uint64_t quiet = quiet_at(flow, now);

	wheel_insert(worker->wheel, &flow->wait, quiet < flow->hold_until ? quiet : flow->hold_until);
}

static bool swallowed_before(const struct flow *flow)
{
	return flow->held_first != NULL && held_note(flow->held_first)->flags & HELD_SWALLOWED;
}

/* Not a byte goes on. The first segment is kept, always its newest copy: a reset needs its headers. */
static void swallow(struct worker *worker, struct flow *flow, struct packet *packet, uint64_t now)
{
	count(worker, COUNT_DROP_QUARANTINE, 1);
	if (swallowed_before(flow) && hold_absorb(worker, flow, packet))
		return;
	if (flow->held_first == NULL && !seq_after(packet->seq, flow->dialogue.client_next) &&
	    hold_room(worker, flow)) {
		hold_append(worker, flow, packet, now, HELD_SWALLOWED);
		flow->hold_until = now + budget_ns(worker, flow);
		wait(worker, flow, now);
		return;
	}
	packet->kind = PACKET_GONE;
	rte_pktmbuf_free(packet->mbuf);
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
	cut_both(worker, flow, &headers, flow->dialogue.client_next, now);
	count(worker, COUNT_CUT_TURN, 1);
	worker_drop(worker, packet, COUNT_DROP_QUARANTINE);
	return true;
}

void cut_due(struct worker *worker, struct flow *flow, uint64_t now)
{
	if (!flow->quarantined) {
		hold_purge(worker, flow); /* released meanwhile: the client repeats it */
		return;
	}
	const struct speech speech = held_speech(flow->held_first, now);
	const struct headers headers = held_headers(flow->held_first);
	bool safe = dialogue_may_cut(&flow->dialogue, &speech, flow->rtt_ms);
	if (!safe && now < flow->hold_until) {
		wait(worker, flow, now);
		return;
	}
	cut_both(worker, flow, &headers, flow->dialogue.client_next, now);
	count(worker, safe ? COUNT_CUT_TURN : COUNT_CUT_BUDGET, 1);
}

void cut_held(struct worker *worker, struct flow *flow, uint64_t now)
{
	const struct headers headers = held_headers(flow->held_first);

	count(worker, COUNT_DROP_QUARANTINE, flow->held);
	cut_both(worker, flow, &headers, held_note(flow->held_first)->seq, now);
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
	worker_drop(worker, packet, COUNT_DROP_QUARANTINE);
}

void cut_answer(struct worker *worker, struct packet *packet)
{
	const struct headers headers = packet_headers(packet);
	const struct segment back = { .back = true, .flags = TCP_RST, .seq = packet->ack };

	if ((packet->flags & (TCP_ACK | TCP_RST)) == TCP_ACK)
		reset(worker, packet->side, &headers, &back);
	worker_drop(worker, packet, COUNT_DROP_FLOW_CUT);
}
