/* SPDX-License-Identifier: BSD-3-Clause */
#include "admission.h"

#include <rte_ring.h>

#include "hold.h"
#include "queue.h"
#include "usage.h"
#include "worker.h"

/* How often the first in a queue for a slot looks by himself. */
#define FIRST_LOOKS_NS 50000000u

static struct meter *seat(const struct worker *worker, const struct flow *flow, int scope)
{
	return meter_at(worker->gate->meters, flow_meter(flow, scope));
}

/* Who comes next in the queue asks again: at once, here or at his own worker. Under the lock. */
void admission_call(struct worker *worker, uint32_t thing, uint64_t now)
{
	struct place place;

	if (!queue_next(worker->gate->meters->queues, thing, &place))
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
	struct scope_key key = *usage_key(worker, flow, SCOPE_DOMAIN);
	uint32_t hash;

	key.customer = usage_key(worker, flow, SCOPE_CUSTOMER)->customer;
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

#define NO_SCOPE (-1)

/* Has it a limit that new connections wait for? */
static bool has_queue(const struct meter *meter)
{
	return meter_limits(meter, LIMIT_CONNECTIONS) || meter_limits(meter, LIMIT_CONNECTION_RATE) ||
	       meter_limits(meter, LIMIT_MESSAGE_RATE);
}

/* When its rates let in one more connection and its first message. */
static uint64_t rates_open(const struct worker *worker, const struct meter *meter, uint64_t now)
{
	const struct meter_messages *messages = meter_messages(worker->gate->meters, meter);
	uint64_t connection = now, message = now;

	if (meter_limits(meter, LIMIT_CONNECTION_RATE))
		connection = bucket_when(&meter->connection_rate, 1, now);
	if (meter_limits(meter, LIMIT_MESSAGE_RATE))
		message = bucket_when(&messages->rate, 1, now);
	return connection > message ? connection : message;
}

/* The narrowest scope that does not let it in now; *ret_when: when its rate would, WAIT_FOR_CALL when it is a slot or
 * somebody's turn before. NO_SCOPE: all let it in. */
static int first_closed(const struct worker *worker, const struct flow *flow, uint32_t ticket, uint64_t now,
			uint64_t *ret_when)
{
	for (int scope = 0; scope < SCOPES; scope++) {
		const struct meter *meter = seat(worker, flow, scope);
		bool slots = meter_limits(meter, LIMIT_CONNECTIONS);
		if (!has_queue(meter))
			continue;
		*ret_when = WAIT_FOR_CALL;
		if (!queue_first(worker->gate->meters->queues, flow_meter(flow, scope), ticket, flow->stream))
			return scope;
		if (slots && atomic_load_explicit(&meter->connections, memory_order_relaxed) >=
				     atomic_load_explicit(&meter->connections_most, memory_order_relaxed))
			return scope;
		*ret_when = rates_open(worker, meter, now);
		if (*ret_when > now)
			return scope;
	}
	return NO_SCOPE;
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

/* In that scope's queue. */
static void serve(struct worker *worker, const struct flow *flow, int scope, uint32_t ticket, uint64_t now)
{
	const struct share share = share_of(worker, flow, scope);

	queue_serve(worker->gate->meters->queues, flow_meter(flow, scope), &share, ticket);
	leave_account(worker, share.party, scope, now);
}

/* A waiting SYN's own reference to it. */
static void forget_account(const struct worker *worker, struct wait *wait, uint64_t now)
{
	meter_release(worker->gate->meters, wait->account, now);
	wait->account = 0;
}

/* Takes slot and token everywhere, and tells every queue whose turn it was. */
static void enter(struct worker *worker, struct flow *flow, uint32_t ticket, uint64_t now)
{
	struct queues *queues = worker->gate->meters->queues;
	struct wait *wait = hold_of(worker, flow);
	uint64_t as_of = hold_as_of(wait, now);
	uint32_t waited = ticket != 0 ? queue_thing(queues, ticket) : 0;
	bool shared = worker->gate->meters->shared;

	for (int scope = 0; scope < SCOPES; scope++) {
		struct meter *meter = seat(worker, flow, scope);
		if (flow_meter(flow, scope) == 0)
			continue;
		if (meter_limits(meter, LIMIT_CONNECTION_RATE))
			bucket_take(&meter->connection_rate, 1, as_of);
		if (flow->message_scopes & 1u << scope)
			bucket_take(&meter_messages(worker->gate->meters, meter)->rate, 1, as_of);
		/* Where it waited also if that limit is gone by now. */
		if (has_queue(meter) || waited == flow_meter(flow, scope))
			serve(worker, flow, scope, waited == flow_meter(flow, scope) ? ticket : 0, now);
		meter_add(&meter->admitted, 1, shared);
	}
	forget_account(worker, wait, now);
	flow->paid = flow->message_scopes != 0;
	flow->token_ms = (uint16_t)(now / 1000000);
	usage_count_slots(worker, flow);
	if (waited == 0)
		return;
	count_wait(worker, WAIT_CONNECTION, wait->scope, now - wait->since);
	admission_call(worker, waited, now);
}

static void leave_queue(struct worker *worker, struct wait *wait, uint64_t now)
{
	struct queues *queues = worker->gate->meters->queues;
	uint32_t thing = queue_thing(queues, wait->ticket);

	queue_leave(queues, wait->ticket);
	forget_account(worker, wait, now);
	wait->ticket = 0;
	admission_call(worker, thing, now);
}

/* In that scope's queue, and in no other. */
static void stand_in(struct worker *worker, struct flow *flow, struct wait *wait, int scope, uint64_t now)
{
	struct queues *queues = worker->gate->meters->queues;
	const struct place place = { worker->index, (uint32_t)(wait - worker->waits) };

	if (wait->ticket != 0 && queue_thing(queues, wait->ticket) == flow_meter(flow, scope))
		return;
	if (wait->ticket != 0)
		leave_queue(worker, wait, now);
	const struct share share = share_of(worker, flow, scope);
	wait->account = scope == SCOPE_DOMAIN ? share.party : 0;
	wait->ticket = queue_join(queues, flow_meter(flow, scope), &share, &place);
	wait->scope = (uint8_t)scope;
}

static enum admission try_to_enter(struct worker *worker, struct flow *flow, uint64_t now, uint64_t *ret_when)
{
	struct wait *wait = hold_of(worker, flow);
	int closed = first_closed(worker, flow, wait->ticket, now, ret_when);

	if (closed == NO_SCOPE) {
		enter(worker, flow, wait->ticket, now);
		wait->ticket = 0;
		return ADMIT_NOW;
	}
	stand_in(worker, flow, wait, closed, now);
	/* Who is called needs no clock; but limits change without a call. */
	if (*ret_when == WAIT_FOR_CALL &&
	    queue_first(worker->gate->meters->queues, flow_meter(flow, closed), wait->ticket, flow->stream))
		*ret_when = now + FIRST_LOOKS_NS < wait->until ? now + FIRST_LOOKS_NS : wait->until;
	return ADMIT_LATER;
}

enum admission admission_ask(struct worker *worker, struct flow *flow, uint64_t now, uint64_t *ret_when)
{
	if (is_denied(worker, flow))
		return ADMIT_NEVER;
	meters_lock(worker->gate->meters);
	enum admission admission = try_to_enter(worker, flow, now, ret_when);
	meters_unlock(worker->gate->meters);
	return admission;
}

void admission_withdraw(struct worker *worker, struct flow *flow, uint64_t now)
{
	struct wait *wait = hold_of(worker, flow);

	if (wait == NULL || wait->ticket == 0)
		return;
	meters_lock(worker->gate->meters);
	leave_queue(worker, wait, now);
	meters_unlock(worker->gate->meters);
}
