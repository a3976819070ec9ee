/* SPDX-License-Identifier: BSD-3-Clause */
#include "hold.h"

#include "seq.h"
#include "worker.h"

bool hold_room(const struct worker *worker, const struct flow *flow)
{
	return flow->held < HELD_MOST_FLOW && worker->held < worker->gate->held_most;
}

static void write_note(struct packet *packet, uint64_t due, uint8_t flags)
{
	*held_note(packet->mbuf) = (struct held){ .due = due,
						  .seq = packet->seq,
						  .end = packet_end(packet),
						  .ack = packet->ack,
						  .ip_at = packet->ip_at,
						  .tcp_at = packet->tcp_at,
						  .payload_at = packet->payload_at,
						  .payload = packet->payload,
						  .ipv6 = packet->ipv6,
						  .flags = flags };
	packet->kind = PACKET_GONE;
}

void hold_append(struct worker *worker, struct flow *flow, struct packet *packet, uint64_t due, uint8_t flags)
{
	write_note(packet, due, flags);
	if (flow->held_first == NULL)
		flow->held_first = packet->mbuf;
	else
		held_note(flow->held_last)->next = packet->mbuf;
	flow->held_last = packet->mbuf;
	flow->held++;
	worker->held++;
}

/* The newest copy carries the newest timestamps and acknowledgement: releasing an old one would teach the
 * sender a round-trip time as long as the hold. */
static void replace(struct flow *flow, struct rte_mbuf *previous, struct rte_mbuf *old, struct packet *packet)
{
	const struct held note = *held_note(old);

	write_note(packet, note.due, note.flags);
	held_note(packet->mbuf)->next = note.next;
	if (previous == NULL)
		flow->held_first = packet->mbuf;
	else
		held_note(previous)->next = packet->mbuf;
	if (flow->held_last == old)
		flow->held_last = packet->mbuf;
	rte_pktmbuf_free(old);
}

bool hold_absorb(struct worker *worker, struct flow *flow, struct packet *packet)
{
	struct rte_mbuf *previous = NULL;
	uint32_t end = packet_end(packet);

	for (struct rte_mbuf *mbuf = flow->held_first; mbuf != NULL; mbuf = held_note(mbuf)->next) {
		const struct held *note = held_note(mbuf);
		if (note->seq == packet->seq && note->end == end) {
			count(worker, COUNT_ABSORBED, 1);
			replace(flow, previous, mbuf, packet);
			return true;
		}
		if (!seq_after(note->seq, packet->seq) && !seq_after(end, note->end)) {
			worker_drop(worker, packet, COUNT_ABSORBED);
			return true;
		}
		previous = mbuf;
	}
	return false;
}

struct rte_mbuf *hold_take(struct worker *worker, struct flow *flow)
{
	struct rte_mbuf *mbuf = flow->held_first;

	if (mbuf == NULL)
		return NULL;
	flow->held_first = held_note(mbuf)->next;
	if (flow->held_first == NULL)
		flow->held_last = NULL;
	flow->held--;
	worker->held--;
	return mbuf;
}

void hold_purge(struct worker *worker, struct flow *flow)
{
	for (struct rte_mbuf *mbuf = hold_take(worker, flow); mbuf != NULL; mbuf = hold_take(worker, flow))
		rte_pktmbuf_free(mbuf);
	wheel_remove(worker->wheel, &flow->wait);
}
