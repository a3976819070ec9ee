/* SPDX-License-Identifier: BSD-3-Clause */
/* What a flow keeps back: a waiting SYN, or client segments in their order. A flow that holds something has a
 * record of one cache line here, and each mbuf carries its own note (the pool's private area), so that keeping
 * one costs no memory and no search. Flows that hold nothing pay eight bytes. */
#ifndef SLUICE_HOLD_H
#define SLUICE_HOLD_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include "dialogue.h"
#include "segment.h"
#include "worker.h"

struct wait {
	struct rte_mbuf *first, *last;
	uint64_t due;	/* ns: when the first may leave, or the flow is looked at again */
	uint64_t until; /* ns: when a waiting SYN is refused, a window opened all the same, or swallowed data cut */
	uint32_t turn;	/* of the wheel; 0: not in it */
	uint32_t flow;	/* its index; of a free record: the next free one */
	union {
		uint32_t end;	  /* of swallowed bytes, as far as the client has gone */
		uint32_t account; /* of one in a domain's queue: the meter that is named for it; 0: none */
	};
	uint32_t ticket; /* of a SYN or a message that stands in a queue; 0: none */
	uint16_t held;
	bool swallowed; /* the first is never to be sent: kept as what a reset is made from */
	bool window;	/* of a closed window: the first is what the update is made from */
	uint8_t scope;	/* enum scope: whose limit is waited for */
	uint8_t queue;	/* enum queue_kind of the ticket */
	uint64_t since; /* ns: when the first came; 0: a FIN, which goes with what it ends */
} __attribute__((aligned(64)));

enum {
	HELD_TURN = 1, /* begins a turn: a cut right before it is safe */
};

/* Later than this a worker was stopped: what it missed is not made up for. */
#define HOLD_LATE_NS 1000000u

/* In the mbuf's private area. */
struct held {
	struct rte_mbuf *next;
	uint64_t until; /* ns: held no longer than this */
	uint64_t since; /* ns: of a segment, when it came */
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

static inline uint32_t held_ip_bytes(struct rte_mbuf *mbuf)
{
	const struct held *note = held_note(mbuf);
	return (uint32_t)(note->payload_at - note->ip_at) + note->payload;
}

/* Records for `most` flows; NULL when there is not enough memory. */
struct wait *hold_create(uint32_t most);

/* What the flow holds; NULL: nothing. */
static inline struct wait *hold_of(const struct worker *worker, const struct flow *flow)
{
	return flow->wait != 0 ? &worker->waits[flow->wait] : NULL;
}

/* The wait of a window the gate closed; NULL: it is open. */
static inline struct wait *hold_window_of(const struct worker *worker, const struct flow *flow)
{
	return flow->window != 0 ? &worker->waits[flow->window] : NULL;
}

/* Only to keep it from the server: a turn under quarantine (cut.h). */
static inline bool hold_swallows(const struct worker *worker, const struct flow *flow)
{
	return flow->wait != 0 && hold_of(worker, flow)->swallowed;
}

/* Longest hold in a phase, in the dialogue's phase, ns. */
uint64_t hold_phase_ns(const struct worker *worker, enum phase phase);
uint64_t hold_budget_ns(const struct worker *worker, const struct flow *flow);

/* Is there room for one more segment? A flow's share shrinks as the worker's room fills up, so that one
 * customer's backlog leaves some for others. */
bool hold_room(const struct worker *worker, const struct flow *flow);

/* Takes the packet over, behind what waits already. Needs room, but for a SYN. */
struct wait *hold_append(struct worker *worker, struct flow *flow, struct packet *packet, uint64_t until,
			 uint8_t flags);

/* A retransmission of bytes that wait: takes the packet over as the newest copy where it matches a held one,
 * drops it where its bytes are on their way anyhow. False when it has bytes that do not wait. */
bool hold_absorb(struct worker *worker, struct flow *flow, struct packet *packet);

/* Takes the first one out; NULL when nothing is held. The record is given back with the last. */
struct rte_mbuf *hold_take(struct worker *worker, struct flow *flow);

/* Forgets all of it. */
void hold_purge(struct worker *worker, struct flow *flow);

/* A wait beside that, for a window the gate closes, with an empty packet; NULL when there is no room. / The packet,
 * and the end of the wait. */
struct wait *hold_window(struct worker *worker, struct flow *flow);
struct rte_mbuf *hold_window_take(struct worker *worker, struct flow *flow);

/* The flow is looked at again at `due`. */
void hold_wake(struct worker *worker, struct wait *wait, uint64_t due);

/* The same for many in one burst: noted now, filed with hold_file() when the lines it needs have come. Until then the
 * flow must not be waited for in another way. */
void hold_wake_soon(struct worker *worker, struct wait *wait, uint64_t due);
void hold_file(struct worker *worker);

/* As of when what waited is served: the moment it was due, where the worker came a little late. Otherwise each
 * wait would add that lateness to the next one's, and a rate of many small waits fall short. */
static inline uint64_t hold_as_of(const struct wait *wait, uint64_t now)
{
	return wait->due <= now && now - wait->due <= HOLD_LATE_NS ? wait->due : now;
}

#endif
