/* SPDX-License-Identifier: BSD-3-Clause */
#include "announce.h"
#include "decided.h"
#include "eal.h"
#include "meters.h"
#include "unit.h"

#define METERS 100

static const struct scope_key acme = { .scope = SCOPE_CUSTOMER, .customer = 1 };
static const struct scope_key bravo = { .scope = SCOPE_CUSTOMER, .customer = 2 };
static const struct scope_key somewhere = { .scope = SCOPE_PROVIDER, .provider = 1 };

static struct meters *meters;

static void start(void)
{
	eal_start();
	meters = meters_create(METERS, (const uint8_t[16]){ 0 }, 0);
	ck_assert_ptr_nonnull(meters);
}

static void stop(void)
{
	meters_destroy(meters);
}

static uint32_t meter_of(const struct scope_key *key)
{
	uint32_t hash;

	meter_hashes(meters, key, 1, &hash);
	return meter_acquire(meters, key, hash);
}

/* Of a flow that has these two meters. */
static bool since(uint32_t customer, uint32_t provider, uint32_t serial)
{
	const struct flow_meters has = { { [SCOPE_CUSTOMER] = customer, [SCOPE_PROVIDER] = provider } };
	struct flow flow = { .serial = serial };

	flow_set_meters(&flow, &has, 1u << SCOPE_PROVIDER);
	return decided_since(meters->decided, &flow);
}

static uint32_t newest(void)
{
	return decided_newest(meters->decided);
}

START_TEST(concerns_only_whom_it_is_on)
{
	start();
	uint32_t a = meter_of(&acme), b = meter_of(&bravo), s = meter_of(&somewhere), first = newest();

	announce(meters, &acme, 1);
	ck_assert_uint_eq(newest(), first + 1);
	ck_assert(since(a, s, first));
	ck_assert(!since(b, s, first));
	ck_assert(!since(a, s, first + 1)); /* looked up since */
	announce(meters, &somewhere, 1);
	ck_assert(since(b, s, first + 1) && since(a, s, first + 1));
	ck_assert(!since(b, s, first + 2));
	stop();
}
END_TEST

START_TEST(never_looked_up_is_looked_up)
{
	start();
	uint32_t a = meter_of(&acme);

	ck_assert_uint_ne(newest(), 0);
	ck_assert(since(a, 0, 0));
	ck_assert(!since(a, 0, newest()));
	stop();
}
END_TEST

/* Who comes later looks it up as he comes. */
START_TEST(without_a_meter_it_concerns_nobody)
{
	start();
	uint32_t first = newest();

	announce(meters, &acme, 1);
	uint32_t a = meter_of(&acme);
	ck_assert(!since(a, 0, first));
	ck_assert_uint_eq(newest(), first);	   /* nobody has to look */
	ck_assert_uint_eq(meters_used(meters), 1); /* to note makes no meter */
	stop();
}
END_TEST

/* More than are looked for at once, and none of them lost. */
START_TEST(a_large_batch)
{
	struct scope_key keys[METERS];
	uint32_t meter[METERS];

	start();
	uint32_t first = newest();
	for (uint32_t i = 0; i < METERS; i++) {
		keys[i] = scope_key_of(SCOPE_CUSTOMER, i + 1, 0);
		meter[i] = meter_of(&keys[i]);
	}
	announce(meters, keys, METERS - 1);
	for (uint32_t i = 0; i < METERS; i++)
		ck_assert_msg(since(meter[i], 0, first) == (i < METERS - 1), "key %u", i);
	stop();
}
END_TEST

/* Numbers come round, and 0 is left out. */
START_TEST(comes_round)
{
	start();
	uint32_t a = meter_of(&acme);

	atomic_store(&meters->decided->newest, UINT32_MAX - 1);
	announce(meters, &acme, 1);
	announce(meters, &acme, 1);
	ck_assert_uint_eq(newest(), 1);
	ck_assert(since(a, 0, UINT32_MAX));
	ck_assert(!since(a, 0, 1));
	stop();
}
END_TEST

UNIT_MAIN("decided", concerns_only_whom_it_is_on, never_looked_up_is_looked_up, without_a_meter_it_concerns_nobody,
	  a_large_batch, comes_round)
