/* SPDX-License-Identifier: BSD-3-Clause */
#include "hold.h"

#include <rte_malloc.h>

#include "seq.h"
#include "transmit.h"
#include "worker.h"

struct wait *hold_create(uint32_t most)
{
	struct wait *waits = rte_zmalloc("waits", ((size_t)most + 1) * sizeof(*waits), 64);

	/* Record 0 is nobody's; it heads the list of free ones. */
	for (uint32_t i = 0; waits != NULL && i < most; i++)
		waits[i].flow = i + 1;
	return waits;
}

uint64_t hold_phase_ns(const struct worker *worker, enum phase phase)
{
	return table_settings(worker->table)->hold_budget_ms[phase] * 1000000ull;
}

uint64_t hold_budget_ns(const struct worker *worker, const struct flow *flow)
{
	return hold_phase_ns(worker, dialogue_phase(&flow->dialogue));
}

bool hold_room(const struct worker *worker, const struct flow *flow)
{
	uint32_t most = worker->gate->held_most, free = most > worker->held ? most - worker->held : 0;
	uint32_t share = free / HELD_SHARE + 1;
	const struct wait *wait = hold_of(worker, flow);
	uint32_t has = wait != NULL ? wait->held : 0;

	return free > 0 && wheel_has_room(worker->wheel) && has < (share < HELD_MOST_FLOW ? share : HELD_MOST_FLOW);
}

/* 0: none is left. */
static uint32_t take_record(struct worker *worker, const struct flow *flow)
{
	uint32_t index = worker->waits[0].flow;

	if (index == 0)
		return 0;
	worker->waits[0].flow = worker->waits[index].flow;
	worker->waits[index] = (struct wait){ .flow = flow_index(worker->flows, flow) };
	return index;
}

static void give_back(struct worker *worker, uint32_t *index)
{
	struct wait *wait = &worker->waits[*index];

	wait->turn = 0; /* its handle in the wheel is nobody's now */
	wait->flow = worker->waits[0].flow;
	worker->waits[0].flow = *index;
	*index = 0;
}

static struct wait *wait_for(struct worker *worker, struct flow *flow)
{
	if (flow->wait == 0)
		flow->wait = take_record(worker, flow);
	return hold_of(worker, flow);
}

static void write_note(struct packet *packet, uint64_t until, uint8_t flags)
{
	*held_note(packet->mbuf) = (struct held){ .until = until,
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

struct wait *hold_append(struct worker *worker, struct flow *flow, struct packet *packet, uint64_t until, uint8_t flags)
{
	struct wait *wait = wait_for(worker, flow);

	if (wait == NULL)
		return NULL;
	write_note(packet, until, flags);
	if (wait->first == NULL)
		wait->first = packet->mbuf;
	else
		held_note(wait->last)->next = packet->mbuf;
	wait->last = packet->mbuf;
	wait->held++;
	worker->held++;
	return wait;
}

/* The newest copy carries the newest timestamps and acknowledgement: releasing an old one would teach the
 * sender a round-trip time as long as the hold. */
static void replace(struct wait *wait, struct rte_mbuf *previous, struct rte_mbuf *old, struct packet *packet)
{
	const struct held note = *held_note(old);

	write_note(packet, note.until, note.flags);
	held_note(packet->mbuf)->next = note.next;
	held_note(packet->mbuf)->since = note.since;
	if (previous == NULL)
		wait->first = packet->mbuf;
	else
		held_note(previous)->next = packet->mbuf;
	if (wait->last == old)
		wait->last = packet->mbuf;
	rte_pktmbuf_free(old);
}

bool hold_absorb(struct worker *worker, struct flow *flow, struct packet *packet)
{
	struct wait *wait = hold_of(worker, flow);
	struct rte_mbuf *previous = NULL;
	uint32_t end = packet_end(packet), covered = packet->seq;

	for (struct rte_mbuf *mbuf = wait != NULL ? wait->first : NULL; mbuf != NULL; mbuf = held_note(mbuf)->next) {
		const struct held *note = held_note(mbuf);
		if (note->seq == packet->seq && note->end == end) {
			count(worker, COUNT_ABSORBED, 1);
			replace(wait, previous, mbuf, packet);
			return true;
		}
		if (!seq_after(note->seq, covered) && seq_after(note->end, covered))
			covered = note->end;
		previous = mbuf;
	}
	if (wait == NULL || seq_after(end, covered))
		return false;
	transmit_drop(worker, packet, COUNT_ABSORBED);
	return true;
}

struct rte_mbuf *hold_take(struct worker *worker, struct flow *flow)
{
	struct wait *wait = hold_of(worker, flow);

	if (wait == NULL)
		return NULL;
	struct rte_mbuf *mbuf = wait->first;
	wait->held--;
	worker->held--;
	if (wait->held > 0) {
		const struct held *next = held_note(wait->first = held_note(mbuf)->next);
		wait->since = next->payload > 0 ? next->since : 0;
	} else {
		wait->first = NULL; /* alone, as most are: its note is not looked at */
		give_back(worker, &flow->wait);
	}
	return mbuf;
}

void hold_purge(struct worker *worker, struct flow *flow)
{
	for (struct rte_mbuf *mbuf = hold_take(worker, flow); mbuf != NULL; mbuf = hold_take(worker, flow))
		rte_pktmbuf_free(mbuf);
}

struct wait *hold_window(struct worker *worker, struct flow *flow)
{
	struct rte_mbuf *mbuf = worker->held < worker->gate->held_most ? rte_pktmbuf_alloc(worker->gate->pool) : NULL;

	if (mbuf == NULL)
		return NULL;
	flow->window = take_record(worker, flow);
	if (flow->window == 0) {
		rte_pktmbuf_free(mbuf);
		return NULL;
	}
	struct wait *wait = &worker->waits[flow->window];
	wait->first = wait->last = mbuf;
	wait->window = true;
	worker->held++;
	return wait;
}

struct rte_mbuf *hold_window_take(struct worker *worker, struct flow *flow)
{
	struct rte_mbuf *mbuf = worker->waits[flow->window].first;

	give_back(worker, &flow->window);
	worker->held--;
	return mbuf;
}

void hold_wake(struct worker *worker, struct wait *wait, uint64_t due)
{
	wait->due = due;
	if (wait->turn == 0 || wait->turn != wheel_turn(worker->wheel, due))
		wait->turn = wheel_insert(worker->wheel, (uint32_t)(wait - worker->waits), due);
}

void hold_wake_soon(struct worker *worker, struct wait *wait, uint64_t due)
{
	wait->due = due;
	wheel_fetch(worker->wheel, due);
	worker->filing[worker->to_file++] = (uint32_t)(wait - worker->waits);
}

void hold_file(struct worker *worker)
{
	for (uint16_t i = 0; i < worker->to_file; i++)
		wheel_fetch_end(worker->wheel, worker->waits[worker->filing[i]].due);
	for (uint16_t i = 0; i < worker->to_file; i++) {
		struct wait *wait = &worker->waits[worker->filing[i]];
		if (wait->first != NULL) /* the flow may have ended since */
			hold_wake(worker, wait, wait->due);
	}
	worker->to_file = 0;
}
