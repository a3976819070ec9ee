/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "eal.h"
#include "meters.h"

#define S 1000000000ull
#define START (100 * S)

static const uint8_t secret[16] = "meters' secret";

static struct scope_key key_of(uint32_t number)
{
	return (struct scope_key){ .scope = SCOPE_CUSTOMER, .customer = number };
}

static struct meter *acquire(struct meters *meters, uint32_t number)
{
	const struct scope_key key = key_of(number);

	return meter_acquire(meters, &key);
}

static struct limits limits_of(uint32_t has, uint64_t amount)
{
	const struct limit limit = { amount, S, 1 };

	return (struct limits){ .has = has, .kind = { limit, limit, limit } };
}

static void count_one(void *context, const struct meter *meter)
{
	ck_assert_uint_eq(meter->key.scope, SCOPE_CUSTOMER);
	++*(uint32_t *)context;
}

static uint32_t walk(struct meters *meters, uint64_t now, uint64_t forget_ns)
{
	uint32_t seen = 0;

	meters_walk(meters, now, forget_ns, count_one, &seen);
	return seen;
}

START_TEST(one_for_each_key)
{
	struct meters *meters = meters_create(10, secret, START);
	struct meter *first = acquire(meters, 1), *second = acquire(meters, 2);

	ck_assert_ptr_nonnull(first);
	ck_assert_ptr_ne(first, second);
	ck_assert_ptr_eq(acquire(meters, 1), first);
	ck_assert_uint_eq(first->references, 2);
	ck_assert_uint_eq(meters_used(meters), 2);
	ck_assert_uint_eq(meters_most(meters), 10);
	struct scope_key other = key_of(1);
	other.scope = SCOPE_PROVIDER;
	ck_assert_ptr_ne(meter_acquire(meters, &other), first);
	meters_destroy(meters);
	meters_destroy(NULL);
}
END_TEST

START_TEST(a_new_one_limits_nothing)
{
	struct meters *meters = meters_create(10, secret, START);
	const struct meter *meter = acquire(meters, 1);

	ck_assert_uint_eq(meter->has, 0);
	ck_assert_uint_eq(meter->layout, 0);
	ck_assert_uint_eq(meter->connections + meter->admitted + meter->refused + meter->bytes, 0);
	meters_destroy(meters);
}
END_TEST

/* All in use: the next is refused, one that is there already is not; what is forgotten can be used again. */
START_TEST(all_in_use)
{
	static const uint32_t mosts[] = { 1, 2, 7, 64, 1000 };

	for (size_t i = 0; i < sizeof(mosts) / sizeof(mosts[0]); i++) {
		struct meters *meters = meters_create(mosts[i], secret, START);
		struct meter *last = NULL;
		for (uint32_t number = 0; number < mosts[i]; number++)
			ck_assert_ptr_nonnull(last = acquire(meters, number));
		ck_assert_ptr_null(acquire(meters, mosts[i]));
		ck_assert_ptr_eq(acquire(meters, mosts[i] - 1), last);
		ck_assert_uint_eq(meters_used(meters), mosts[i]);
		ck_assert_uint_eq(walk(meters, START, 0), mosts[i]);
		meter_release(meters, last, START);
		ck_assert_ptr_null(acquire(meters, mosts[i])); /* one reference is left */
		meter_release(meters, last, START);
		ck_assert_ptr_null(acquire(meters, mosts[i])); /* nobody has walked yet */
		ck_assert_uint_eq(walk(meters, START + S, S), mosts[i] - 1);
		ck_assert_ptr_nonnull(acquire(meters, mosts[i]));
		ck_assert_ptr_null(acquire(meters, mosts[i] + 1));
		meters_destroy(meters);
	}
}
END_TEST

/* When a meter is forgotten, an hour after it was named last. */
START_TEST(forgotten_in_time)
{
	static const struct {
		const char *why;
		uint32_t references;
		uint64_t used, released, at; /* bytes; seconds */
		uint32_t seen;
	} rows[] = {
		{ "named", 1, 0, 0, 100000, 1 },
		{ "not long ago", 0, 0, 200, 3799, 1 },
		{ "an hour ago", 0, 0, 200, 3800, 0 },
		{ "at once", 0, 0, 200, 200, 1 },
		{ "owes a little, not any more", 0, 10, 200, 3800, 0 },
		{ "owes as much as takes a day", 0, 86400, 200, 3800, 1 },
		{ "and has paid", 0, 86400, 200, 86801, 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct meters *meters = meters_create(4, secret, START);
		const struct limits limits = limits_of(1u << LIMIT_BYTE_RATE, 1);
		struct meter *meter = acquire(meters, 1);
		meter_update(meters, meter, 1, &limits);
		bucket_take(&meter->byte_rate, rows[i].used, 200 * S);
		if (rows[i].references == 0)
			meter_release(meters, meter, rows[i].released * S);
		uint32_t seen = walk(meters, rows[i].at * S, 3600 * S);
		ck_assert_msg(seen == rows[i].seen, "%s", rows[i].why);
		ck_assert_uint_eq(meters_used(meters), seen);
		meters_destroy(meters);
	}
}
END_TEST

/* Named again in time it keeps its figures; named again too late it begins anew. */
START_TEST(named_again)
{
	struct meters *meters = meters_create(4, secret, START);
	struct meter *meter = acquire(meters, 1);

	atomic_store(&meter->admitted, 5);
	meter_release(meters, meter, 200 * S);
	ck_assert_uint_eq(meter->idle_since, 200 * S);
	ck_assert_ptr_eq(acquire(meters, 1), meter);
	ck_assert_uint_eq(meter->idle_since, 0);
	ck_assert_uint_eq(walk(meters, 100000 * S, S), 1);
	ck_assert_uint_eq(meter->admitted, 5);
	meter_release(meters, meter, 100000 * S);
	ck_assert_uint_eq(walk(meters, 100001 * S, S), 0);
	meter = acquire(meters, 1);
	ck_assert_uint_eq(meter->admitted, 0);
	ck_assert_uint_eq(meter->references, 1);
	meters_destroy(meters);
}
END_TEST

START_TEST(limits_in_force)
{
	struct meters *meters = meters_create(4, secret, START);
	struct meter *meter = acquire(meters, 1);
	struct limits limits = limits_of(7, 10);

	meter_update(meters, meter, 3, &limits);
	ck_assert_uint_eq(meter->has, 7);
	ck_assert_uint_eq(meter->layout, 3);
	ck_assert_uint_eq(meter->connections_most, 10);
	/* Empty at the gate's start, whenever the meter was made. */
	ck_assert_uint_eq(bucket_when(&meter->connection_rate, 1, START), START + S / 10);
	ck_assert_uint_eq(bucket_when(&meter->byte_rate, 1, START + S), START + S);
	/* Another rate: what was used stays used. */
	ck_assert_uint_eq(bucket_take(&meter->byte_rate, 20, START + S), START + 29 * S / 10);
	limits.kind[LIMIT_BYTE_RATE].amount = 1;
	meter_update(meters, meter, 4, &limits);
	ck_assert_uint_eq(bucket_when(&meter->byte_rate, 1, START + S), START + 3 * S);
	limits = limits_of(1u << LIMIT_CONNECTIONS, UINT64_MAX);
	meter_update(meters, meter, 5, &limits);
	ck_assert_uint_eq(meter->has, 1u << LIMIT_CONNECTIONS);
	ck_assert_uint_eq(meter->connections_most, UINT32_MAX);
	limits = limits_of(0, 0);
	meter_update(meters, meter, 6, &limits);
	ck_assert_uint_eq(meter->has, 0);
	ck_assert_uint_eq(meter->layout, 6);
	meters_destroy(meters);
}
END_TEST

/* Unlimited for a while, then limited again: as at the start. */
START_TEST(limited_again)
{
	struct meters *meters = meters_create(4, secret, START);
	struct meter *meter = acquire(meters, 1);
	const struct limits limits = limits_of(1u << LIMIT_BYTE_RATE, 10), none = limits_of(0, 0);

	meter_update(meters, meter, 1, &limits);
	bucket_take(&meter->byte_rate, 1000000, START);
	meter_update(meters, meter, 2, &none);
	meter_update(meters, meter, 3, &limits);
	ck_assert_uint_eq(bucket_when(&meter->byte_rate, 1, START + S), START + S);
	meters_destroy(meters);
}
END_TEST

/* Many meters in few chains come and go in any order. */
START_TEST(come_and_go)
{
	struct meters *meters = meters_create(200, secret, START);
	struct meter *meter[200];

	for (uint32_t round = 0; round < 20; round++) {
		for (uint32_t i = 0; i < 200; i++)
			ck_assert_ptr_nonnull(meter[i] = acquire(meters, round * 150 + i));
		for (uint32_t i = 0; i < 200; i++)
			meter_release(meters, meter[(i * 77 + round) % 200], START + round * S);
		ck_assert_uint_eq(walk(meters, START + round * S, S), 200);
		/* The last 50 are named in the next round too. */
		for (uint32_t i = 150; i < 200; i++)
			ck_assert_ptr_eq(acquire(meters, round * 150 + i), meter[i]);
		ck_assert_uint_eq(walk(meters, START + round * S + S, S), 50);
		for (uint32_t i = 150; i < 200; i++)
			meter_release(meters, meter[i], START + round * S + S);
	}
	ck_assert_uint_eq(walk(meters, START + 100 * S, S), 0);
	ck_assert_uint_eq(meters_used(meters), 0);
	meters_destroy(meters);
}
END_TEST

FIXTURE_MAIN("meters", eal_start, NULL, one_for_each_key, a_new_one_limits_nothing, all_in_use, forgotten_in_time,
	     named_again, limits_in_force, limited_again, come_and_go)
