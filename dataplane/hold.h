/* SPDX-License-Identifier: BSD-3-Clause */
/* What a flow keeps back: a waiting SYN, or client segments in their order. Each mbuf carries its own note
 * (the pool's private area), so that keeping one costs no memory and no search. */
#ifndef SLUICE_HOLD_H
#define SLUICE_HOLD_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include "dialogue.h"
#include "segment.h"

struct flow;
struct packet;
struct worker;

enum {
	HELD_TURN = 1,	    /* begins a turn: a cut right before it is safe */
	HELD_SWALLOWED = 2, /* never to be sent: kept as what a reset is made from */
};

struct held {
	struct rte_mbuf *next;
	uint64_t due; /* ns */
	uint32_t seq, end, ack;
	uint16_t ip_at, tcp_at, payload_at, payload;
	bool ipv6;
	uint8_t flags;
};

static inline struct held *held_note(struct rte_mbuf *mbuf)
{
	return rte_mbuf_to_priv(mbuf);
}

static inline struct headers held_headers(struct rte_mbuf *mbuf)
{
	const struct held *note = held_note(mbuf);
	return (struct headers){ rte_pktmbuf_mtod(mbuf, const uint8_t *), note->ip_at, note->tcp_at, note->ipv6 };
}

static inline struct speech held_speech(struct rte_mbuf *mbuf, uint64_t now)
{
	const struct held *note = held_note(mbuf);
	return (struct speech){ note->seq, note->ack, rte_pktmbuf_mtod_offset(mbuf, const uint8_t *, note->payload_at),
				note->payload, (uint32_t)(now / 1000000) };
}

/* Is there room for one more, in the flow and in the worker? */
bool hold_room(const struct worker *worker, const struct flow *flow);

/* Takes the packet over, behind what waits already. */
void hold_append(struct worker *worker, struct flow *flow, struct packet *packet, uint64_t due, uint8_t flags);

/* A retransmission of bytes that wait: takes the packet over as the newest copy where it matches a held one,
 * drops it where its bytes are on their way anyhow. False when it has bytes that do not wait. */
bool hold_absorb(struct worker *worker, struct flow *flow, struct packet *packet);

/* Takes the first one out; NULL when nothing is held. */
struct rte_mbuf *hold_take(struct worker *worker, struct flow *flow);

/* Forgets all of it. */
void hold_purge(struct worker *worker, struct flow *flow);

#endif
