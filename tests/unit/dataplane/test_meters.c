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

static uint32_t acquire_key(struct meters *meters, const struct scope_key *key)
{
	uint32_t hash;

	meter_hashes(meters, key, 1, &hash);
	return meter_acquire(meters, key, hash);
}

static uint32_t acquire(struct meters *meters, uint32_t number)
{
	const struct scope_key key = key_of(number);

	return acquire_key(meters, &key);
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

static uint32_t walk(struct meters *meters, uint64_t now, uint32_t forget_ms)
{
	uint32_t seen = 0;

	meters_walk(meters, 0, METERS_ALL, now, forget_ms, count_one, &seen);
	return seen;
}

START_TEST(one_for_each_key)
{
	struct meters *meters = meters_create(10, secret, START);
	uint32_t first = acquire(meters, 1), second = acquire(meters, 2);
	const struct scope_key key = key_of(1);

	ck_assert_uint_ne(first, 0);
	ck_assert_uint_ne(first, second);
	ck_assert_uint_eq(acquire(meters, 1), first);
	ck_assert_mem_eq(&meter_at(meters, first)->key, &key, sizeof(key));
	ck_assert_uint_eq(meter_at(meters, first)->references, 2);
	ck_assert_uint_eq(meters_used(meters), 2);
	ck_assert_uint_eq(meters_most(meters), 10);
	meters_destroy(meters);
	meters_destroy(NULL);
}
END_TEST

/* Keys that differ in a bit are two things, in one chain or not. */
START_TEST(every_bit_of_the_key_counts)
{
	struct meters *meters = meters_create(300, secret, START);
	const struct scope_key key = key_of(1);
	uint32_t first = acquire_key(meters, &key);

	for (size_t bit = 0; bit < sizeof(key) * 8; bit++) {
		struct scope_key other = key;
		((uint8_t *)&other)[bit / 8] ^= (uint8_t)(1u << bit % 8);
		ck_assert_uint_ne(acquire_key(meters, &other), first);
	}
	ck_assert_uint_eq(meters_used(meters), 1 + sizeof(key) * 8);
	meters_destroy(meters);
}
END_TEST

/* Many hashed at once are the same as one by one. */
START_TEST(hashes_at_once)
{
	struct meters *meters = meters_create(1000, secret, START);
	struct scope_key keys[SCOPES];
	uint32_t hash[SCOPES], alone;

	for (uint32_t i = 0; i < SCOPES; i++)
		keys[i] = key_of(i);
	meter_hashes(meters, keys, SCOPES, hash);
	for (uint32_t i = 0; i < SCOPES; i++) {
		meter_hashes(meters, &keys[i], 1, &alone);
		ck_assert_uint_eq(alone, hash[i]);
		ck_assert_uint_lt(hash[i], 1024);
	}
	meters_destroy(meters);
}
END_TEST

START_TEST(a_new_one_limits_nothing)
{
	struct meters *meters = meters_create(10, secret, START);
	const struct meter *meter = meter_at(meters, acquire(meters, 1));

	ck_assert_uint_eq(meter->has, 0);
	ck_assert_uint_eq(meter->layout, 0);
	ck_assert_uint_eq(meter->connections + meter->admitted + meter->refused + meter->bytes, 0);
	meters_destroy(meters);
}
END_TEST

/* All in use: the next is refused, one that is there already is not; what is forgotten can be used again. */
static void fill(uint32_t most)
{
	struct meters *meters = meters_create(most, secret, START);
	uint32_t last = 0;

	for (uint32_t number = 0; number < most; number++)
		ck_assert_uint_ne(last = acquire(meters, number), 0);
	ck_assert_uint_eq(acquire(meters, most), 0);
	ck_assert_uint_eq(acquire(meters, most - 1), last);
	ck_assert_uint_eq(meters_used(meters), most);
	ck_assert_uint_eq(walk(meters, START, 0), most);
	meter_release(meters, last, START);
	ck_assert_uint_eq(acquire(meters, most), 0); /* one reference is left */
	meter_release(meters, last, START);
	ck_assert_uint_eq(acquire(meters, most), 0); /* nobody has walked yet */
	ck_assert_uint_eq(walk(meters, START + S, 1000), most - 1);
	ck_assert_uint_ne(acquire(meters, most), 0);
	ck_assert_uint_eq(acquire(meters, most + 1), 0);
	meters_destroy(meters);
}

START_TEST(all_in_use)
{
	static const uint32_t mosts[] = { 1, 2, 7, 64, 1000 };

	for (size_t i = 0; i < sizeof(mosts) / sizeof(mosts[0]); i++)
		fill(mosts[i]);
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
		uint32_t index = acquire(meters, 1);
		struct meter *meter = meter_at(meters, index);
		meter_update(meters, meter, 1, &limits, START);
		bucket_take(meter_bytes(meters, meter), rows[i].used, 200 * S);
		if (rows[i].references == 0)
			meter_release(meters, index, rows[i].released * S);
		uint32_t seen = walk(meters, rows[i].at * S, 3600000);
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
	uint32_t index = acquire(meters, 1);
	struct meter *meter = meter_at(meters, index);

	atomic_store(&meter->admitted, 5);
	meter_release(meters, index, 200 * S);
	ck_assert_uint_eq(meter->idle_ms, 200000);
	ck_assert_uint_eq(acquire(meters, 1), index);
	ck_assert_uint_eq(walk(meters, 100000 * S, 1000), 1);
	ck_assert_uint_eq(meter->admitted, 5);
	meter_release(meters, index, 100000 * S);
	ck_assert_uint_eq(walk(meters, 100000 * S + S - 1, 1000), 1);
	ck_assert_uint_eq(walk(meters, 100001 * S, 1000), 0);
	meter = meter_at(meters, acquire(meters, 1));
	ck_assert_uint_eq(meter->admitted, 0);
	ck_assert_uint_eq(meter->references, 1);
	meters_destroy(meters);
}
END_TEST

START_TEST(limits_in_force)
{
	struct meters *meters = meters_create(4, secret, START);
	struct meter *meter = meter_at(meters, acquire(meters, 1));
	struct limits limits = limits_of(7, 10);

	meter_update(meters, meter, 3, &limits, START);
	ck_assert_uint_eq(meter->has, 7);
	ck_assert_uint_eq(meter->layout, 3);
	ck_assert_uint_eq(meter->connections_most, 10);
	/* Empty at the gate's start, whenever the meter was made. */
	ck_assert_uint_eq(bucket_when(&meter->connection_rate, 1, START), START + S / 10);
	ck_assert_uint_eq(bucket_when(meter_bytes(meters, meter), 1, START + S), START + S);
	/* Another rate: units that were used stay used. */
	ck_assert_uint_eq(bucket_take(meter_bytes(meters, meter), 20, START + S), START + 29 * S / 10);
	limits.kind[LIMIT_BYTE_RATE].amount = 1;
	meter_update(meters, meter, 4, &limits, START + S);
	ck_assert_uint_eq(bucket_when(meter_bytes(meters, meter), 1, START + S), START + 21 * S);
	/* The same table again, an older one, one far behind: nothing changes. */
	limits.kind[LIMIT_BYTE_RATE].amount = 10;
	for (uint32_t older = 0; older < 5; older++)
		meter_update(meters, meter, older, &limits, START + S);
	meter_update(meters, meter, 4 - (1u << 31) + 1, &limits, START + S);
	ck_assert_uint_eq(meter->layout, 4);
	ck_assert_uint_eq(bucket_when(meter_bytes(meters, meter), 1, START + S), START + 21 * S);
	limits = limits_of(1u << LIMIT_CONNECTIONS, UINT64_MAX);
	meter_update(meters, meter, 5, &limits, START);
	ck_assert_uint_eq(meter->has, 1u << LIMIT_CONNECTIONS);
	ck_assert_uint_eq(meter->connections_most, UINT32_MAX);
	limits = limits_of(0, 0);
	meter_update(meters, meter, 6, &limits, START);
	ck_assert_uint_eq(meter->has, 0);
	ck_assert_uint_eq(meter->layout, 6);
	meters_destroy(meters);
}
END_TEST

/* Unlimited for a while, then limited again: as at the start. */
START_TEST(limited_again)
{
	struct meters *meters = meters_create(4, secret, START);
	struct meter *meter = meter_at(meters, acquire(meters, 1));
	const struct limits limits = limits_of(1u << LIMIT_BYTE_RATE, 10), none = limits_of(0, 0);

	meter_update(meters, meter, 1, &limits, START);
	bucket_take(meter_bytes(meters, meter), 1000000, START);
	meter_update(meters, meter, 2, &none, START);
	meter_update(meters, meter, 3, &limits, START);
	ck_assert_uint_eq(bucket_when(meter_bytes(meters, meter), 1, START + S), START + S);
	meters_destroy(meters);
}
END_TEST

/* Layouts are numbers that begin anew. */
START_TEST(layouts_over_the_wrap)
{
	struct meters *meters = meters_create(4, secret, START);
	struct meter *meter = meter_at(meters, acquire(meters, 1));
	const struct limits few = limits_of(1, 1), many = limits_of(1, 100);

	meter_update(meters, meter, INT32_MAX, &few, START);
	meter_update(meters, meter, UINT32_MAX - 1, &many, START);
	ck_assert_uint_eq(meter->connections_most, 100);
	meter_update(meters, meter, 1, &few, START);
	ck_assert_uint_eq(meter->connections_most, 1);
	meter_update(meters, meter, UINT32_MAX, &many, START);
	ck_assert_uint_eq(meter->connections_most, 1);
	ck_assert_uint_eq(meter->layout, 1);
	meters_destroy(meters);
}
END_TEST

/* Many meters in few chains come and go in any order. */
START_TEST(come_and_go)
{
	struct meters *meters = meters_create(200, secret, START);
	uint32_t meter[200];

	for (uint32_t round = 0; round < 20; round++) {
		for (uint32_t i = 0; i < 200; i++)
			ck_assert_uint_ne(meter[i] = acquire(meters, round * 150 + i), 0);
		for (uint32_t i = 0; i < 200; i++)
			meter_release(meters, meter[(i * 77 + round) % 200], START + round * S);
		ck_assert_uint_eq(walk(meters, START + round * S, 1000), 200);
		/* The last 50 are named in the next round too. */
		for (uint32_t i = 150; i < 200; i++)
			ck_assert_uint_eq(acquire(meters, round * 150 + i), meter[i]);
		ck_assert_uint_eq(walk(meters, START + round * S + S, 1000), 50);
		for (uint32_t i = 150; i < 200; i++)
			meter_release(meters, meter[i], START + round * S + S);
	}
	ck_assert_uint_eq(walk(meters, START + 100 * S, 1000), 0);
	ck_assert_uint_eq(meters_used(meters), 0);
	meters_destroy(meters);
}
END_TEST

FIXTURE_MAIN("meters", eal_start, NULL, one_for_each_key, every_bit_of_the_key_counts, hashes_at_once,
	     a_new_one_limits_nothing, all_in_use, forgotten_in_time, named_again, limits_in_force, limited_again,
	     layouts_over_the_wrap, come_and_go)
