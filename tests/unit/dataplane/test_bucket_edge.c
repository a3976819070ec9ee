/* SPDX-License-Identifier: BSD-3-Clause */
/* The ends of a bucket's range: very slow rates, very small packets, a rate changed between take and return. */
#include "bucket.h"
#include "dice.h"
#include "unit.h"

#define S 1000000000ull
#define DAY (86400 * S)

/* "10/d" is a rate the configuration takes. */
START_TEST(slow_rates_pass)
{
	static const struct {
		struct limit limit;
		uint64_t first;
	} rows[] = {
		{ { 1, 3600 * S, 1 }, 3600 * S }, { { 1, 4400 * S, 1 }, 4400 * S }, { { 1, 7200 * S, 1 }, 7200 * S },
		{ { 10, DAY, 1 }, DAY / 10 },	  { { 1, DAY, 1 }, DAY },	    { { 2, 7 * DAY, 1 }, 7 * DAY / 2 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bucket bucket;
		bucket_init(&bucket, &rows[i].limit, 0);
		uint64_t when = bucket_when(&bucket, 1, 0);
		ck_assert_msg(when >= rows[i].first - rows[i].first / 10000 &&
				      when <= rows[i].first + rows[i].first / 10000,
			      "row %zu: %lu, expected %lu", i, (unsigned long)when, (unsigned long)rows[i].first);
	}
}
END_TEST

/* A unit a day: the first a day after the start, the next a day later, and 40 of them all in their turn. */
START_TEST(one_a_day)
{
	struct bucket bucket;

	bucket_init(&bucket, &(struct limit){ 1, DAY, 1 }, 0);
	for (uint64_t day = 1; day <= 40; day++) {
		ck_assert_uint_gt(bucket_when(&bucket, 1, day * DAY - S), day * DAY - S);
		ck_assert_uint_eq(bucket_when(&bucket, 1, day * DAY), day * DAY);
		ck_assert_uint_eq(bucket_take(&bucket, 1, day * DAY), day * DAY);
	}
}
END_TEST

/* Slower than the arithmetic can say: nothing passes, rather than all. */
START_TEST(slower_than_any)
{
	struct bucket bucket;

	bucket_init(&bucket, &(struct limit){ 1, 7 * DAY, 1 }, 0);
	ck_assert_uint_eq(bucket_when(&bucket, 1, 100 * DAY), BUCKET_NEVER);
	ck_assert_uint_eq(bucket_take(&bucket, 1, 100 * DAY), BUCKET_NEVER);
}
END_TEST

/* Taken at a fast rate, given back at a slow one, soon after the machine started. */
START_TEST(return_after_a_slower_rate)
{
	struct bucket bucket;

	bucket_init(&bucket, &(struct limit){ 1000, S, 1 }, 0);
	ck_assert_uint_eq(bucket_take(&bucket, 1, 10 * S), 10 * S);
	bucket_set(&bucket, &(struct limit){ 1, 3600 * S, 1 }, 10 * S);
	ck_assert_uint_eq(bucket_when(&bucket, 1, 10 * S), 3610 * S);
	bucket_return(&bucket, 1);
	ck_assert_uint_eq(bucket_when(&bucket, 1, 10 * S), 10 * S);
}
END_TEST

/* More than was ever taken, at a time near 0: full, and no fuller than that. */
START_TEST(return_never_underflows)
{
	static const uint64_t units[] = { 1, 2, 1000, 1ull << 40, UINT64_MAX };

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		struct bucket bucket;
		bucket_init(&bucket, &(struct limit){ 1, 3600 * S, 2 }, 0);
		for (int time = 0; time < 5; time++)
			bucket_return(&bucket, units[i]);
		bucket_return(&bucket, UINT64_MAX);
		ck_assert(bucket_full(&bucket, 0));
		ck_assert_uint_eq(bucket_when(&bucket, 2, 5), 5);
		ck_assert_uint_eq(bucket_take(&bucket, 2, 5), 5);
		uint64_t when = bucket_when(&bucket, 1, 5);
		ck_assert(when >= 3600 * S && when <= 3600 * S + 10);
	}
}
END_TEST

/* Packets of any size: never above the rate, and below it by a tick (1/16 ns) for each packet at most. */
START_TEST(small_packets_at_10_gbit)
{
	static const uint64_t sizes[] = { 1, 40, 52, 60, 100, 576, 1500 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct bucket bucket;
		uint64_t last = 0;
		bucket_init(&bucket, &(struct limit){ 1250000000, S, 15000 }, 0);
		for (uint64_t take = 1; take <= 100000; take++) {
			last = bucket_take(&bucket, sizes[i], 0);
			if (last * 10 < sizes[i] * take * 8)
				ck_abort_msg("%lu bytes: packet %lu leaves early", (unsigned long)sizes[i],
					     (unsigned long)take);
		}
		double exact = (double)sizes[i] * 100000 * 0.8;
		ck_assert_msg((double)last <= exact * (1 + 1e-4) + 100000 / 16.0 + 1, "%lu bytes: %lu ns, exactly %.0f",
			      (unsigned long)sizes[i], (unsigned long)last, exact);
	}
}
END_TEST

START_TEST(what_is_left)
{
	const struct limit limit = { 10, S, 2 };
	struct bucket bucket;

	bucket_init(&bucket, &limit, 0);
	ck_assert_uint_eq(bucket_left(&bucket, 0), 0);
	ck_assert_uint_eq(bucket_left(&bucket, S / 10 - 1), 0);
	ck_assert_uint_eq(bucket_left(&bucket, S / 10), 1);
	ck_assert_uint_eq(bucket_left(&bucket, S), 2);
	ck_assert_uint_eq(bucket_left(&bucket, DAY), 2);
	bucket_take(&bucket, 1, DAY);
	ck_assert_uint_eq(bucket_left(&bucket, DAY), 1);
	bucket_take(&bucket, 5, DAY);
	ck_assert_uint_eq(bucket_left(&bucket, DAY), 0);
	bucket_set(&bucket, &(const struct limit){ 0, S, 0 }, DAY);
	ck_assert_uint_eq(bucket_left(&bucket, 2 * DAY), 0);
}
END_TEST

/* As many as are left may leave now, and not one more. */
START_TEST(what_is_left_may_leave)
{
	struct dice dice = { 4711 };

	for (int round = 0; round < 20000; round++) {
		const struct limit limit = { 1 + dice_roll(&dice, 1000), 1 + dice_roll(&dice, 3600 * S),
					     1 + dice_roll(&dice, 1000) };
		uint64_t now = dice_roll(&dice, 7200 * S);
		struct bucket bucket;
		bucket_init(&bucket, &limit, 0);
		bucket_take(&bucket, 1 + dice_roll(&dice, 20), now);
		now += dice_roll(&dice, 3600 * S);
		uint64_t left = bucket_left(&bucket, now);
		ck_assert_msg(left == 0 || bucket_when(&bucket, left, now) == now, "round %d", round);
		ck_assert_msg(bucket_when(&bucket, left + 1, now) > now, "round %d", round);
	}
}
END_TEST

UNIT_MAIN("bucket_edge", what_is_left, what_is_left_may_leave, slow_rates_pass, one_a_day, slower_than_any,
	  return_after_a_slower_rate, return_never_underflows, small_packets_at_10_gbit)
