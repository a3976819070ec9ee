/* SPDX-License-Identifier: BSD-3-Clause */
/* The ends of a bucket's range: very slow rates, very small packets, a rate changed between take and return. */
#include "bucket.h"
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

/* Taken at a fast rate, given back at a slow one, soon after the machine started. */
START_TEST(return_after_a_slower_rate)
{
	struct bucket bucket;
	uint64_t when;

	bucket_init(&bucket, &(struct limit){ 1000, S, 1 }, 0);
	ck_assert(bucket_try(&bucket, 1, 10 * S, &when));
	bucket_set(&bucket, &(struct limit){ 1, 3600 * S, 1 });
	bucket_return(&bucket, 1);
	ck_assert_uint_le(bucket_when(&bucket, 1, 10 * S), 2 * 3600 * S);
}
END_TEST

/* Packets of any size: never above the rate by more than 10^-4. */
START_TEST(small_packets_at_10_gbit)
{
	static const uint64_t sizes[] = { 1, 40, 52, 60, 100, 576, 1500 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct bucket bucket;
		uint64_t last = 0;
		bucket_init(&bucket, &(struct limit){ 1250000000, S, 15000 }, 0);
		for (uint64_t take = 0; take < 100000; take++)
			last = bucket_take(&bucket, sizes[i], 0);
		double exact = (double)sizes[i] * 100000 * 0.8;
		ck_assert_msg((double)last > exact * (1 - 1e-4), "%lu bytes: %lu ns, exactly %.0f",
			      (unsigned long)sizes[i], (unsigned long)last, exact);
	}
}
END_TEST

UNIT_MAIN("bucket_edge", slow_rates_pass, return_after_a_slower_rate, small_packets_at_10_gbit)
