/* SPDX-License-Identifier: BSD-3-Clause */
/* Use of meters step by step; random sequences are in test_usage_model.c. */
#include "queue.h"
#include "seat.h"
#include "uses.h"

static const struct scope_key the_gate = { SCOPE_GATE }, customer_1 = { SCOPE_CUSTOMER, .customer = 1 },
			      provider_2 = { SCOPE_PROVIDER, .provider = 2 };

static struct meter *meter_of(const struct flow *flow, enum scope scope)
{
	return meter_at(gate.meters, flow_meter(flow, scope));
}

START_TEST(seated_and_gone)
{
	struct flow *flow = uses_flow();

	uses_sit(flow, 1, 2, START);
	const struct scopes scopes = uses_scopes(1, 2);
	for (int scope = 0; scope < SCOPES; scope++) {
		ck_assert_uint_ne(flow_meter(flow, scope), 0);
		ck_assert_mem_eq(seat_key(worker, flow, scope), &scopes.key[scope], sizeof(scopes.key[scope]));
		ck_assert_uint_eq(meter_of(flow, scope)->references, 1);
		ck_assert_uint_eq(meter_of(flow, scope)->connections, 0);
		ck_assert_uint_eq(meter_of(flow, scope)->layout, table_layout(worker->table));
	}
	uint32_t index = flow_meter(flow, SCOPE_GATE);
	usage_leave(worker, flow, START);
	for (int scope = 0; scope < SCOPES; scope++)
		ck_assert_uint_eq(flow_meter(flow, scope), 0);
	usage_leave(worker, flow, START); /* harmless */
	ck_assert_uint_eq(meter_at(gate.meters, index)->references, 0);
}
END_TEST

/* Meters for one more flow, but not for all its scopes: nothing is taken. */
START_TEST(meters_run_out)
{
	const struct scopes first = uses_scopes(1, 1), second = uses_scopes(2, 2);
	struct seats seats;

	for (uint32_t most = SCOPES; most < 2 * SCOPES - 1; most++) {
		struct meters *all = gate.meters;
		gate.meters = meters_create(most, gate.secret, START);
		ck_assert(usage_acquire(worker, &first, &seats, START));
		ck_assert(!usage_acquire(worker, &second, &seats, START));
		uint32_t references = 0;
		for (uint32_t i = 1; i <= most; i++)
			references += meter_at(gate.meters, i)->references;
		ck_assert_uint_eq(references, SCOPES);
		ck_assert(usage_acquire(worker, &first, &seats, START)); /* who is known needs none */
		meters_destroy(gate.meters);
		gate.meters = all;
	}
}
END_TEST

START_TEST(slots_are_given_back_once)
{
	struct flow *flow = uses_flow(), *other = uses_flow();
	uint64_t when;

	uses_limit(customer_1, LIMIT_CONNECTIONS, 1, 1);
	uses_sit(flow, 1, 1, START);
	uses_sit(other, 1, 2, START);
	ck_assert_int_eq(uses_ask(flow, START, &when), ADMIT_NOW);
	ck_assert(flow->counted);
	ck_assert_int_eq(uses_ask(other, START, &when), ADMIT_LATER);
	ck_assert(!other->counted && when > START && when < START + S); /* limits may change: it looks by itself */
	usage_give_slots(worker, other, START);				/* it has none */
	ck_assert_int_eq(uses_ask(other, START, &when), ADMIT_LATER);
	usage_give_slots(worker, flow, START + 5);
	ck_assert_uint_eq(hold_of(worker, other)->due, START + 5); /* it is called */
	usage_give_slots(worker, flow, START + 9);
	ck_assert_uint_eq(hold_of(worker, other)->due, START + 5); /* once */
	uses_end(flow, START + 9);
	ck_assert_int_eq(uses_ask(other, START + 9, &when), ADMIT_NOW);
	ck_assert_uint_eq(meter_of(other, SCOPE_CUSTOMER)->connections, 1);
	ck_assert_uint_eq(meter_of(other, SCOPE_GATE)->connections, 1);
}
END_TEST

/* The slot moves along, even into a place that is full; who asks there is told to wait. */
START_TEST(slots_move)
{
	struct flow *flow = uses_flow(), *other = uses_flow(), *third = uses_flow();
	uint64_t when;

	uses_limit(customer_1, LIMIT_CONNECTIONS, 1, 1);
	uses_sit(flow, 2, 1, START);
	seat_count_slots(worker, flow);
	uses_sit(other, 1, 1, START);
	uses_sit(third, 1, 1, START);
	ck_assert_int_eq(uses_ask(other, START, &when), ADMIT_NOW);
	uint32_t left = flow_meter(flow, SCOPE_CUSTOMER);
	uses_sit(flow, 1, 1, START);
	ck_assert(flow->counted);
	ck_assert_uint_eq(meter_of(flow, SCOPE_CUSTOMER)->connections, 2);
	ck_assert_uint_eq(meter_of(flow, SCOPE_GATE)->connections, 2);
	ck_assert_uint_eq(meter_at(gate.meters, left)->connections, 0);
	usage_give_slots(worker, other, START);
	ck_assert_int_eq(uses_ask(third, START, &when), ADMIT_LATER);
	usage_give_slots(worker, flow, START);
	ck_assert_int_eq(uses_ask(third, START, &when), ADMIT_NOW);
}
END_TEST

/* It waits for the narrowest scope that does not let it in; and in no other's way. */
START_TEST(which_answer)
{
	struct flow *flow = uses_flow();
	uint64_t when;

	uses_limit(the_gate, LIMIT_CONNECTION_RATE, 10, 1);
	uses_sit(flow, 1, 2, START);
	ck_assert_int_eq(uses_ask(flow, START, &when), ADMIT_LATER);
	ck_assert_uint_eq(when, START + S / 10);
	ck_assert_uint_eq(queue_thing(gate.meters->queues[QUEUE_CONNECTIONS], hold_of(worker, flow)->ticket),
			  flow_meter(flow, SCOPE_GATE));
	uses_limit(provider_2, LIMIT_CONNECTION_RATE, 2, 1);
	usage_refresh(worker, flow, START);
	ck_assert_int_eq(uses_ask(flow, START, &when), ADMIT_LATER);
	ck_assert_uint_eq(when, START + S / 2);
	ck_assert_uint_eq(queue_thing(gate.meters->queues[QUEUE_CONNECTIONS], hold_of(worker, flow)->ticket),
			  flow_meter(flow, SCOPE_PROVIDER));
	ck_assert_int_eq(uses_ask(flow, START + S / 10, &when), ADMIT_LATER);
	ck_assert_uint_eq(when, START + S / 2);
	ck_assert_int_eq(uses_ask(flow, START + S / 2, &when), ADMIT_NOW);
	usage_give_slots(worker, flow, START);
	uses_limit(provider_2, LIMIT_CONNECTIONS, 0, 1);
	usage_refresh(worker, flow, START + 9 * S);
	ck_assert_int_eq(uses_ask(flow, START + 9 * S, &when), ADMIT_NEVER);
	/* A rate of nothing is a time that never comes, but limits change. */
	uses_limit(provider_2, LIMIT_CONNECTION_RATE, 0, 1);
	usage_refresh(worker, flow, START + 9 * S);
	ck_assert_int_eq(uses_ask(flow, START + 9 * S, &when), ADMIT_LATER);
	ck_assert(when > START + 9 * S && when < START + 10 * S);
}
END_TEST

/* The limit it waits for is lifted: it is let in, and leaves nothing behind in the queue that would call a record
 * which is another's by then, or keep others waiting when the limit is back. */
START_TEST(a_limit_is_lifted)
{
	struct flow *flow = uses_flow(), *other = uses_flow();
	struct place place;
	uint64_t when;

	uses_limit(customer_1, LIMIT_CONNECTIONS, 1, 1);
	uses_sit(flow, 1, 1, START);
	uses_sit(other, 1, 1, START);
	ck_assert_int_eq(uses_ask(flow, START, &when), ADMIT_NOW);
	ck_assert_int_eq(uses_ask(other, START, &when), ADMIT_LATER);
	uses_lift(customer_1);
	usage_refresh(worker, other, START);
	ck_assert_int_eq(uses_ask(other, START, &when), ADMIT_NOW);
	ck_assert(!queue_next(gate.meters->queues[QUEUE_CONNECTIONS], flow_meter(other, SCOPE_CUSTOMER), &place));
	uses_limit(customer_1, LIMIT_CONNECTIONS, 3, 1);
	struct flow *third = uses_flow();
	uses_sit(third, 1, 1, START);
	ck_assert_int_eq(uses_ask(third, START, &when), ADMIT_NOW);
}
END_TEST

/* Bytes are taken where bytes are limited, and may leave when all scopes say so. */
static void bytes(unsigned workers)
{
	struct flow *flow = uses_flow(), *other = uses_flow();

	gate.workers = workers;
	uses_sit(other, 2, 2, START);
	ck_assert_uint_eq(other->byte_scopes, 0);
	ck_assert_uint_eq(usage_take_bytes(worker, other, 1000000, START).due, START);
	uses_limit(the_gate, LIMIT_BYTE_RATE, 10000, 1000);
	uses_limit(customer_1, LIMIT_BYTE_RATE, 1000, 1000);
	uses_sit(flow, 1, 1, START);
	usage_refresh(worker, other, START);
	ck_assert_uint_eq(flow->byte_scopes, 1u << SCOPE_GATE | 1u << SCOPE_CUSTOMER);
	ck_assert_uint_eq(other->byte_scopes, 1u << SCOPE_GATE);
	const uint64_t now = START + 10 * S;
	ck_assert_uint_eq(usage_take_bytes(worker, flow, 500, now).due, now);
	ck_assert_uint_eq(usage_take_bytes(worker, flow, 1000, now).due, now + S / 2);
	ck_assert_uint_eq(usage_take_bytes(worker, other, 500, now).due, now + S / 10); /* 2000 in all, 1000 at once */
	usage_return_bytes(worker, flow, 1000, 0);
	ck_assert_uint_eq(usage_take_bytes(worker, other, 1, now).due, now + S / 10000);
	ck_assert_uint_eq(usage_take_bytes(worker, flow, 501, now).due, now + (502 - 0) * S / 10000);
	usage_leave(worker, flow, now);
	ck_assert_uint_eq(flow->byte_scopes, 0);
	usage_leave(worker, other, now);
	gate.workers = 1;
}

START_TEST(bytes_of_one_worker)
{
	bytes(1);
}
END_TEST

START_TEST(bytes_of_several_workers)
{
	bytes(2);
}
END_TEST

/* Each byte is told once, to the meters it was sent under, however many there are. */
START_TEST(bytes_are_told)
{
	struct flow *flow = uses_flow();

	uses_sit(flow, 1, 1, START);
	const struct meter *first = meter_of(flow, SCOPE_CUSTOMER), *all = meter_of(flow, SCOPE_GATE);
	flow_count_out(flow, 1000);
	usage_tell(worker, flow);
	usage_tell(worker, flow);
	ck_assert_uint_eq(first->bytes, 1000);
	flow_count_out(flow, 500);
	uses_sit(flow, 2, 1, START); /* to another customer: those were the first one's */
	const struct meter *second = meter_of(flow, SCOPE_CUSTOMER);
	flow_count_out(flow, 7);
	usage_tell(worker, flow);
	ck_assert(first->bytes == 1500 && second->bytes == 7 && all->bytes == 1507);
	for (int i = 0; i < 5; i++) { /* over 2^32 */
		flow_count_out(flow, 1u << 31);
		usage_tell(worker, flow);
	}
	ck_assert_uint_eq(all->bytes, 1507 + (5ull << 31));
	flow_count_out(flow, 3);
	usage_leave(worker, flow, START);
	ck_assert_uint_eq(all->bytes, 1510 + (5ull << 31));
	seat_refused(worker, flow); /* seated nowhere: counted nowhere */
	ck_assert_uint_eq(all->refused, 0);
}
END_TEST

/* Of all packets only a client's segment of a known flow will take something. */
START_TEST(fetched_ahead)
{
	static struct burst burst;
	struct flow *flow = uses_flow();

	uses_limit(the_gate, LIMIT_BYTE_RATE, 1000, 1000);
	uses_sit(flow, 1, 1, START);
	burst.count = 4;
	burst.packet[0] = (struct packet){ .kind = PACKET_OTHER };
	burst.packet[1] = (struct packet){ .kind = PACKET_SMTP };
	burst.packet[2] = (struct packet){ .kind = PACKET_SMTP, .flow = flow, .payload = 100 };
	burst.packet[3] = (struct packet){ .kind = PACKET_GONE, .payload = 100 };
	usage_prefetch(worker, &burst);
	ck_assert_uint_eq(bucket_when(meter_bytes(worker->gate->meters, meter_of(flow, SCOPE_GATE)), 1000, START + S),
			  START + S);
}
END_TEST

/* Who waits for a domain has an account there, as long as he waits. */
START_TEST(accounts_at_a_domain)
{
	struct flow *flow = uses_flow(), *first = uses_flow(), *second = uses_flow();
	const struct scope_key key = domain_scope(101);
	struct scope_key account = key;
	uint64_t when;
	uint32_t hash;

	uses_limit(key, LIMIT_CONNECTIONS, 1, 1);
	uses_sit(flow, 1, 1, START);
	uses_sit(first, 2, 1, START);
	uses_sit(second, 2, 1, START);
	ck_assert_int_eq(uses_ask(flow, START, &when), ADMIT_NOW);
	ck_assert_int_eq(uses_ask(first, START, &when), ADMIT_LATER);
	ck_assert_int_eq(uses_ask(second, START, &when), ADMIT_LATER);
	account.customer = 2;
	meter_hashes(gate.meters, &account, 1, &hash);
	uint32_t index = meter_acquire(gate.meters, &account, hash);
	ck_assert_uint_eq(meter_at(gate.meters, index)->references, 3);
	ck_assert_uint_eq(meter_at(gate.meters, index)->has, 0);
	uses_end(second, START);
	ck_assert_uint_eq(meter_at(gate.meters, index)->references, 2);
	uses_end(flow, START);
	ck_assert_int_eq(uses_ask(first, START, &when), ADMIT_NOW);
	ck_assert_uint_eq(meter_at(gate.meters, index)->references, 1);
	meter_release(gate.meters, index, START);
	uses_end(first, START);
	uses_lift(key);
}
END_TEST

FIXTURE_MAIN("usage", uses_open, uses_close, seated_and_gone, meters_run_out, slots_are_given_back_once, slots_move,
	     which_answer, a_limit_is_lifted, bytes_of_one_worker, bytes_of_several_workers, bytes_are_told,
	     fetched_ahead, accounts_at_a_domain)
