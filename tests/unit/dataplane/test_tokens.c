/* SPDX-License-Identifier: BSD-3-Clause */
/* What messages cost, step by step: a message is sent by counting it. */
#include "messages.h"
#include "tokens.h"
#include "uses.h"

static const struct scope_key the_gate = { SCOPE_GATE }, customer_1 = { SCOPE_CUSTOMER, .customer = 1 };

static void send(const struct flow *flow)
{
	worker->messages[flow_index(worker->flows, flow)].sent++;
}

/* When one more message could begin there, if nobody came before. */
static uint64_t next(const struct flow *flow, enum scope scope, uint64_t now)
{
	return bucket_when(&gate.meters->messages[flow_meter(flow, scope)].rate, 1, now);
}

static struct flow *open_flow(uint32_t customer, uint64_t now)
{
	struct flow *flow = uses_flow();

	uses_sit(flow, customer, 1, now);
	messages_open(worker, flow);
	return flow;
}

START_TEST(a_connection_pays_its_first)
{
	const uint64_t now = START + 10 * S;
	uint64_t when;

	uses_limit(customer_1, LIMIT_MESSAGE_RATE, 1, 2);
	struct flow *flow = open_flow(1, now), *second = open_flow(1, now), *third = open_flow(1, now);
	ck_assert_uint_eq(flow->message_scopes, 1u << SCOPE_CUSTOMER);
	ck_assert_int_eq(uses_ask(flow, now, &when), ADMIT_NOW);
	ck_assert_int_eq(uses_ask(second, now, &when), ADMIT_NOW);
	ck_assert_int_eq(uses_ask(third, now, &when), ADMIT_LATER);
	ck_assert_uint_eq(when, now + S);
	ck_assert_uint_eq(tokens_take(worker, flow, true, now), now); /* it has it */
	uses_end(second, now);					      /* its token comes back, and calls the third */
	ck_assert_uint_eq(hold_of(worker, third)->due, now);
	ck_assert_int_eq(uses_ask(third, now, &when), ADMIT_NOW);
	ck_assert_uint_eq(next(flow, SCOPE_CUSTOMER, now), now + S);
}
END_TEST

/* In every scope that has a rate; the latest says when. */
START_TEST(the_next_is_taken_ahead)
{
	const uint64_t now = START + 100 * S;
	uint64_t when;

	uses_limit(customer_1, LIMIT_MESSAGE_RATE, 10, 1);
	uses_limit(the_gate, LIMIT_MESSAGE_RATE, 1, 2);
	struct flow *flow = open_flow(1, now);
	ck_assert_int_eq(uses_ask(flow, now, &when), ADMIT_NOW);
	send(flow);
	ck_assert_uint_eq(tokens_take(worker, flow, true, now), now + S / 10);
	ck_assert_uint_eq(tokens_take(worker, flow, true, now), now); /* once */
	ck_assert_uint_eq(next(flow, SCOPE_GATE, now), now + S);
	tokens_begin(worker, flow, now + S / 10);
	ck_assert_uint_eq(next(flow, SCOPE_CUSTOMER, now), now + 2 * S / 10);
	send(flow);
	ck_assert_uint_eq(tokens_take(worker, flow, true, now + S / 2), now + S);
	usage_leave(worker, flow, now + S / 2); /* not used: given back */
	flow = open_flow(1, now + S / 2);
	ck_assert_uint_eq(next(flow, SCOPE_GATE, now + S / 2), now + S);
}
END_TEST

/* What was sent without a token is taken later, and others wait. */
START_TEST(owed)
{
	const uint64_t now = START + 100 * S;
	uint64_t when;

	uses_limit(customer_1, LIMIT_MESSAGE_RATE, 1, 1);
	struct flow *flow = open_flow(1, now);
	ck_assert_int_eq(uses_ask(flow, now, &when), ADMIT_NOW);
	for (int i = 0; i < 3; i++)
		send(flow);
	ck_assert_uint_eq(tokens_take(worker, flow, true, now), now + 3 * S);
	ck_assert_uint_eq(worker->view.counter[COUNT_MESSAGE_OWED], 2);
	send(flow);
	send(flow);
	usage_leave(worker, flow, now);
	flow = open_flow(1, now);
	ck_assert_uint_eq(next(flow, SCOPE_CUSTOMER, now), now + 5 * S);
}
END_TEST

/* What passed by since a token was there does not come back; 20 ms are free. */
START_TEST(partly_late)
{
	static const struct {
		uint64_t late, back; /* of a second, in ms */
	} rows[] = { { 0, 1000 }, { 20, 1000 }, { 21, 979 }, { 400, 600 }, { 999, 1 }, { 1000, 0 }, { 1200, 0 } };
	uint64_t now = START + 100 * S, when;

	uses_limit(customer_1, LIMIT_MESSAGE_RATE, 1, 1);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++, now += 1000 * S) {
		struct flow *flow = open_flow(1, now);
		ck_assert_int_eq(uses_ask(flow, now, &when), ADMIT_NOW);
		send(flow);
		send(flow);
		ck_assert_uint_eq(tokens_take(worker, flow, true, now), now + 2 * S);
		uint64_t before = next(flow, SCOPE_CUSTOMER, now);
		usage_goodbye(worker, flow, now + 2 * S + rows[i].late * S / 1000);
		ck_assert_uint_eq(before - next(flow, SCOPE_CUSTOMER, now), rows[i].back * S / 1000);
	}
}
END_TEST

/* A token that was there and that nobody used does not come back, and is none for a later message. */
START_TEST(gone)
{
	const uint64_t now = START + 100 * S, later = now + 2 * S;
	uint64_t when;

	uses_limit(customer_1, LIMIT_MESSAGE_RATE, 1, 1);
	struct flow *flow = open_flow(1, now), *other = open_flow(1, now);
	ck_assert_int_eq(uses_ask(flow, now, &when), ADMIT_NOW);
	send(flow);
	ck_assert_uint_eq(tokens_take(worker, flow, true, now), now + S);
	ck_assert_int_eq(uses_ask(other, later, &when), ADMIT_NOW);
	tokens_begin(worker, flow, later);
	ck_assert_uint_eq(next(flow, SCOPE_CUSTOMER, later), later + 2 * S);
	ck_assert_uint_eq(tokens_take(worker, flow, true, later), later); /* it has it all the same */
	usage_leave(worker, flow, later + 3 * S);
	ck_assert_uint_eq(next(other, SCOPE_CUSTOMER, later), later + 2 * S);
}
END_TEST

/* Who rests keeps none: it goes back while it is not there yet. */
START_TEST(at_rest)
{
	const uint64_t now = START + 100 * S;
	uint64_t when;

	uses_limit(customer_1, LIMIT_MESSAGE_RATE, 1, 1);
	struct flow *flow = open_flow(1, now);
	flow->seen_ms = (uint32_t)(now / 1000000);
	ck_assert_int_eq(uses_ask(flow, now, &when), ADMIT_NOW);
	for (int i = 0; i < 4; i++)
		send(flow);
	ck_assert_uint_eq(tokens_take(worker, flow, true, now), now + 4 * S);
	usage_rest(worker, flow, now + S - 1000000);
	ck_assert_uint_eq(next(flow, SCOPE_CUSTOMER, now), now + 5 * S);
	usage_rest(worker, flow, now + S);
	ck_assert_uint_eq(next(flow, SCOPE_CUSTOMER, now), now + 4 * S);
	usage_rest(worker, flow, now + S);
	ck_assert_uint_eq(next(flow, SCOPE_CUSTOMER, now), now + 4 * S);
}
END_TEST

/* A limit that comes while a connection runs counts from then on; one that goes is not paid. */
START_TEST(limits_change)
{
	const uint64_t now = START + 100 * S;
	uint64_t when;

	struct flow *flow = open_flow(1, now);
	ck_assert_int_eq(uses_ask(flow, now, &when), ADMIT_NOW);
	for (int i = 0; i < 300; i++)
		send(flow);
	uses_limit(customer_1, LIMIT_MESSAGE_RATE, 1, 1);
	usage_refresh(worker, flow, now);
	ck_assert_uint_eq(tokens_take(worker, flow, true, now), now);
	send(flow);
	ck_assert_uint_eq(tokens_take(worker, flow, true, now), now + S);
	uses_sit(flow, 2, 1, now); /* another's now: the first one has it back */
	ck_assert_uint_eq(flow->message_scopes, 0);
	struct flow *other = open_flow(1, now);
	ck_assert_uint_eq(next(other, SCOPE_CUSTOMER, now), now + S);
	uses_lift(customer_1);
	usage_refresh(worker, other, now);
	ck_assert_uint_eq(other->message_scopes, 0);
	ck_assert_uint_eq(tokens_take(worker, other, true, now), now);
}
END_TEST

/* Whose domain is learnt in the middle of a message: it is charged there, token or not. */
START_TEST(a_domain_is_learnt)
{
	const uint64_t now = START + 100 * S;
	const struct scope_key named = domain_scope(7), other = domain_scope(8);
	uint64_t when;

	uses_limit(named, LIMIT_MESSAGE_RATE, 1, 1);
	struct flow *flow = open_flow(1, now), *second = open_flow(2, now);
	ck_assert_int_eq(uses_ask(flow, now, &when), ADMIT_NOW);
	ck_assert_int_eq(uses_ask(second, now, &when), ADMIT_NOW);
	ck_assert(usage_move(worker, flow, &named, now));
	ck_assert_uint_eq(flow->message_scopes, 1u << SCOPE_DOMAIN);
	ck_assert_uint_eq(next(flow, SCOPE_DOMAIN, now), now + S);
	ck_assert(usage_move(worker, second, &named, now)); /* in debt by one */
	ck_assert_uint_eq(next(flow, SCOPE_DOMAIN, now), now + 2 * S);
	send(flow);
	ck_assert_uint_eq(tokens_take(worker, flow, true, now), now + 2 * S);
	tokens_begin(worker, flow, now + 2 * S);
	ck_assert(usage_move(worker, flow, &other, now + 2 * S)); /* it goes elsewhere after all */
	ck_assert_uint_eq(flow->message_scopes, 0);
	ck_assert_uint_eq(next(second, SCOPE_DOMAIN, now + 2 * S), now + 2 * S);
	usage_leave(worker, flow, now + 2 * S);
	usage_leave(worker, second, now + 2 * S); /* its message was never sent */
}
END_TEST

/* Beside another scope's: there it has paid, and goes on with that. */
START_TEST(a_domain_beside_others)
{
	const uint64_t now = START + 100 * S;
	const struct scope_key named = domain_scope(7), other = domain_scope(8);
	uint64_t when;

	uses_limit(the_gate, LIMIT_MESSAGE_RATE, 1, 3);
	uses_limit(named, LIMIT_MESSAGE_RATE, 1, 1);
	uses_limit(other, LIMIT_MESSAGE_RATE, 1, 1);
	struct flow *flow = open_flow(1, now);
	ck_assert_int_eq(uses_ask(flow, now, &when), ADMIT_NOW);
	ck_assert(usage_move(worker, flow, &named, now));
	ck_assert_uint_eq(next(flow, SCOPE_DOMAIN, now), now + S);
	uint32_t first = flow_meter(flow, SCOPE_DOMAIN);
	ck_assert(usage_move(worker, flow, &other, now));
	ck_assert_uint_eq(next(flow, SCOPE_DOMAIN, now), now + S);
	ck_assert_uint_eq(bucket_when(&gate.meters->messages[first].rate, 1, now), now); /* it came back */
	ck_assert_uint_eq(next(flow, SCOPE_GATE, now), now);				 /* one of three */
	send(flow);
	ck_assert_uint_eq(tokens_take(worker, flow, false, now), now); /* nothing is owed */
	ck_assert_uint_eq(next(flow, SCOPE_GATE, now), now);
	usage_leave(worker, flow, now);
}
END_TEST

FIXTURE_MAIN("tokens", uses_open, uses_close, a_connection_pays_its_first, the_next_is_taken_ahead, owed, partly_late,
	     gone, at_rest, limits_change, a_domain_is_learnt, a_domain_beside_others)
