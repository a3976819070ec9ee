/* SPDX-License-Identifier: BSD-3-Clause */
/* Who waits for his turn, and in which order: a queue for each limited thing, over all workers.
 *
 * Within a queue parties (the customers of a provider) share by weight: start-time fair queueing (Goyal, Vin and
 * Cheng, 1996). The start tag of a party's first unit is the later of the queue's virtual time and the finish tag of
 * the unit it was served last; its finish tag is one unit of the party's share later; the least start tag is served
 * next, and is the virtual time then. So a flood waits behind itself, and who was away has saved up nothing. Within
 * a party first come is first served.
 *
 * There are two streams, each with its own order: transactional mail is served before bulk, but while bulk waits it has
 * the share it is sure of: of a hundred units at least `bulk_percent`.
 *
 * A thing has two of them: one of new connections that wait for a slot or a connection's token, and one of all who wait
 * for a message's token, new connections and such as run: so a message for which there is a token does not stand behind
 * a connection for which there is no slot. Whoever waits does so in one queue at a time: that of the first of its
 * scopes that does not let it in, the narrowest first. So who is held by his own limit does not stand in another's way.
 * All functions are to be called under meters_lock(). */
#ifndef SLUICE_QUEUE_H
#define SLUICE_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "limit.h"

struct queues;

/* What is waited for. */
enum queue_kind { QUEUE_CONNECTIONS, QUEUE_MESSAGES, QUEUE_KINDS };

/* For things 1 to `things`, and so many waiting at once. From DPDK's memory; NULL when there is not enough. */
struct queues *queues_create(uint32_t things, uint32_t waiting);
void queues_destroy(struct queues *queues);

/* Whose turn is charged, and how much of it: 0 for none, where order of arrival is all. */
struct share {
	uint32_t party;
	uint16_t weight;
	uint8_t stream;	      /* enum stream */
	uint8_t bulk_percent; /* what bulk is sure of */
};

/* Where one who waits is found: its worker, and what it holds there. */
struct place {
	uint32_t worker, wait;
};

/* Takes a ticket; 0 when there is none left. / Gives it back unserved: its party is charged nothing. */
uint32_t queue_join(struct queues *queues, uint32_t thing, const struct share *share, const struct place *place);
void queue_leave(struct queues *queues, uint32_t ticket);

/* Does anybody wait for it? */
bool queue_waited(const struct queues *queues, uint32_t thing);

/* Is it this ticket's turn (0: of one that has just come, of this stream)? */
bool queue_first(const struct queues *queues, uint32_t thing, uint32_t ticket, enum stream stream);

/* Which thing a ticket waits for. */
uint32_t queue_thing(const struct queues *queues, uint32_t ticket);

/* The first in the queue; false when nobody waits. */
bool queue_next(const struct queues *queues, uint32_t thing, struct place *ret_place);

/* A unit is served, whether it waited here (`ticket`, which is given back) or not (0). */
void queue_serve(struct queues *queues, uint32_t thing, const struct share *share, uint32_t ticket);

/* The thing is another one now: nothing of the old one's time counts. Nobody waits for it. */
void queue_reset(struct queues *queues, uint32_t thing);

#endif
