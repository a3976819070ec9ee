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
	struct meter *meter = meter_acquire(meters, &key);

	meter_release(meters, meter, 10 * S + 1);
	meters_walk(meters, 10 * S, 3600 * S, NULL, NULL);
	ck_assert_uint_eq(meters_used(meters), 1);
	meters_destroy(meters);
}
END_TEST

FIXTURE_MAIN("meters_clock", eal_start, NULL, released_after_the_walk_began)
