/* SPDX-License-Identifier: BSD-3-Clause */
#include "usage.h"

#include <string.h>

#include <rte_ring.h>

#include "hold.h"
#include "memory.h"
#include "messages.h"
#include "queue.h"
#include "tokens.h"
#include "worker.h"

/* How often the first in a queue for a slot looks by himself. */
#define FIRST_LOOKS_NS 50000000u

static void refresh(struct worker *worker, struct meter *meter, uint64_t now)
{
	uint32_t layout = table_layout(worker->table);
	struct limits limits;

	if (atomic_load_explicit(&meter->layout, memory_order_acquire) == layout)
		return;
	table_limits(&worker->rcu, worker->table, &meter->key, &limits);
	meter_update(worker->gate->meters, meter, layout, &limits, now);
}

static struct meter *seat(const struct worker *worker, const struct flow *flow, int scope)
{
	return meter_at(worker->gate->meters, flow->meter[scope]);
}

bool usage_acquire(struct worker *worker, const struct scopes *scopes, struct seats *ret_seats, uint64_t now)
{
	struct meters *meters = worker->gate->meters;
	uint32_t hash[SCOPES];

	meter_hashes(meters, scopes->key, SCOPES, hash);
	for (int scope = 0; scope < SCOPES; scope++) {
		uint32_t index = meter_acquire(meters, &scopes->key[scope], hash[scope]);
		if (index == 0) {
			while (scope-- > 0)
				meter_release(meters, ret_seats->meter[scope], now);
			return false;
		}
		ret_seats->meter[scope] = index;
		queue_fetch(meters->queues, index);
		refresh(worker, meter_at(meters, index), now);
	}
	return true;
}

void usage_release(struct worker *worker, const struct seats *seats, uint64_t now)
{
	for (int scope = 0; scope < SCOPES; scope++)
		meter_release(worker->gate->meters, seats->meter[scope], now);
}

static void note_byte_scopes(const struct worker *worker, struct flow *flow)
{
	flow->byte_scopes = 0;
	for (int scope = 0; scope < SCOPES; scope++)
		if (meter_limits(seat(worker, flow, scope), LIMIT_BYTE_RATE))
			flow->byte_scopes |= (uint8_t)(1u << scope);
}

static bool seated(const struct flow *flow)
{
	return flow->meter[0] != 0; /* all or none */
}

/* The new slots first: a connection that moves must not for a moment make room for another. */
void usage_sit(struct worker *worker, struct flow *flow, const struct seats *seats, uint64_t now)
{
	struct flow fresh = *flow;

	memcpy(fresh.meter, seats->meter, sizeof(fresh.meter));
	fresh.counted = 0;
	if (flow->counted)
		usage_count_slots(worker, &fresh);
	usage_leave(worker, flow, now);
	memcpy(flow->meter, seats->meter, sizeof(flow->meter));
	flow->counted = fresh.counted;
	note_byte_scopes(worker, flow);
	tokens_note(worker, flow, now);
}

void usage_leave(struct worker *worker, struct flow *flow, uint64_t now)
{
	if (!seated(flow))
		return;
	usage_stop_waiting(worker, flow, now);
	usage_goodbye(worker, flow, now);
	usage_give_slots(worker, flow, now);
	usage_tell(worker, flow);
	for (int scope = 0; scope < SCOPES; scope++)
		meter_release(worker->gate->meters, flow->meter[scope], now);
	memset(flow->meter, 0, sizeof(flow->meter));
	flow->byte_scopes = flow->message_scopes = 0;
}

void usage_refresh(struct worker *worker, struct flow *flow, uint64_t now)
{
	for (int scope = 0; scope < SCOPES; scope++)
		refresh(worker, seat(worker, flow, scope), now);
	note_byte_scopes(worker, flow);
	tokens_note(worker, flow, now);
}

void usage_count_slots(struct worker *worker, struct flow *flow)
{
	for (int scope = 0; scope < SCOPES; scope++)
		atomic_fetch_add_explicit(&seat(worker, flow, scope)->connections, 1, memory_order_relaxed);
	flow->counted = 1;
}

/* Who comes next in the queue asks again: at once, here or at his own worker. Under the lock. */
static void call_next(struct worker *worker, uint32_t thing, uint64_t now)
{
	struct place place;

	if (!queue_next(worker->gate->meters->queues, thing, &place))
		return;
	if (place.worker == worker->index)
		hold_wake(worker, &worker->waits[place.wait], now);
	else
		rte_ring_enqueue(worker->gate->worker[place.worker]->called, (void *)(uintptr_t)place.wait);
}

/* What came back may let in who waits. */
static void call_for_tokens(struct worker *worker, const struct flow *flow, uint64_t now)
{
	meters_lock(worker->gate->meters);
	for (unsigned scopes = flow->message_scopes; scopes != 0; scopes &= scopes - 1)
		call_next(worker, flow->meter[__builtin_ctz(scopes)], now);
	meters_unlock(worker->gate->meters);
}

void usage_goodbye(struct worker *worker, struct flow *flow, uint64_t now)
{
	if (tokens_settle(worker, flow, now))
		call_for_tokens(worker, flow, now);
}

void usage_rest(struct worker *worker, struct flow *flow, uint64_t now)
{
	if (tokens_rest(worker, flow, now))
		call_for_tokens(worker, flow, now);
}

void usage_answer_calls(struct worker *worker, uint64_t now)
{
	void *call;

	while (rte_ring_dequeue(worker->called, &call) == 0) {
		struct wait *wait = &worker->waits[(uintptr_t)call];
		if (wait->first != NULL && wait->ticket != 0)
			hold_wake(worker, wait, now);
	}
}

void usage_give_slots(struct worker *worker, struct flow *flow, uint64_t now)
{
	struct meters *meters = worker->gate->meters;

	if (!flow->counted)
		return;
	for (int scope = 0; scope < SCOPES; scope++) {
		struct meter *meter = seat(worker, flow, scope);
		atomic_fetch_sub_explicit(&meter->connections, 1, memory_order_relaxed);
		if (!meter_limits(meter, LIMIT_CONNECTIONS))
			continue;
		meters_lock(meters);
		call_next(worker, flow->meter[scope], now);
		meters_unlock(meters);
	}
	flow->counted = 0;
}

/* Customers share what is not theirs alone. */
static struct share share_of(const struct worker *worker, const struct flow *flow, int scope)
{
	uint32_t weight = atomic_load_explicit(&seat(worker, flow, SCOPE_CUSTOMER)->weight, memory_order_relaxed);

	if (scope == SCOPE_PROVIDER)
		return (struct share){ flow->meter[SCOPE_CUSTOMER_PROVIDER], weight };
	return (struct share){ scope == SCOPE_GATE ? flow->meter[SCOPE_CUSTOMER] : 0, weight };
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
		if (!queue_first(worker->gate->meters->queues, flow->meter[scope], ticket))
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

/* Takes slot and token everywhere, and tells every queue whose turn it was. */
static void enter(struct worker *worker, struct flow *flow, uint32_t ticket, uint64_t now)
{
	struct queues *queues = worker->gate->meters->queues;
	uint64_t as_of = hold_as_of(hold_of(worker, flow), now);
	uint32_t waited = ticket != 0 ? queue_thing(queues, ticket) : 0;

	for (int scope = 0; scope < SCOPES; scope++) {
		struct meter *meter = seat(worker, flow, scope);
		const struct share share = share_of(worker, flow, scope);
		if (meter_limits(meter, LIMIT_CONNECTION_RATE))
			bucket_take(&meter->connection_rate, 1, as_of, true);
		if (flow->message_scopes & 1u << scope)
			bucket_take(&meter_messages(worker->gate->meters, meter)->rate, 1, as_of, true);
		/* Where it waited also if that limit is gone by now. */
		if (has_queue(meter) || waited == flow->meter[scope])
			queue_serve(queues, flow->meter[scope], &share, waited == flow->meter[scope] ? ticket : 0);
		atomic_fetch_add_explicit(&meter->admitted, 1, memory_order_relaxed);
	}
	flow->paid = flow->message_scopes != 0;
	flow->token_ms = (uint16_t)(now / 1000000);
	usage_count_slots(worker, flow);
	if (waited != 0)
		call_next(worker, waited, now);
}

static void leave_queue(struct worker *worker, struct wait *wait, uint64_t now)
{
	struct queues *queues = worker->gate->meters->queues;
	uint32_t thing = queue_thing(queues, wait->ticket);

	queue_leave(queues, wait->ticket);
	wait->ticket = 0;
	call_next(worker, thing, now);
}

/* In that scope's queue, and in no other. */
static void stand_in(struct worker *worker, struct flow *flow, struct wait *wait, int scope, uint64_t now)
{
	struct queues *queues = worker->gate->meters->queues;
	const struct share share = share_of(worker, flow, scope);
	const struct place place = { worker->index, (uint32_t)(wait - worker->waits) };

	if (wait->ticket != 0 && queue_thing(queues, wait->ticket) == flow->meter[scope])
		return;
	if (wait->ticket != 0)
		leave_queue(worker, wait, now);
	wait->ticket = queue_join(queues, flow->meter[scope], &share, &place);
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
	if (*ret_when == WAIT_FOR_CALL && queue_first(worker->gate->meters->queues, flow->meter[closed], wait->ticket))
		*ret_when = now + FIRST_LOOKS_NS < wait->until ? now + FIRST_LOOKS_NS : wait->until;
	return ADMIT_LATER;
}

enum admission usage_admit(struct worker *worker, struct flow *flow, uint64_t now, uint64_t *ret_when)
{
	if (is_denied(worker, flow))
		return ADMIT_NEVER;
	meters_lock(worker->gate->meters);
	enum admission admission = try_to_enter(worker, flow, now, ret_when);
	meters_unlock(worker->gate->meters);
	return admission;
}

void usage_stop_waiting(struct worker *worker, struct flow *flow, uint64_t now)
{
	struct wait *wait = hold_of(worker, flow);

	if (wait == NULL || wait->ticket == 0)
		return;
	meters_lock(worker->gate->meters);
	leave_queue(worker, wait, now);
	meters_unlock(worker->gate->meters);
}

uint64_t usage_take_bytes(struct worker *worker, const struct flow *flow, uint32_t bytes, uint64_t now)
{
	bool shared = worker->gate->workers > 1;
	uint64_t latest = now;

	for (unsigned scopes = flow->byte_scopes; scopes != 0; scopes &= scopes - 1) {
		struct meter *meter = seat(worker, flow, __builtin_ctz(scopes));
		uint64_t when = bucket_take(&meter->byte_rate, bytes, now, shared);
		latest = when > latest ? when : latest;
	}
	return latest;
}

void usage_return_bytes(struct worker *worker, const struct flow *flow, uint32_t bytes)
{
	for (unsigned scopes = flow->byte_scopes; scopes != 0; scopes &= scopes - 1)
		bucket_return(&seat(worker, flow, __builtin_ctz(scopes))->byte_rate, bytes);
}

void usage_fetch_bytes(const struct worker *worker, const struct flow *flow)
{
	for (unsigned scopes = flow->byte_scopes; scopes != 0; scopes &= scopes - 1)
		fetch(seat(worker, flow, __builtin_ctz(scopes)));
}

static bool may_end(const struct packet *packet)
{
	return packet->flags & TCP_RST ||
	       (packet->flags & TCP_FIN && (packet->flow->client_fin || packet->flow->server_fin));
}

/* Of a connection that ends: slots and references are given back. */
static void fetch_seats(const struct worker *worker, const struct flow *flow)
{
	for (int scope = 0; seated(flow) && scope < SCOPES; scope++) {
		fetch(seat(worker, flow, scope));
		fetch(&seat(worker, flow, scope)->key);
	}
}

void usage_prefetch(struct worker *worker, const struct burst *burst)
{
	for (uint16_t i = 0; i < burst->count; i++) {
		const struct packet *packet = &burst->packet[i];
		if (packet->kind != PACKET_SMTP || packet->flow == NULL)
			continue;
		if (may_end(packet))
			fetch_seats(worker, packet->flow);
		if (packet->payload == 0)
			continue;
		messages_fetch(worker, packet->flow);
		if (packet->side == INSIDE)
			usage_fetch_bytes(worker, packet->flow);
	}
}

void usage_refused(struct worker *worker, struct flow *flow)
{
	for (int scope = 0; scope < SCOPES && seated(flow); scope++)
		atomic_fetch_add_explicit(&seat(worker, flow, scope)->refused, 1, memory_order_relaxed);
}

static void tell_bytes(struct worker *worker, struct flow *flow)
{
	uint32_t more = (uint32_t)flow->bytes_out - flow->told;

	for (int scope = 0; more != 0 && scope < SCOPES; scope++)
		atomic_fetch_add_explicit(&seat(worker, flow, scope)->bytes, more, memory_order_relaxed);
	flow->told += more;
}

/* An inferred count may be set right downwards: what was told stays told until it is reached again. */
static void tell_messages(struct worker *worker, struct flow *flow)
{
	struct messages *messages = &worker->messages[flow_index(worker->flows, flow)];
	struct message_count count = messages_count(worker, flow);
	int32_t more = (int32_t)(count.clear + count.inferred - messages->told);

	for (int scope = 0; more > 0 && scope < SCOPES; scope++) {
		struct meter_messages *sum = &worker->gate->meters->messages[flow->meter[scope]];
		atomic_fetch_add_explicit(&sum->all, (uint32_t)more, memory_order_relaxed);
		if (flow->messages == MESSAGES_TLS)
			atomic_fetch_add_explicit(&sum->inferred, (uint32_t)more, memory_order_relaxed);
	}
	messages->told += more > 0 ? (uint32_t)more : 0;
}

void usage_tell(struct worker *worker, struct flow *flow)
{
	tell_bytes(worker, flow);
	tell_messages(worker, flow);
}

const struct scope_key *usage_key(const struct worker *worker, const struct flow *flow, enum scope scope)
{
	return &seat(worker, flow, (int)scope)->key;
}
