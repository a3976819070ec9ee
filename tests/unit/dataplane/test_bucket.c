/* SPDX-License-Identifier: BSD-3-Clause */
/* A bucket step by step; what must hold of all of them is in test_bucket_bound.c. */
#include <pthread.h>
#include <string.h>

#include "bucket.h"
#include "unit.h"

#define MS 1000000ull
#define S 1000000000ull
#define MINUTE (60 * S)

enum step { END, WHEN, TAKE, TRY, RETURN, FULL, SET };

/* `expect` of WHEN, TAKE, TRY: when they may leave (TRY: taken only if that is at once, as a connection's token is);
 * of FULL: 0 or 1. SET: to the limit of that number, at `at`. */
struct row {
	enum step step;
	uint64_t units, at, expect;
};

static const struct limit slower = { 1, S, 1 }, faster = { 100, S, 1 }, larger = { 10, S, 5 }, none = { 0, S, 1 };
static const struct limit *const other[] = { &slower, &faster, &larger, &none };

static const struct scenario {
	const char *why;
	struct limit limit;
	uint64_t start;
	struct row row[16];
} scenarios[] = {
	{ "ten a second, one at a time",
	  { 10, S, 1 },
	  0,
	  { { WHEN, 1, 0, 100 * MS },
	    { TRY, 1, 0, 100 * MS },
	    { TRY, 1, 100 * MS - 1, 100 * MS },
	    { TRY, 1, 100 * MS, 100 * MS },
	    { TRY, 1, 100 * MS, 200 * MS },
	    { WHEN, 1, 150 * MS, 200 * MS },
	    { TAKE, 1, 150 * MS, 200 * MS },
	    { TAKE, 1, 150 * MS, 300 * MS },
	    { WHEN, 3, 150 * MS, 600 * MS },
	    { WHEN, 1, 5 * S, 5 * S },
	    { TRY, 1, 5 * S, 5 * S },
	    { TRY, 1, 5 * S, 5 * S + 100 * MS } } },
	{ "a burst of four",
	  { 10, S, 4 },
	  0,
	  { { WHEN, 1, 0, 100 * MS },
	    { WHEN, 4, 0, 400 * MS },
	    { WHEN, 5, 0, 500 * MS },
	    { TRY, 4, 400 * MS - 1, 400 * MS },
	    { TRY, 4, 400 * MS, 400 * MS },
	    { TRY, 1, 400 * MS, 500 * MS },
	    { TRY, 2, 600 * MS, 600 * MS },
	    { TRY, 1, 600 * MS, 700 * MS },
	    { TRY, 5, 9 * S, 9 * S + 100 * MS }, /* more than the burst: never at once, but in time */
	    { TAKE, 5, 9 * S, 9 * S + 100 * MS },
	    { TAKE, 1, 9 * S, 9 * S + 200 * MS } } },
	{ "empty at the start, however late that is",
	  { 10, S, 2 },
	  1000000 * S,
	  { { TRY, 1, 1000000 * S, 1000000 * S + 100 * MS },
	    { FULL, 0, 1000000 * S, 0 },
	    { FULL, 0, 1000000 * S + 200 * MS - 1, 0 },
	    { FULL, 0, 1000000 * S + 200 * MS, 1 },
	    { TRY, 2, 1000000 * S + 200 * MS, 1000000 * S + 200 * MS },
	    { FULL, 0, 1000000 * S + 200 * MS, 0 },
	    { FULL, 0, 1000000 * S + 400 * MS, 1 } } },
	{ "a start long ago: full",
	  { 1, MINUTE, 2 },
	  0,
	  { { TRY, 2, 120 * S, 120 * S }, { TRY, 1, 120 * S, 180 * S }, { TRY, 1, 180 * S, 180 * S } } },
	{ "one a minute",
	  { 1, MINUTE, 1 },
	  0,
	  { { TAKE, 1, 0, MINUTE },
	    { TAKE, 1, 0, 2 * MINUTE },
	    { TAKE, 1, 0, 3 * MINUTE },
	    { TRY, 1, 4 * MINUTE - 1, 4 * MINUTE },
	    { TRY, 1, 4 * MINUTE, 4 * MINUTE } } },
	{ "one an hour", { 1, 3600 * S, 1 }, 0, { { TRY, 1, 0, 3600 * S }, { TRY, 1, 3600 * S, 3600 * S } } },
	{ "8 Gbit/s",
	  { 1000000000, S, 15000 },
	  0,
	  { { WHEN, 15000, 0, 15000 },
	    { TRY, 15000, 14999, 15000 },
	    { TRY, 15000, 15000, 15000 },
	    { WHEN, 1500, 15000, 16500 },
	    { TAKE, 1500, 15000, 16500 },
	    { TAKE, 1500, 15000, 18000 },
	    { WHEN, 1, 15000, 18001 } } },
	{ "what is given back may be used again",
	  { 10, S, 2 },
	  0,
	  { { TRY, 2, 200 * MS, 200 * MS },
	    { RETURN, 1, 0, 0 },
	    { TRY, 1, 200 * MS, 200 * MS },
	    { TRY, 1, 200 * MS, 300 * MS },
	    { RETURN, 2, 0, 0 },
	    { TRY, 2, 200 * MS, 200 * MS },
	    { TRY, 1, 200 * MS, 300 * MS } } },
	{ "never more than the burst, however much is given back",
	  { 10, S, 2 },
	  0,
	  { { TRY, 1, 10 * S, 10 * S },
	    { RETURN, 1, 0, 0 },
	    { TRY, 2, 20 * S, 20 * S },
	    { TRY, 1, 20 * S, 20 * S + 100 * MS } } },
	{ "slower: a unit used stays used, at its new length",
	  { 10, S, 1 },
	  0,
	  { { TAKE, 1, 100 * MS, 100 * MS },
	    { SET, 0, 100 * MS, 0 },
	    { TRY, 1, 100 * MS, 1100 * MS },
	    { TRY, 1, 1100 * MS, 1100 * MS },
	    { TRY, 1, 1100 * MS, 2100 * MS } } },
	{ "slower, when half of it has come back",
	  { 10, S, 1 },
	  0,
	  { { TAKE, 1, 100 * MS, 100 * MS }, { SET, 0, 150 * MS, 0 }, { TRY, 1, 150 * MS, 650 * MS } } },
	{ "faster: the same",
	  { 10, S, 1 },
	  0,
	  { { TAKE, 1, 100 * MS, 100 * MS },
	    { SET, 1, 100 * MS, 0 },
	    { TRY, 1, 110 * MS - 1, 110 * MS },
	    { TRY, 1, 110 * MS, 110 * MS },
	    { TRY, 1, 110 * MS, 120 * MS } } },
	{ "units that wait wait on at the new rate",
	  { 10, S, 1 },
	  0,
	  { { TAKE, 5, 100 * MS, 500 * MS },
	    { SET, 1, 200 * MS, 0 }, /* four are still used */
	    { WHEN, 1, 200 * MS, 240 * MS },
	    { SET, 0, 220 * MS, 0 }, /* two */
	    { WHEN, 1, 220 * MS, 2220 * MS } } },
	{ "a bucket that owes nothing is as full as before",
	  { 10, S, 1 },
	  0,
	  { { SET, 0, S, 0 },
	    { TRY, 1, S, S },
	    { TRY, 1, S, 2 * S },
	    { SET, 2, 3 * S, 0 },
	    { TRY, 5, 3 * S, 3 * S } } },
	{ "to and fro: nothing is won or lost",
	  { 10, S, 1 },
	  0,
	  { { TAKE, 3, 100 * MS, 300 * MS },
	    { SET, 0, 100 * MS, 0 },
	    { SET, 1, 100 * MS, 0 },
	    { SET, 0, 100 * MS, 0 },
	    { WHEN, 1, 100 * MS, 3100 * MS } } },
	{ "what is given back after another rate is as much as it is by then",
	  { 1000, S, 1 },
	  0,
	  { { TRY, 1, 10 * S, 10 * S },
	    { SET, 0, 10 * S, 0 },
	    { WHEN, 1, 10 * S, 11 * S },
	    { RETURN, 1, 0, 0 },
	    { WHEN, 1, 10 * S, 10 * S },
	    { FULL, 0, 10 * S, 1 } } },
	{ "a larger burst",
	  { 10, S, 1 },
	  0,
	  { { TRY, 1, 100 * MS, 100 * MS },
	    { SET, 2, 100 * MS, 0 },
	    { TRY, 5, 100 * MS, 200 * MS },
	    { TRY, 4, 100 * MS, 100 * MS },
	    { TRY, 1, 100 * MS, 200 * MS } } },
	{ "an amount of 0 lets nothing pass",
	  { 0, S, 1 },
	  0,
	  { { WHEN, 1, S, BUCKET_NEVER },
	    { TAKE, 1, S, BUCKET_NEVER },
	    { TRY, 1, S, BUCKET_NEVER },
	    { RETURN, 1, 0, 0 },
	    { WHEN, 1, 1000 * S, BUCKET_NEVER },
	    { SET, 1, S, 0 },
	    { TRY, 1, S, S } } },
	{ "closed, and what was used stays used",
	  { 10, S, 1 },
	  0,
	  { { TAKE, 1, S, S },
	    { SET, 3, S, 0 },
	    { TRY, 1, 10 * S, BUCKET_NEVER },
	    { RETURN, 1, 0, 0 },
	    { SET, 1, S, 0 },
	    { TRY, 1, S, S + 100 * MS } } },
};

static uint64_t try(struct bucket *bucket, uint64_t units, uint64_t now)
{
	uint64_t when = bucket_when(bucket, units, now);

	if (when == now)
		ck_assert_uint_eq(bucket_take(bucket, units, now), now);
	return when;
}

static uint64_t run_step(struct bucket *bucket, const struct row *row)
{
	switch (row->step) {
	case WHEN:
		return bucket_when(bucket, row->units, row->at);
	case TAKE:
		return bucket_take(bucket, row->units, row->at);
	case TRY:
		return try(bucket, row->units, row->at);
	case FULL:
		return bucket_full(bucket, row->at);
	case RETURN:
		bucket_return(bucket, row->units);
		return 0;
	default:
		bucket_set(bucket, other[row->units], row->at);
		return 0;
	}
}

START_TEST(step_by_step)
{
	for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++) {
		const struct scenario *scenario = &scenarios[i];
		struct bucket bucket;
		bucket_init(&bucket, &scenario->limit, scenario->start);
		for (const struct row *row = scenario->row; row->step != END; row++) {
			uint64_t is = run_step(&bucket, row);
			ck_assert_msg(is == row->expect, "%s, step %td: %lu, expected %lu", scenario->why,
				      row - scenario->row, (unsigned long)is, (unsigned long)row->expect);
		}
	}
}
END_TEST

/* To ask changes nothing. */
START_TEST(when_takes_nothing)
{
	struct bucket bucket;

	bucket_init(&bucket, &(struct limit){ 10, S, 3 }, 0);
	for (int i = 0; i < 10; i++)
		ck_assert_uint_eq(bucket_when(&bucket, 3, 0), 300 * MS);
	ck_assert_uint_eq(bucket_take(&bucket, 3, 0), 300 * MS);
}
END_TEST

/* A rate over a long time is the configured one to 10^-4, or a tick (1/16 ns) for each take, and never above it:
 * units taken one after another, back to back. */
START_TEST(exact_over_time)
{
	static const struct {
		struct limit limit;
		uint64_t units, takes;
	} rates[] = {
		{ { 1, MINUTE, 1 }, 1, 10000 },		   /* a unit a minute, for a week */
		{ { 1250000000, S, 15000 }, 1500, 10000 }, /* 10 Gbit/s of full packets */
		{ { 1250000000, S, 15000 }, 9000, 10000 }, /* and of jumbo ones */
		{ { 125000, S, 15000 }, 1500, 10000 },	   /* 1 Mbit/s */
		{ { 125000, S, 15000 }, 40, 10000 },
		{ { 5000, 86400 * S, 1 }, 1, 10000 },
		{ { 7, 11 * S, 3 }, 1, 10000 },
		{ { 999999937, S, 100000 }, 1499, 10000 },
	};

	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		const struct limit *limit = &rates[i].limit;
		struct bucket bucket;
		uint64_t last = 0;
		bucket_init(&bucket, limit, 0);
		for (uint64_t take = 0; take < rates[i].takes; take++)
			last = bucket_few_ns(bucket_take_few(&bucket, (uint32_t)rates[i].units, 0, i % 2 != 0), 0);
		double exact =
			(double)rates[i].units * (double)rates[i].takes * (double)limit->per_ns / (double)limit->amount;
		ck_assert_msg((double)last >= exact &&
				      (double)last < exact * (1 + 1e-4) + (double)rates[i].takes / 16 + 1,
			      "rate %zu: %lu ns, exactly %.1f", i, (unsigned long)last, exact);
	}
}
END_TEST

#define THREADS 4
#define TAKES 2000

struct taker {
	pthread_t thread;
	struct bucket *bucket;
	uint64_t at[TAKES];
};

static void *take_often(void *argument)
{
	struct taker *taker = argument;

	for (int i = 0; i < TAKES; i++)
		taker->at[i] =
			bucket_few_ns(bucket_take_few(taker->bucket, 1, 100 * S * BUCKET_TICKS_PER_NS, true), 100 * S);
	return NULL;
}

static int by_time(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return a < b ? -1 : a > b;
}

/* All at one moment: together they get the burst at once, and each place of the queue behind it once. */
START_TEST(shared_by_workers)
{
	static struct taker taker[THREADS];
	static uint64_t at[THREADS * TAKES];
	struct bucket bucket;

	bucket_init(&bucket, &(struct limit){ 1000, S, 3000 }, 0);
	for (int i = 0; i < THREADS; i++) {
		taker[i].bucket = &bucket;
		ck_assert_int_eq(pthread_create(&taker[i].thread, NULL, take_often, &taker[i]), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(taker[i].thread, NULL);
		memcpy(at + i * TAKES, taker[i].at, sizeof(taker[i].at));
	}
	qsort(at, THREADS * TAKES, sizeof(at[0]), by_time);
	for (uint64_t i = 0; i < THREADS * TAKES; i++)
		if (at[i] != 100 * S + (i < 3000 ? 0 : (i - 2999) * MS))
			ck_abort_msg("unit %lu leaves at %lu", (unsigned long)i, (unsigned long)at[i]);
}
END_TEST

UNIT_MAIN("bucket", step_by_step, when_takes_nothing, exact_over_time, shared_by_workers)
