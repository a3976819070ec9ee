/* SPDX-License-Identifier: BSD-3-Clause */
#include "queue.h"

#include <rte_malloc.h>

#include "heap.h"

#define UNIT (1u << 20) /* of virtual time, for a weight of 1 */

/* One who waits, in its party's line. */
struct ticket {
	uint32_t thing, party;
	struct place place;
	uint32_t next, previous; /* next: of a free one, the next free one */
};

/* Those who wait for one thing on one account, of one stream. */
struct party {
	struct heap_node node; /* key: the start tag of its first */
	uint32_t first, last;  /* tickets */
	uint32_t account;      /* whose finish tag; 0: the thing's own line, in order of arrival */
	uint32_t next;	       /* free one */
	enum stream stream;
};

/* One stream of a thing that is waited for, which may itself be the account on which another is waited for. */
struct lane {
	uint64_t virtual; /* time, as a queue */
	uint64_t finish;  /* tag of the unit served last, as an account */
	uint32_t root;	  /* of the heap of parties; 0: nobody waits */
	uint32_t line;	  /* party in order of arrival; 0: none waits there */
	uint32_t party;	  /* as an account; 0: none waits on it */
	uint32_t credit;  /* of bulk: per cent of a unit it has come to while it waits */
};

struct queue {
	struct lane lane[STREAMS];
};

_Static_assert(sizeof(struct queue) == 64, "a queue is a cache line");

/* So much is a unit. */
#define CREDIT_WHOLE 100u

struct queues {
	struct ticket *ticket; /* 0 is none, as in all of these */
	struct party *party;
	struct queue *queue;
	uint64_t *waited; /* a bit for each thing somebody waits for: most are not, and this much fits into a cache */
	uint32_t free_ticket, free_party;
	uint64_t serial;
	struct heap_nodes nodes;
};

struct queues *queues_create(uint32_t things, uint32_t waiting)
{
	struct queues *queues = rte_zmalloc("queues", sizeof(*queues), 64);

	if (queues == NULL)
		return NULL;
	queues->ticket = rte_zmalloc("tickets", ((size_t)waiting + 1) * sizeof(*queues->ticket), 64);
	queues->party = rte_zmalloc("parties", ((size_t)waiting + 1) * sizeof(*queues->party), 64);
	queues->queue = rte_zmalloc("queue", ((size_t)things + 1) * sizeof(*queues->queue), 64);
	queues->waited = rte_zmalloc("waited", ((size_t)things / 64 + 1) * sizeof(*queues->waited), 64);
	if (queues->ticket == NULL || queues->party == NULL || queues->queue == NULL || queues->waited == NULL) {
		queues_destroy(queues);
		return NULL;
	}
	queues->nodes = (struct heap_nodes){ (char *)queues->party, sizeof(*queues->party) };
	for (uint32_t i = waiting; i > 0; i--) {
		queues->ticket[i].next = queues->free_ticket;
		queues->party[i].next = queues->free_party;
		queues->free_ticket = queues->free_party = i;
	}
	return queues;
}

void queues_destroy(struct queues *queues)
{
	if (queues == NULL)
		return;
	rte_free(queues->ticket);
	rte_free(queues->party);
	rte_free(queues->queue);
	rte_free(queues->waited);
	rte_free(queues);
}

/* Whether anybody waits there is known without looking at the queue. */
static void set_root(struct queues *queues, uint32_t thing, enum stream stream, uint32_t root)
{
	const struct lane *lane = queues->queue[thing].lane;
	uint64_t bit = 1ull << thing % 64;

	queues->queue[thing].lane[stream].root = root;
	if (lane[STREAM_BULK].root != 0 || lane[STREAM_TRANSACTIONAL].root != 0)
		queues->waited[thing / 64] |= bit;
	else
		queues->waited[thing / 64] &= ~bit;
}

bool queue_waited(const struct queues *queues, uint32_t thing)
{
	return (queues->waited[thing / 64] >> thing % 64 & 1) != 0;
}

static uint64_t start_tag(const struct queues *queues, uint32_t thing, uint32_t account, enum stream stream)
{
	uint64_t finish = account != 0 ? queues->queue[account].lane[stream].finish : 0;
	uint64_t now = queues->queue[thing].lane[stream].virtual;

	return finish > now ? finish : now;
}

/* Where the queue notes which party stands on this account. */
static uint32_t *party_of(struct queues *queues, uint32_t thing, uint32_t account, enum stream stream)
{
	return account != 0 ? &queues->queue[account].lane[stream].party : &queues->queue[thing].lane[stream].line;
}

static void enter_heap(struct queues *queues, uint32_t thing, uint32_t index)
{
	struct party *party = &queues->party[index];
	uint32_t *root = &queues->queue[thing].lane[party->stream].root;

	/* From here on turns are counted again. */
	if (!queue_waited(queues, thing))
		queues->queue[thing].lane[STREAM_BULK].credit = 0;
	party->node.key = start_tag(queues, thing, party->account, party->stream);
	party->node.serial = ++queues->serial;
	set_root(queues, thing, party->stream, heap_insert(&queues->nodes, *root, index));
}

static void leave_heap(struct queues *queues, uint32_t thing, uint32_t index)
{
	enum stream stream = queues->party[index].stream;

	set_root(queues, thing, stream, heap_remove(&queues->nodes, queues->queue[thing].lane[stream].root, index));
}

/* As many parties as tickets: there is one left. */
static uint32_t open_party(struct queues *queues, uint32_t thing, const struct share *share)
{
	uint32_t index = queues->free_party;
	struct party *party = &queues->party[index];

	queues->free_party = party->next;
	*party = (struct party){ .account = share->party, .stream = share->stream };
	*party_of(queues, thing, share->party, share->stream) = index;
	enter_heap(queues, thing, index);
	return index;
}

static void close_party(struct queues *queues, uint32_t thing, uint32_t index)
{
	struct party *party = &queues->party[index];

	leave_heap(queues, thing, index);
	*party_of(queues, thing, party->account, party->stream) = 0;
	party->next = queues->free_party;
	queues->free_party = index;
}

uint32_t queue_join(struct queues *queues, uint32_t thing, const struct share *share, const struct place *place)
{
	uint32_t index = queues->free_ticket, at = *party_of(queues, thing, share->party, share->stream);

	if (index == 0)
		return 0;
	if (at == 0)
		at = open_party(queues, thing, share);
	struct ticket *ticket = &queues->ticket[index];
	struct party *party = &queues->party[at];
	queues->free_ticket = ticket->next;
	*ticket = (struct ticket){ .thing = thing, .party = at, .place = *place, .previous = party->last };
	if (party->last != 0)
		queues->ticket[party->last].next = index;
	else
		party->first = index;
	party->last = index;
	return index;
}

static void leave_line(struct queues *queues, uint32_t index)
{
	struct ticket *ticket = &queues->ticket[index];
	struct party *party = &queues->party[ticket->party];

	if (ticket->previous != 0)
		queues->ticket[ticket->previous].next = ticket->next;
	else
		party->first = ticket->next;
	if (ticket->next != 0)
		queues->ticket[ticket->next].previous = ticket->previous;
	else
		party->last = ticket->previous;
	ticket->next = queues->free_ticket;
	queues->free_ticket = index;
}

void queue_leave(struct queues *queues, uint32_t index)
{
	uint32_t thing = queues->ticket[index].thing, party = queues->ticket[index].party;

	leave_line(queues, index);
	if (queues->party[party].first == 0)
		close_party(queues, thing, party);
}

static bool waits(const struct queue *queue, enum stream stream)
{
	return queue->lane[stream].root != 0;
}

static bool bulk_is_due(const struct queue *queue)
{
	return waits(queue, STREAM_BULK) && queue->lane[STREAM_BULK].credit >= CREDIT_WHOLE;
}

static uint32_t first_ticket(const struct queues *queues, uint32_t thing)
{
	if (!queue_waited(queues, thing))
		return 0;
	const struct queue *queue = &queues->queue[thing];
	bool bulk = bulk_is_due(queue) || !waits(queue, STREAM_TRANSACTIONAL);
	uint32_t root = queue->lane[bulk ? STREAM_BULK : STREAM_TRANSACTIONAL].root;

	return root != 0 ? queues->party[root].first : 0;
}

bool queue_first(const struct queues *queues, uint32_t thing, uint32_t ticket, enum stream stream)
{
	const struct queue *queue = &queues->queue[thing];
	uint32_t first = first_ticket(queues, thing);

	if (ticket == 0 && stream == STREAM_TRANSACTIONAL)
		return !waits(queue, STREAM_TRANSACTIONAL) && !bulk_is_due(queue);
	return first == 0 || first == ticket;
}

uint32_t queue_thing(const struct queues *queues, uint32_t ticket)
{
	return queues->ticket[ticket].thing;
}

bool queue_next(const struct queues *queues, uint32_t thing, struct place *ret_place)
{
	uint32_t first = first_ticket(queues, thing);

	if (first != 0)
		*ret_place = queues->ticket[first].place;
	return first != 0;
}

/* Of each unit bulk comes to its share while it waits; it has saved up nothing when nobody of it does. */
static void credit_bulk(struct queue *queue, const struct share *share)
{
	uint32_t *credit = &queue->lane[STREAM_BULK].credit;

	if (!waits(queue, STREAM_BULK))
		*credit = 0;
	else
		*credit += share->bulk_percent;
	if (share->stream == STREAM_BULK)
		*credit -= *credit < CREDIT_WHOLE ? *credit : CREDIT_WHOLE;
}

void queue_serve(struct queues *queues, uint32_t thing, const struct share *share, uint32_t ticket)
{
	enum stream stream = share->stream;
	struct lane *lane = &queues->queue[thing].lane[stream];

	if (share->party == 0 && !queue_waited(queues, thing))
		return; /* nobody's turn is charged, and nobody waits: time stands still */
	credit_bulk(&queues->queue[thing], share);
	lane->virtual = start_tag(queues, thing, share->party, stream);
	if (share->party != 0)
		queues->queue[share->party].lane[stream].finish = lane->virtual +
								  UNIT / (share->weight != 0 ? share->weight : 1);
	if (ticket == 0)
		return;
	uint32_t party = queues->ticket[ticket].party;
	queue_leave(queues, ticket);
	if (*party_of(queues, thing, share->party, queues->party[party].stream) != party)
		return; /* it was the last of its party */
	leave_heap(queues, thing, party);
	enter_heap(queues, thing, party);
}

void queue_reset(struct queues *queues, uint32_t thing)
{
	queues->queue[thing] = (struct queue){ 0 };
}
