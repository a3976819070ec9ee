/* SPDX-License-Identifier: BSD-3-Clause */
/* A worker's clock may be a little ahead of the control thread's: its meters are not forgotten for that. */
#include "eal.h"
#include "meters.h"

#define S 1000000000ull

static const uint8_t secret[16] = "meters' secret";

START_TEST(released_after_the_walk_began)
{
	const struct scope_key key = { .scope = SCOPE_CUSTOMER, .customer = 1 };
	struct meters *meters = meters_create(4, secret, 0);
	uint32_t hash;

	meter_hashes(meters, &key, 1, &hash);
	meter_release(meters, meter_acquire(meters, &key, hash), 10 * S + 1);
	meters_walk(meters, 0, METERS_ALL, 10 * S, 3600000, NULL, NULL);
	ck_assert_uint_eq(meters_used(meters), 1);
	meters_walk(meters, 0, METERS_ALL, 10 * S - 50000000, 0, NULL, NULL);
	ck_assert_uint_eq(meters_used(meters), 1);
	meters_walk(meters, 0, METERS_ALL, 10 * S, 0, NULL, NULL);
	ck_assert_uint_eq(meters_used(meters), 0);
	meters_destroy(meters);
}
END_TEST

/* Milliseconds are counted in 32 bits: after 49 days they begin anew. */
START_TEST(milliseconds_that_wrap)
{
	const struct scope_key key = { .scope = SCOPE_CUSTOMER, .customer = 1 };
	struct meters *meters = meters_create(4, secret, 0);
	const uint64_t now = (UINT32_MAX - 999ull) * 1000000;
	uint32_t hash;

	meter_hashes(meters, &key, 1, &hash);
	meter_release(meters, meter_acquire(meters, &key, hash), now);
	meters_walk(meters, 0, METERS_ALL, now + 3 * S, 3001, NULL, NULL);
	ck_assert_uint_eq(meters_used(meters), 1);
	meters_walk(meters, 0, METERS_ALL, now + 3 * S, 3000, NULL, NULL);
	ck_assert_uint_eq(meters_used(meters), 0);
	meters_destroy(meters);
}
END_TEST

FIXTURE_MAIN("meters_clock", eal_start, NULL, released_after_the_walk_began, milliseconds_that_wrap)
