/* SPDX-License-Identifier: BSD-3-Clause */
#include "tokens.h"

#include "messages.h"
#include "worker.h"

/* So late is on time; longer, and the token passes by unused. Who says nothing for IDLE_MS does not keep it. */
#define LATE_MS 20
#define IDLE_MS 1000u

/* As far as token_ms can tell. */
#define TOKEN_AHEAD_NS 30000000000u
#define TOKEN_OLD_MS 20000

static struct bucket *bucket_of(const struct worker *worker, const struct flow *flow, int scope)
{
	return &worker->gate->meters->messages[flow_meter(flow, scope)].rate;
}

/* How many more were sent than paid; negative: paid ahead. An inferred count may be set right downwards. */
static int owed(const struct worker *worker, const struct flow *flow)
{
	const struct message_count count = messages_count(worker, flow);

	return (int8_t)(count.clear + count.inferred - flow->paid);
}

/* Under the lock of admission: who is let in takes what he saw. */
static uint64_t take(struct worker *worker, struct flow *flow, uint32_t units, uint64_t now)
{
	uint64_t latest = now, most = now + TOKEN_AHEAD_NS;

	meters_lock(worker->gate->meters);
	for (unsigned scopes = flow->message_scopes; scopes != 0; scopes &= scopes - 1) {
		uint64_t when = bucket_take(bucket_of(worker, flow, __builtin_ctz(scopes)), units, now);
		latest = when > latest ? when : latest;
	}
	meters_unlock(worker->gate->meters);
	flow->paid = (uint8_t)(flow->paid + units);
	flow->token_ms = (uint16_t)((latest < most ? latest : most) / 1000000);
	return latest;
}

static int late_ms(const struct flow *flow, uint64_t now)
{
	return (int16_t)(now / 1000000 - flow->token_ms);
}

/* Of a token: for how long it has been there unused. */
static uint64_t passed_ns(const struct flow *flow, uint64_t now)
{
	int late = late_ms(flow, now);

	return late > LATE_MS ? (uint64_t)late * 1000000 : 0;
}

/* One token, as far as it did not pass by since it was there. */
static void give_back(struct worker *worker, struct flow *flow, uint64_t now)
{
	for (unsigned scopes = flow->message_scopes; scopes != 0; scopes &= scopes - 1)
		bucket_return_late(bucket_of(worker, flow, __builtin_ctz(scopes)), 1, passed_ns(flow, now));
}

bool tokens_settle(struct worker *worker, struct flow *flow, uint64_t now)
{
	if (flow->message_scopes == 0)
		return false;
	int more = owed(worker, flow);

	flow->reserved = 0;
	if (more > 0)
		take(worker, flow, (uint32_t)more, now);
	if (more < 0) {
		give_back(worker, flow, now);
		flow->paid = (uint8_t)(flow->paid + more);
	}
	return more < 0;
}

uint64_t tokens_take(struct worker *worker, struct flow *flow, bool next, uint64_t now)
{
	int units = owed(worker, flow);

	if (units > 0)
		count(worker, COUNT_MESSAGE_OWED, (uint64_t)units);
	units += next;
	if (units <= 0)
		return now;
	flow->reserved = next;
	return take(worker, flow, (uint32_t)units, now);
}

bool tokens_ahead(const struct worker *worker, const struct flow *flow)
{
	return owed(worker, flow) < 0;
}

/* Late, it costs what passed by. */
static void use(struct worker *worker, struct flow *flow, uint64_t now)
{
	flow->reserved = 0;
	if (late_ms(flow, now) <= LATE_MS)
		return;
	give_back(worker, flow, now);
	flow->paid--;
	take(worker, flow, 1, now);
}

void tokens_begin(struct worker *worker, struct flow *flow, uint64_t now)
{
	if (flow->reserved)
		use(worker, flow, now);
	else if (owed(worker, flow) == 0 && messages_may_begin(worker, flow) && take(worker, flow, 1, now) > now)
		count(worker, COUNT_MESSAGE_OWED, 1);
}

bool tokens_rest(struct worker *worker, struct flow *flow, uint64_t now)
{
	bool idle = (uint32_t)(now / 1000000) - flow->seen_ms >= IDLE_MS;

	if (flow->message_scopes == 0 || flow->window != 0)
		return false;
	if (flow->reserved && idle)
		return tokens_settle(worker, flow, now);
	/* It stays old, though the clock wraps. */
	if (late_ms(flow, now) > TOKEN_OLD_MS)
		flow->token_ms = (uint16_t)(now / 1000000 - TOKEN_OLD_MS);
	return false;
}

void tokens_note(struct worker *worker, struct flow *flow, uint64_t now)
{
	const struct flow_meters seats = flow_meters(flow);
	uint8_t limited = meters_limiting(worker->gate->meters, seats.of, LIMIT_MESSAGE_RATE);

	if (limited == flow->message_scopes)
		return;
	tokens_settle(worker, flow, now);
	const struct message_count count = messages_count(worker, flow);
	flow->paid = (uint8_t)(count.clear + count.inferred);
	flow->message_scopes = limited;
}

bool tokens_quit(struct worker *worker, struct flow *flow, enum scope scope, uint64_t now)
{
	uint8_t bit = (uint8_t)(1u << scope);
	int more = flow->message_scopes != 0 ? owed(worker, flow) : 0;
	bool unused = flow->message_scopes & bit && more < 0;

	if (more > 0)
		take(worker, flow, (uint32_t)more, now);
	if (unused)
		bucket_return_late(bucket_of(worker, flow, (int)scope), 1, passed_ns(flow, now));
	flow->message_scopes &= (uint8_t)~bit;
	return unused;
}

void tokens_join(struct worker *worker, struct flow *flow, enum scope scope, uint64_t now)
{
	bool first = flow->message_scopes == 0;

	if (!meter_limits(meter_at(worker->gate->meters, flow_meter(flow, scope)), LIMIT_MESSAGE_RATE))
		return;
	flow->message_scopes |= (uint8_t)(1u << scope);
	if (first) {
		const struct message_count count = messages_count(worker, flow);
		flow->paid = (uint8_t)(count.clear + count.inferred);
		take(worker, flow, 1, now);
	} else if (owed(worker, flow) < 0) {
		meters_lock(worker->gate->meters);
		bucket_take(bucket_of(worker, flow, (int)scope), 1, now);
		meters_unlock(worker->gate->meters);
	}
}
