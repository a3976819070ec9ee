/* SPDX-License-Identifier: BSD-3-Clause */
#include "usage.h"

#include <string.h>

#include "admission.h"
#include "domain.h"
#include "hold.h"
#include "memory.h"
#include "messages.h"
#include "queue.h"
#include "tokens.h"
#include "worker.h"

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

/* A domain that is not known has no meter: nothing is limited there. */
static bool is_nobody(const struct scope_key *key)
{
	return key->scope == SCOPE_DOMAIN && domain_in(key) == DOMAIN_NONE;
}

bool usage_acquire(struct worker *worker, const struct scopes *scopes, struct seats *ret_seats, uint64_t now)
{
	uint32_t hash[SCOPES];

	meter_hashes(worker->gate->meters, scopes->key, SCOPES, hash);
	meters_fetch(worker->gate->meters, hash, SCOPES);
	return usage_acquire_at(worker, scopes, hash, ret_seats, now);
}

bool usage_acquire_at(struct worker *worker, const struct scopes *scopes, const uint32_t hash[SCOPES],
		      struct seats *ret_seats, uint64_t now)
{
	struct meters *meters = worker->gate->meters;

	for (int scope = 0; scope < SCOPES; scope++) {
		ret_seats->meter[scope] = 0;
		if (is_nobody(&scopes->key[scope]))
			continue;
		uint32_t index = meter_acquire(meters, &scopes->key[scope], hash[scope]);
		if (index == 0) {
			while (scope-- > 0)
				meter_release(meters, ret_seats->meter[scope], now);
			return false;
		}
		ret_seats->meter[scope] = index;
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
	flow->byte_scopes = meters_limiting(worker->gate->meters, flow->meter, LIMIT_BYTE_RATE);
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
	admission_withdraw(worker, flow, now);
	usage_goodbye(worker, flow, now);
	usage_give_slots(worker, flow, now);
	usage_tell(worker, flow);
	for (int scope = 0; scope < SCOPES; scope++)
		meter_release(worker->gate->meters, flow->meter[scope], now);
	memset(flow->meter, 0, sizeof(flow->meter));
	flow->byte_scopes = flow->message_scopes = 0;
}

static void call(struct worker *worker, uint32_t index, uint64_t now)
{
	meters_lock(worker->gate->meters);
	admission_call(worker, index, now);
	meters_unlock(worker->gate->meters);
}

static void give_slot(struct worker *worker, uint32_t index, uint64_t now)
{
	const struct meters *meters = worker->gate->meters;
	struct meter *meter = meter_at(meters, index);

	meter_add(&meter->connections, -1u, meters->shared);
	/* Others may be about to stand there; a lone worker sees that nobody does. */
	if (meter_limits(meter, LIMIT_CONNECTIONS) && (meters->shared || queue_waited(meters->queues, index)))
		call(worker, index, now);
}

/* The bytes whose tokens are taken already: those of the first segment that waits. */
static void move_bytes(const struct worker *worker, const struct flow *flow, struct meter *from, struct meter *to,
		       uint64_t now)
{
	const struct meters *meters = worker->gate->meters;
	const struct wait *wait = hold_of(worker, flow);

	if (wait == NULL || wait->swallowed || held_note(wait->first)->payload == 0)
		return;
	if (meter_limits(from, LIMIT_BYTE_RATE))
		bucket_return_late(meter_bytes(meters, from), held_ip_bytes(wait->first),
				   now > wait->due ? now - wait->due : 0);
	if (meter_limits(to, LIMIT_BYTE_RATE))
		bucket_take(meter_bytes(meters, to), held_ip_bytes(wait->first), now, true);
}

/* Counted and charged there as any that is let in, whatever the limits say: it is there. */
static void move_slot(struct worker *worker, const struct flow *flow, struct meter *to, uint64_t now)
{
	if (!flow->counted)
		return;
	atomic_fetch_add_explicit(&to->connections, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&to->admitted, 1, memory_order_relaxed);
	if (!meter_limits(to, LIMIT_CONNECTION_RATE))
		return;
	meters_lock(worker->gate->meters);
	bucket_take(&to->connection_rate, 1, now, true);
	meters_unlock(worker->gate->meters);
}

bool usage_move(struct worker *worker, struct flow *flow, const struct scope_key *key, uint64_t now)
{
	struct meters *meters = worker->gate->meters;
	uint32_t hash, from = flow->meter[key->scope], to;

	meter_hashes(meters, key, 1, &hash);
	to = meter_acquire(meters, key, hash);
	if (to == 0)
		return false;
	refresh(worker, meter_at(meters, to), now);
	usage_tell(worker, flow); /* what was so far is the old one's */
	move_bytes(worker, flow, meter_at(meters, from), meter_at(meters, to), now);
	move_slot(worker, flow, meter_at(meters, to), now);
	bool unused = tokens_quit(worker, flow, (enum scope)key->scope, now);
	flow->meter[key->scope] = to;
	flow->serial = 0; /* what is decided there was not looked up yet */
	note_byte_scopes(worker, flow);
	tokens_join(worker, flow, (enum scope)key->scope, now);
	if (unused)
		call(worker, from, now);
	if (flow->counted && from != 0)
		give_slot(worker, from, now);
	meter_release(meters, from, now);
	return true;
}

void usage_refresh(struct worker *worker, struct flow *flow, uint64_t now)
{
	for (int scope = 0; scope < SCOPES; scope++)
		if (flow->meter[scope] != 0)
			refresh(worker, seat(worker, flow, scope), now);
	note_byte_scopes(worker, flow);
	tokens_note(worker, flow, now);
}

void usage_count_slots(struct worker *worker, struct flow *flow)
{
	for (int scope = 0; scope < SCOPES; scope++)
		if (flow->meter[scope] != 0)
			meter_add(&seat(worker, flow, scope)->connections, 1, worker->gate->meters->shared);
	flow->counted = 1;
}

/* What came back may let in who waits. */
static void call_for_tokens(struct worker *worker, const struct flow *flow, uint64_t now)
{
	meters_lock(worker->gate->meters);
	for (unsigned scopes = flow->message_scopes; scopes != 0; scopes &= scopes - 1)
		admission_call(worker, flow->meter[__builtin_ctz(scopes)], now);
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

void usage_give_slots(struct worker *worker, struct flow *flow, uint64_t now)
{
	if (!flow->counted)
		return;
	for (int scope = 0; scope < SCOPES; scope++)
		if (flow->meter[scope] != 0)
			give_slot(worker, flow->meter[scope], now);
	flow->counted = 0;
}

static struct bucket *bytes_of(const struct worker *worker, const struct flow *flow, int scope)
{
	return &worker->gate->meters->bytes[flow->meter[scope]];
}

struct departure usage_take_bytes(struct worker *worker, const struct flow *flow, uint32_t bytes, uint64_t now)
{
	bool shared = worker->gate->workers > 1;
	uint64_t now_ticks = now * BUCKET_TICKS_PER_NS, latest = now_ticks;
	int of = SCOPE_GATE;

	for (unsigned scopes = flow->byte_scopes; scopes != 0; scopes &= scopes - 1) {
		int scope = __builtin_ctz(scopes);
		uint64_t when = bucket_take_ticks(bytes_of(worker, flow, scope), bytes, now_ticks, shared);
		of = when > latest ? scope : of;
		latest = when > latest ? when : latest;
	}
	return (struct departure){ bucket_ns(latest, now), (uint8_t)of };
}

void usage_return_bytes(struct worker *worker, const struct flow *flow, uint32_t bytes, uint64_t late)
{
	for (unsigned scopes = flow->byte_scopes; scopes != 0; scopes &= scopes - 1)
		bucket_return_late(bytes_of(worker, flow, __builtin_ctz(scopes)), bytes, late);
}

void usage_fetch_bytes(const struct worker *worker, const struct flow *flow)
{
	for (unsigned scopes = flow->byte_scopes; scopes != 0; scopes &= scopes - 1)
		fetch(bytes_of(worker, flow, __builtin_ctz(scopes)));
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
		fetch(&seat(worker, flow, scope)->bytes);
	}
}

void usage_fetch_to_tell(const struct worker *worker, const struct flow *flow)
{
	messages_fetch(worker, flow);
	if (flow->told != (uint32_t)flow->bytes_out)
		fetch_seats(worker, flow);
}

static bool goes_on(const struct packet *packet)
{
	return messages_in_record(packet->flow) &&
	       dialogue_in_record(&packet->flow->dialogue, packet->seq, packet->payload);
}

/* Who has something waiting gets more behind it. */
static void fetch_queues(const struct worker *worker, const struct burst *burst)
{
	for (uint16_t i = 0; i < burst->count; i++) {
		const struct packet *packet = &burst->packet[i];
		if (packet->kind == PACKET_SMTP && packet->flow != NULL && packet->flow->wait != 0)
			fetch(held_note(hold_of(worker, packet->flow)->last));
	}
}

/* Whether a segment will wait is not known; what those of the last burst did is the best guess. */
void usage_prefetch(struct worker *worker, const struct burst *burst)
{
	for (uint16_t i = 0; i < burst->count; i++) {
		const struct packet *packet = &burst->packet[i];
		if (packet->kind != PACKET_SMTP || packet->flow == NULL)
			continue;
		if (may_end(packet)) {
			fetch_seats(worker, packet->flow);
			messages_fetch(worker, packet->flow);
		}
		if (packet->payload == 0)
			continue;
		if (packet->side != INSIDE || !goes_on(packet))
			messages_fetch(worker, packet->flow);
		if (packet->side != INSIDE)
			continue;
		usage_fetch_bytes(worker, packet->flow);
		if (worker->waited != 0)
			fetch(held_note(packet->mbuf));
		if (packet->flow->wait != 0)
			fetch(hold_of(worker, packet->flow));
	}
	fetch_queues(worker, burst);
}

void usage_refused(struct worker *worker, struct flow *flow)
{
	for (int scope = 0; scope < SCOPES && seated(flow); scope++)
		if (flow->meter[scope] != 0)
			atomic_fetch_add_explicit(&seat(worker, flow, scope)->refused, 1, memory_order_relaxed);
}

static void tell_bytes(struct worker *worker, struct flow *flow)
{
	uint32_t more = (uint32_t)flow->bytes_out - flow->told;

	for (int scope = 0; more != 0 && scope < SCOPES; scope++)
		if (flow->meter[scope] != 0)
			meter_add(&seat(worker, flow, scope)->bytes, more, worker->gate->meters->shared);
	flow->told += more;
}

/* An inferred count may be set right downwards: what was told stays told until it is reached again. */
static void tell_messages(struct worker *worker, struct flow *flow)
{
	struct messages *messages = &worker->messages[flow_index(worker->flows, flow)];
	const struct message_count sent = messages_count(worker, flow);
	int32_t more = (int32_t)(sent.clear + sent.inferred - messages->told);

	if (more > 0)
		count(worker, COUNT_MESSAGE_DOMAIN_UNKNOWN + flow->domain_way, (uint64_t)more);
	for (int scope = 0; more > 0 && scope < SCOPES; scope++) {
		if (flow->meter[scope] == 0)
			continue;
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

uint64_t usage_domain(const struct worker *worker, const struct flow *flow)
{
	return flow->meter[SCOPE_DOMAIN] != 0 ? domain_in(usage_key(worker, flow, SCOPE_DOMAIN)) : DOMAIN_NONE;
}

const struct scope_key *usage_key(const struct worker *worker, const struct flow *flow, enum scope scope)
{
	return &seat(worker, flow, (int)scope)->key;
}
