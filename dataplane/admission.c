/* SPDX-License-Identifier: BSD-3-Clause */
#include "admission.h"

#include <rte_ring.h>

#include "hold.h"
#include "queue.h"
#include "seat.h"
#include "worker.h"

/* How often the first in a queue looks by himself, where no clock says when. */
#define FIRST_LOOKS_NS 50000000u

static struct queues *queues_of(const struct worker *worker, enum queue_kind kind)
{
	return worker->gate->meters->queues[kind];
}

void admission_call(struct worker *worker, enum queue_kind kind, uint32_t thing, uint64_t now)
{
	struct place place;

	if (!queue_next(queues_of(worker, kind), thing, &place))
		return;
	if (place.worker == worker->index)
		hold_wake(worker, &worker->waits[place.wait], now);
	else
		rte_ring_enqueue(worker->gate->worker[place.worker]->called, (void *)(uintptr_t)place.wait);
}

void admission_answer_calls(struct worker *worker, uint64_t now)
{
	void *call;

	while (rte_ring_dequeue(worker->called, &call) == 0) {
		struct wait *wait = &worker->waits[(uintptr_t)call];
		if (wait->first != NULL && wait->ticket != 0)
			hold_wake(worker, wait, now);
	}
}

/* A customer's account at a domain: a meter that stands for nothing else, since no scope is of both. One reference is
 * taken; 0 when meters ran out. */
static uint32_t domain_account(const struct worker *worker, const struct flow *flow)
{
	struct scope_key key = *seat_key(worker, flow, SCOPE_DOMAIN);
	uint32_t hash;

	key.customer = seat_key(worker, flow, SCOPE_CUSTOMER)->customer;
	meter_hashes(worker->gate->meters, &key, 1, &hash);
	return meter_acquire(worker->gate->meters, &key, hash);
}

/* Customers share what is not theirs alone. */
static uint32_t account_of(const struct worker *worker, const struct flow *flow, int scope)
{
	switch (scope) {
	case SCOPE_DOMAIN:
		return domain_account(worker, flow);
	case SCOPE_PROVIDER:
		return flow_meter(flow, SCOPE_CUSTOMER_PROVIDER);
	case SCOPE_GATE:
		return flow_meter(flow, SCOPE_CUSTOMER);
	default:
		return 0;
	}
}

static void leave_account(const struct worker *worker, uint32_t account, int scope, uint64_t now)
{
	if (scope == SCOPE_DOMAIN)
		meter_release(worker->gate->meters, account, now);
}

static struct share share_of(const struct worker *worker, const struct flow *flow, int scope)
{
	const struct meter *customer = seat(worker, flow, SCOPE_CUSTOMER);

	return (struct share){ .party = account_of(worker, flow, scope),
			       .weight = atomic_load_explicit(&customer->weight, memory_order_relaxed),
			       .stream = flow->stream,
			       .bulk_percent = (uint8_t)table_settings(worker->table)->bulk_percent };
}

/* Who asks, and where he stands. */
struct asker {
	struct flow *flow;
	struct wait *wait; /* NULL: it does not wait yet */
	bool message;	   /* on a connection that runs; else a new connection with its first */
};

static struct asker asker_of(struct flow *flow, struct wait *wait)
{
	return (struct asker){ flow, wait, wait->window };
}

/* Its ticket in this kind of queue. */
static uint32_t ticket_in(const struct asker *asker, enum queue_kind kind)
{
	return asker->wait != NULL && asker->wait->queue == kind ? asker->wait->ticket : 0;
}

#define LIMIT_BIT(kind) (1u << LIMIT_##kind)

/* The kinds of limit that are waited for in each. */
static const unsigned limits_of[QUEUE_KINDS] = {
	[QUEUE_CONNECTIONS] = LIMIT_BIT(CONNECTIONS) | LIMIT_BIT(CONNECTION_RATE),
	[QUEUE_MESSAGES] = LIMIT_BIT(MESSAGE_RATE),
};

/* Those of a meter's that it takes from. */
static unsigned limits_for(const struct asker *asker, const struct meter *meter)
{
	unsigned concern = asker->message ? 0 : limits_of[QUEUE_CONNECTIONS];

	return atomic_load_explicit(&meter->has, memory_order_acquire) & (concern | limits_of[QUEUE_MESSAGES]);
}

/* When there is what it needs of this meter: a slot and a connection's token, or a message's. A slot comes with a
 * call. */
static uint64_t opens_at(const struct worker *worker, const struct meter *meter, enum queue_kind kind, uint64_t now)
{
	if (kind == QUEUE_MESSAGES)
		return bucket_when(&meter_messages(worker->gate->meters, meter)->rate, 1, now);
	if (meter_limits(meter, LIMIT_CONNECTIONS) &&
	    atomic_load_explicit(&meter->connections, memory_order_relaxed) >=
		    atomic_load_explicit(&meter->connections_most, memory_order_relaxed))
		return WAIT_FOR_CALL;
	return meter_limits(meter, LIMIT_CONNECTION_RATE) ? bucket_when(&meter->connection_rate, 1, now) : now;
}

/* What does not let it in, and when that will; WAIT_FOR_CALL: when it is a slot, or somebody's turn before. */
struct barrier {
	bool closed;
	uint8_t scope, queue;
	uint64_t when;
};

/* Of one meter. */
static bool is_closed(const struct worker *worker, const struct asker *asker, uint32_t thing, enum queue_kind kind,
		      uint64_t now, uint64_t *ret_when)
{
	*ret_when = WAIT_FOR_CALL;
	if (queue_first(queues_of(worker, kind), thing, ticket_in(asker, kind), asker->flow->stream))
		*ret_when = opens_at(worker, meter_at(worker->gate->meters, thing), kind, now);
	return *ret_when > now;
}

/* The narrowest scope's. */
static struct barrier first_closed(const struct worker *worker, const struct asker *asker, uint64_t now)
{
	for (int scope = 0; scope < SCOPES; scope++) {
		uint32_t thing = flow_meter(asker->flow, scope);
		unsigned limits = limits_for(asker, meter_at(worker->gate->meters, thing));
		uint64_t when;
		for (int kind = 0; limits != 0 && kind < QUEUE_KINDS; kind++)
			if (limits & limits_of[kind] && is_closed(worker, asker, thing, kind, now, &when))
				return (struct barrier){ true, (uint8_t)scope, (uint8_t)kind, when };
	}
	return (struct barrier){ .closed = false };
}

static bool is_denied(const struct worker *worker, const struct flow *flow)
{
	for (int scope = 0; scope < SCOPES; scope++) {
		const struct meter *meter = seat(worker, flow, scope);
		if (meter_limits(meter, LIMIT_CONNECTIONS) &&
		    atomic_load_explicit(&meter->connections_most, memory_order_relaxed) == 0)
			return true;
	}
	return false;
}

/* One who waits in a domain's queue has a reference of his own to his account. */
static void forget_account(const struct worker *worker, struct wait *wait, uint64_t now)
{
	meter_release(worker->gate->meters, wait->account, now);
	wait->account = 0;
}

/* Where it waited: thing 0 is nowhere. */
struct stand {
	enum queue_kind kind;
	uint32_t thing;
};

static struct stand stand_of(const struct worker *worker, const struct wait *wait)
{
	if (wait == NULL || wait->ticket == 0)
		return (struct stand){ .thing = 0 };
	return (struct stand){ wait->queue, queue_thing(queues_of(worker, wait->queue), wait->ticket) };
}

/* Tells the scope's queue whose turn it was. */
static void serve(struct worker *worker, const struct asker *asker, int scope, enum queue_kind kind, uint32_t ticket,
		  uint64_t now)
{
	const struct share share = share_of(worker, asker->flow, scope);

	queue_serve(queues_of(worker, kind), flow_meter(asker->flow, scope), &share, ticket);
	leave_account(worker, share.party, scope, now);
}

/* From one meter; where it waited it is served also if that limit is gone. */
static void take_from(struct worker *worker, const struct asker *asker, int scope, const struct stand *stand,
		      uint64_t as_of, uint64_t now)
{
	uint32_t thing = flow_meter(asker->flow, scope);
	struct meter *meter = meter_at(worker->gate->meters, thing);
	unsigned limits = limits_for(asker, meter);

	if (limits & LIMIT_BIT(CONNECTION_RATE))
		bucket_take(&meter->connection_rate, 1, as_of);
	if (asker->flow->message_scopes & 1u << scope)
		bucket_take(&meter_messages(worker->gate->meters, meter)->rate, 1, as_of);
	for (int kind = 0; kind < QUEUE_KINDS && (limits != 0 || stand->thing == thing); kind++) {
		bool waited = stand->thing == thing && (int)stand->kind == kind;
		if (waited || limits & limits_of[kind])
			serve(worker, asker, scope, kind, waited ? asker->wait->ticket : 0, now);
	}
	if (!asker->message)
		meter_add(&meter->admitted, 1, worker->gate->meters->shared);
}

/* What was taken is the flow's. */
static void own(struct worker *worker, const struct asker *asker, uint64_t now)
{
	struct flow *flow = asker->flow;

	flow->token_ms = (uint16_t)(now / 1000000);
	if (asker->message) {
		flow->paid++;
		flow->reserved = 1;
		return;
	}
	flow->paid = flow->message_scopes != 0;
	seat_count_slots(worker, flow);
}

static void enter(struct worker *worker, const struct asker *asker, uint64_t now)
{
	struct wait *wait = asker->wait;
	const struct stand stand = stand_of(worker, wait);
	uint64_t as_of = wait != NULL ? hold_as_of(wait, now) : now;

	for (int scope = 0; scope < SCOPES; scope++)
		if (flow_meter(asker->flow, scope) != 0)
			take_from(worker, asker, scope, &stand, as_of, now);
	own(worker, asker, now);
	if (stand.thing == 0)
		return;
	forget_account(worker, wait, now);
	if (!asker->message)
		count_wait(worker, WAIT_CONNECTION, wait->scope, now - wait->since);
	wait->ticket = 0;
	admission_call(worker, stand.kind, stand.thing, now);
}

static void leave_queue(struct worker *worker, struct wait *wait, uint64_t now)
{
	struct queues *queues = queues_of(worker, wait->queue);
	uint32_t thing = queue_thing(queues, wait->ticket);

	queue_leave(queues, wait->ticket);
	forget_account(worker, wait, now);
	wait->ticket = 0;
	admission_call(worker, wait->queue, thing, now);
}

/* In that queue, and in no other. */
static void stand_in(struct worker *worker, const struct asker *asker, const struct barrier *barrier, uint64_t now)
{
	struct queues *queues = queues_of(worker, barrier->queue);
	struct wait *wait = asker->wait;
	uint32_t ticket = ticket_in(asker, barrier->queue), thing = flow_meter(asker->flow, barrier->scope);
	const struct place place = { worker->index, (uint32_t)(wait - worker->waits) };

	if (ticket != 0 && queue_thing(queues, ticket) == thing)
		return;
	if (wait->ticket != 0)
		leave_queue(worker, wait, now);
	const struct share share = share_of(worker, asker->flow, barrier->scope);
	wait->account = barrier->scope == SCOPE_DOMAIN ? share.party : 0;
	wait->ticket = queue_join(queues, thing, &share, &place);
	wait->scope = barrier->scope;
	wait->queue = barrier->queue;
}

static enum admission try_to_enter(struct worker *worker, const struct asker *asker, uint64_t now, uint64_t *ret_when)
{
	const struct barrier barrier = first_closed(worker, asker, now);
	const struct wait *wait = asker->wait;

	if (!barrier.closed) {
		enter(worker, asker, now);
		return ADMIT_NOW;
	}
	stand_in(worker, asker, &barrier, now);
	*ret_when = barrier.when;
	if (barrier.when != WAIT_FOR_CALL)
		seat_waits(worker, asker->flow, barrier.scope,
			   barrier.queue == QUEUE_MESSAGES ? LIMIT_MESSAGE_RATE : LIMIT_CONNECTION_RATE);
	/* Who is called needs no clock; but limits change without a call. */
	if (barrier.when == WAIT_FOR_CALL &&
	    queue_first(queues_of(worker, barrier.queue), flow_meter(asker->flow, barrier.scope), wait->ticket,
			asker->flow->stream))
		*ret_when = now + FIRST_LOOKS_NS < wait->until ? now + FIRST_LOOKS_NS : wait->until;
	return ADMIT_LATER;
}

enum admission admission_ask(struct worker *worker, struct flow *flow, struct wait *wait, uint64_t now,
			     uint64_t *ret_when)
{
	const struct asker asker = asker_of(flow, wait);

	if (!asker.message && is_denied(worker, flow))
		return ADMIT_NEVER;
	meters_lock(worker->gate->meters);
	enum admission admission = try_to_enter(worker, &asker, now, ret_when);
	meters_unlock(worker->gate->meters);
	return admission;
}

bool admission_ask_message(struct worker *worker, struct flow *flow, uint64_t now)
{
	const struct asker asker = { flow, NULL, true };

	meters_lock(worker->gate->meters);
	const struct barrier barrier = first_closed(worker, &asker, now);
	if (!barrier.closed)
		enter(worker, &asker, now);
	meters_unlock(worker->gate->meters);
	return !barrier.closed;
}

void admission_leave(struct worker *worker, struct wait *wait, uint64_t now)
{
	if (wait == NULL || wait->ticket == 0)
		return;
	meters_lock(worker->gate->meters);
	leave_queue(worker, wait, now);
	meters_unlock(worker->gate->meters);
}

void admission_withdraw(struct worker *worker, struct flow *flow, uint64_t now)
{
	struct wait *window = hold_window_of(worker, flow);

	admission_leave(worker, hold_of(worker, flow), now);
	if (window == NULL || window->ticket == 0)
		return;
	admission_leave(worker, window, now);
	hold_wake(worker, window, now);
}
