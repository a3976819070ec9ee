/* SPDX-License-Identifier: BSD-3-Clause */
#include "usage.h"

#include <string.h>

#include "admission.h"
#include "domain.h"
#include "hold.h"
#include "memory.h"
#include "messages.h"
#include "queue.h"
#include "seat.h"
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

static void sit(const struct worker *worker, struct flow *flow, const struct flow_meters *meters)
{
	flow_set_meters(flow, meters, meters_limiting(worker->gate->meters, meters->of, LIMIT_BYTE_RATE));
}

/* Other scopes may have a byte rate now. */
static void sit_again(const struct worker *worker, struct flow *flow)
{
	const struct flow_meters meters = flow_meters(flow);

	sit(worker, flow, &meters);
}

static bool seated(const struct flow *flow)
{
	return flow_meter(flow, 0) != 0; /* all or none */
}

/* The new slots first: a connection that moves must not for a moment make room for another. */
void usage_sit(struct worker *worker, struct flow *flow, const struct seats *seats, uint64_t now)
{
	struct flow fresh = *flow;
	struct flow_meters meters;

	memcpy(meters.of, seats->meter, sizeof(meters.of));
	flow_set_meters(&fresh, &meters, 0);
	fresh.counted = 0;
	if (flow->counted)
		seat_count_slots(worker, &fresh);
	usage_leave(worker, flow, now);
	sit(worker, flow, &meters);
	flow->counted = fresh.counted;
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
	for (unsigned place = 0; place < SCOPES; place++)
		meter_release(worker->gate->meters, flow_meter_at(flow, place), now);
	flow_set_meters(flow, &(struct flow_meters){ 0 }, 0);
	flow->message_scopes = 0;
}

static void call(struct worker *worker, enum queue_kind kind, uint32_t index, uint64_t now)
{
	meters_lock(worker->gate->meters);
	admission_call(worker, kind, index, now);
	meters_unlock(worker->gate->meters);
}

static void give_slot(struct worker *worker, uint32_t index, uint64_t now)
{
	const struct meters *meters = worker->gate->meters;
	struct meter *meter = meter_at(meters, index);

	meter_add(&meter->connections, -1u, meters->shared);
	/* Others may be about to stand there; a lone worker sees that nobody does. */
	if (meter_limits(meter, LIMIT_CONNECTIONS) &&
	    (meters->shared || queue_waited(meters->queues[QUEUE_CONNECTIONS], index)))
		call(worker, QUEUE_CONNECTIONS, index, now);
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
		bucket_take(meter_bytes(meters, to), held_ip_bytes(wait->first), now);
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
	bucket_take(&to->connection_rate, 1, now);
	meters_unlock(worker->gate->meters);
}

bool usage_move(struct worker *worker, struct flow *flow, const struct scope_key *key, uint64_t now)
{
	struct meters *meters = worker->gate->meters;
	uint32_t hash, from = flow_meter(flow, key->scope), to;

	meter_hashes(meters, key, 1, &hash);
	to = meter_acquire(meters, key, hash);
	if (to == 0)
		return false;
	refresh(worker, meter_at(meters, to), now);
	admission_withdraw(worker, flow, now);
	usage_tell(worker, flow); /* what was so far is the old one's */
	move_bytes(worker, flow, meter_at(meters, from), meter_at(meters, to), now);
	move_slot(worker, flow, meter_at(meters, to), now);
	bool unused = tokens_quit(worker, flow, (enum scope)key->scope, now);
	struct flow_meters seats = flow_meters(flow);
	seats.of[key->scope] = to;
	flow->serial = 0; /* what is decided there was not looked up yet */
	sit(worker, flow, &seats);
	tokens_join(worker, flow, (enum scope)key->scope, now);
	if (unused)
		call(worker, QUEUE_MESSAGES, from, now);
	if (flow->counted && from != 0)
		give_slot(worker, from, now);
	meter_release(meters, from, now);
	return true;
}

void usage_refresh(struct worker *worker, struct flow *flow, uint64_t now)
{
	for (unsigned place = 0; place < SCOPES; place++)
		if (flow_meter_at(flow, place) != 0)
			refresh(worker, seat_at(worker, flow, place), now);
	sit_again(worker, flow);
	tokens_note(worker, flow, now);
}

/* What came back may let in who waits. */
static void call_for_tokens(struct worker *worker, const struct flow *flow, uint64_t now)
{
	meters_lock(worker->gate->meters);
	for (unsigned scopes = flow->message_scopes; scopes != 0; scopes &= scopes - 1)
		admission_call(worker, QUEUE_MESSAGES, flow_meter(flow, __builtin_ctz(scopes)), now);
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
	for (unsigned place = 0; place < SCOPES; place++)
		if (flow_meter_at(flow, place) != 0)
			give_slot(worker, flow_meter_at(flow, place), now);
	flow->counted = 0;
}

static struct bucket *bytes_of(const struct worker *worker, const struct flow *flow, int scope)
{
	return &worker->gate->meters->bytes[flow_meter(flow, scope)];
}

/* When they may leave, in ticks, and the last place of the flow's meters that says so. */
struct taken {
	int64_t latest;
	unsigned place;
};

static inline struct taken take_all(struct bucket *bucket, const struct flow *flow, uint32_t bytes, uint64_t now_ticks,
				    bool shared)
{
	struct taken taken = { (int64_t)now_ticks, 0 };
	unsigned places = (unsigned)__builtin_popcount(flow->byte_scopes);

	for (unsigned place = 0; place < places; place++) {
		uint32_t meter = place < FLOW_NEAR ? flow->near[place] : flow_meter_at(flow, place);
		int64_t when = bucket_take_few(&bucket[meter], bytes, now_ticks, shared);
		taken.place = when > taken.latest ? place : taken.place;
		taken.latest = when > taken.latest ? when : taken.latest;
	}
	return taken;
}

static uint8_t scope_at(const struct flow *flow, unsigned place)
{
	unsigned scopes = flow->byte_scopes;

	while (place-- > 0)
		scopes &= scopes - 1;
	return (uint8_t)__builtin_ctz(scopes);
}

struct departure usage_take_bytes(struct worker *worker, const struct flow *flow, uint32_t bytes, uint64_t now)
{
	struct bucket *bucket = worker->gate->meters->bytes;
	uint64_t now_ticks = now * BUCKET_TICKS_PER_NS;
	struct taken taken = worker->gate->workers > 1 ? take_all(bucket, flow, bytes, now_ticks, true)
						       : take_all(bucket, flow, bytes, now_ticks, false);

	if (taken.latest == (int64_t)now_ticks)
		return (struct departure){ now, SCOPE_GATE };
	return (struct departure){ bucket_few_ns(taken.latest, now), scope_at(flow, taken.place) };
}

void usage_return_bytes(struct worker *worker, const struct flow *flow, uint32_t bytes, uint64_t late)
{
	for (unsigned scopes = flow->byte_scopes; scopes != 0; scopes &= scopes - 1)
		bucket_return_late(bytes_of(worker, flow, __builtin_ctz(scopes)), bytes, late);
}

/* Of the near ones also those without a byte rate: to ask costs more. */
void usage_fetch_bytes(const struct worker *worker, const struct flow *flow)
{
	const struct bucket *bucket = worker->gate->meters->bytes;

	for (int place = 0; place < FLOW_NEAR; place++)
		fetch(&bucket[flow->near[place]]);
}

static bool may_end(const struct packet *packet)
{
	return packet->flags & TCP_RST ||
	       (packet->flags & TCP_FIN && (packet->flow->client_fin || packet->flow->server_fin));
}

/* Of a connection that ends: slots and references are given back. */
static void fetch_seats(const struct worker *worker, const struct flow *flow)
{
	for (unsigned place = 0; seated(flow) && place < SCOPES; place++) {
		const struct meter *meter = seat_at(worker, flow, place);
		fetch(meter);
		fetch(&meter->bytes);
	}
}

void usage_fetch_to_tell(const struct worker *worker, const struct flow *flow)
{
	messages_fetch(worker, flow);
	if (flow->fresh_out != 0)
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

/* What is done with anything but more of a record: nearly all that is known of it. */
static void fetch_whole(struct worker *worker, const struct packet *packet)
{
	flow_fetch_rest(packet->flow);
	if (may_end(packet))
		fetch_seats(worker, packet->flow);
	if (packet->payload > 0 || may_end(packet))
		messages_fetch(worker, packet->flow);
}

/* Whether a segment will wait is not known; what those of the last burst did is the best guess. */
void usage_prefetch(struct worker *worker, const struct burst *burst)
{
	bool waits = worker->waited != 0;
	uint32_t queued = 0;

	for (uint16_t i = 0; i < burst->count; i++) {
		const struct packet *packet = &burst->packet[i];
		if (packet->kind != PACKET_SMTP || packet->flow == NULL)
			continue;
		if (packet->side != INSIDE || !goes_on(packet))
			fetch_whole(worker, packet);
		if (packet->side != INSIDE || packet->payload == 0)
			continue;
		usage_fetch_bytes(worker, packet->flow);
		if (waits)
			fetch(held_note(packet->mbuf));
		if (packet->flow->wait != 0)
			fetch(hold_of(worker, packet->flow));
		queued |= packet->flow->wait;
	}
	if (queued != 0)
		fetch_queues(worker, burst);
}

static void tell_bytes(struct worker *worker, struct flow *flow)
{
	uint32_t more = flow->fresh_out;

	for (unsigned place = 0; more != 0 && place < SCOPES; place++)
		if (flow_meter_at(flow, place) != 0)
			meter_add(&seat_at(worker, flow, place)->bytes, more, worker->gate->meters->shared);
	flow->told_out += more;
	flow->fresh_out = 0;
}

/* An inferred count may be set right downwards: what was told stays told until it is reached again. */
static void tell_messages(struct worker *worker, struct flow *flow)
{
	struct messages *messages = &worker->messages[flow_index(worker->flows, flow)];
	const struct message_count sent = messages_count(worker, flow);
	int32_t more = (int32_t)(sent.clear + sent.inferred - messages->told);

	if (more > 0)
		count(worker, COUNT_MESSAGE_DOMAIN_UNKNOWN + flow->domain_way, (uint64_t)more);
	for (unsigned place = 0; more > 0 && place < SCOPES; place++) {
		if (flow_meter_at(flow, place) == 0)
			continue;
		struct meter_messages *sum = &worker->gate->meters->messages[flow_meter_at(flow, place)];
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
