/* SPDX-License-Identifier: BSD-3-Clause */
/* What a bucket promises, over random sequences: in any interval of length t at most burst + t x rate units
 * leave, and none earlier or later than by plain accounts of tokens. */
#include "bucket.h"
#include "dice.h"
#include "unit.h"

#define S 1000000000ull
#define EVENTS 300
#define ROUNDS 200

typedef __int128 wide;

static const uint64_t periods[] = { 1000000, S, 60 * S, 3600 * S };

/* A random limit: at most 10 Gbit/s, at least a unit an hour, and a burst of less than a day. */
static struct limit roll_limit(struct dice *dice)
{
	static const uint64_t most[] = { 3, 1000, 1000000, 2000000000 };
	struct limit limit = { 1 + dice_roll(dice, most[dice_roll(dice, 4)]), periods[dice_roll(dice, 4)], 1 };

	if (limit.amount > limit.per_ns / 4 * 5)
		limit.amount = limit.per_ns / 4 * 5;
	uint64_t of_a_day = (uint64_t)((wide)86400 * S * limit.amount / limit.per_ns);
	uint64_t burst = dice_roll(dice, 2) ? 10 : 200000;

	limit.burst = 1 + dice_roll(dice, burst < of_a_day ? burst : of_a_day);
	return limit;
}

/* A pause of about as many units as the burst, now and then none or a long one. */
static uint64_t roll_pause(struct dice *dice, const struct limit *limit)
{
	uint64_t unit = limit->per_ns / limit->amount + 1;

	switch (dice_roll(dice, 6)) {
	case 0:
		return 0;
	case 1:
		return dice_roll(dice, unit * limit->burst + 1);
	default:
		return dice_roll(dice, unit * 4);
	}
}

/* Tokens the plain way: as many as fit in the burst, as many as time brought, in 1 / per_ns of a unit. */
struct account {
	struct limit limit;
	uint64_t at;
	wide tokens; /* below 0: what leaves later */
};

static void account_open(struct account *account, const struct limit *limit, uint64_t start)
{
	*account = (struct account){ *limit, start, 0 };
}

static void account_move(struct account *account, uint64_t now)
{
	const wide full = (wide)account->limit.burst * account->limit.per_ns;

	account->tokens += (wide)(now - account->at) * account->limit.amount;
	account->tokens = account->tokens < full ? account->tokens : full;
	account->at = now;
}

/* When `units` may leave if they are taken now, to the ns above. */
static uint64_t account_when(const struct account *account, uint64_t units)
{
	const wide short_of = (wide)units * account->limit.per_ns - account->tokens;

	if (short_of <= 0)
		return account->at;
	return account->at + (uint64_t)((short_of + account->limit.amount - 1) / account->limit.amount);
}

static void account_take(struct account *account, uint64_t units)
{
	account->tokens -= (wide)units * account->limit.per_ns;
}

/* By how much bucket and account may differ after `takes` takes: a tick (1/16 ns) each, and 10^-4 of what was
 * waited for in all. */
static uint64_t slack(uint64_t takes, uint64_t start, uint64_t when)
{
	return 2 + takes / 16 + (when - start) / 10000;
}

static void check_near(uint64_t when, uint64_t exact, uint64_t tolerance)
{
	ck_assert_msg(when + tolerance >= exact, "%lu is before %lu", (unsigned long)when, (unsigned long)exact);
	ck_assert_msg(when <= exact + tolerance, "%lu is after %lu", (unsigned long)when, (unsigned long)exact);
}

/* What left, in order. */
struct left {
	uint64_t at[EVENTS], units[EVENTS];
	int count;
};

static void note(struct left *left, uint64_t at, uint64_t units)
{
	ck_assert(left->count == 0 || at >= left->at[left->count - 1]);
	left->at[left->count] = at;
	left->units[left->count++] = units;
}

/* All intervals that begin and end with something leaving: the worst ones. */
static void check_intervals(const struct left *left, const struct limit *limit)
{
	for (int from = 0; from < left->count; from++) {
		uint64_t units = 0;
		for (int to = from; to < left->count; to++) {
			units += left->units[to];
			uint64_t span = left->at[to] - left->at[from];
			span += slack((uint64_t)left->count, left->at[from], left->at[to]);
			/* Check notes each assertion it passes: too slow for so many. */
			if ((wide)units * limit->per_ns >
			    (wide)limit->burst * limit->per_ns + (wide)span * limit->amount)
				ck_abort_msg("%lu units in %lu ns at %lu in %lu ns, burst %lu", (unsigned long)units,
					     (unsigned long)span, (unsigned long)limit->amount,
					     (unsigned long)limit->per_ns, (unsigned long)limit->burst);
		}
	}
}

START_TEST(takes)
{
	struct dice dice = { 2 };

	for (int round = 0; round < ROUNDS; round++) {
		const struct limit limit = roll_limit(&dice);
		const uint64_t start = dice_roll(&dice, 1000000 * S);
		struct left left = { .count = 0 };
		struct account account;
		struct bucket bucket;
		uint64_t now = start;
		bucket_init(&bucket, &limit, start);
		account_open(&account, &limit, start);
		for (uint64_t i = 0; i < EVENTS; i++) {
			uint64_t units = 1 + dice_roll(&dice, limit.burst);
			now += roll_pause(&dice, &limit);
			account_move(&account, now);
			uint64_t when = bucket_when(&bucket, units, now), exact = account_when(&account, units);
			check_near(when, exact, slack(i + 1, start, exact));
			ck_assert_uint_ge(when, now);
			ck_assert_uint_eq(bucket_take(&bucket, units, now), when);
			account_take(&account, units);
			note(&left, when, units);
		}
		check_intervals(&left, &limit);
	}
}
END_TEST

/* Tries that take nothing when they may not leave now; some are given back at once. */
START_TEST(tries_and_returns)
{
	struct dice dice = { 3 };
	uint64_t refused = 0;

	for (int round = 0; round < ROUNDS; round++) {
		const struct limit limit = roll_limit(&dice);
		struct left left = { .count = 0 };
		struct bucket bucket;
		uint64_t now = dice_roll(&dice, 1000000 * S), when;
		bucket_init(&bucket, &limit, now);
		while (left.count < EVENTS / 3) {
			uint64_t units = 1 + dice_roll(&dice, limit.burst);
			now += roll_pause(&dice, &limit);
			uint64_t asked = bucket_when(&bucket, units, now);
			if (!bucket_try(&bucket, units, now, &when)) {
				ck_assert_uint_eq(when, asked);
				ck_assert_uint_gt(when, now);
				refused++;
				now = dice_roll(&dice, 2) ? when : now;
				continue;
			}
			ck_assert_uint_eq(asked, now);
			if (dice_roll(&dice, 4) == 0)
				bucket_return(&bucket, units);
			else
				note(&left, now, units);
		}
		check_intervals(&left, &limit);
	}
	ck_assert_uint_gt(refused, 1000);
}
END_TEST

/* Given back: everybody sees the bucket as it was. */
START_TEST(return_undoes_a_take)
{
	struct dice dice = { 4 };

	for (int round = 0; round < 2000; round++) {
		const struct limit limit = roll_limit(&dice);
		struct bucket bucket;
		uint64_t now = dice_roll(&dice, 1000000 * S), units = 1 + dice_roll(&dice, limit.burst);
		bucket_init(&bucket, &limit, now);
		bucket_take(&bucket, 1 + dice_roll(&dice, limit.burst), now);
		uint64_t before = bucket_when(&bucket, limit.burst, now);
		bucket_take(&bucket, units, now);
		bucket_return(&bucket, units);
		ck_assert_uint_eq(bucket_when(&bucket, limit.burst, now), before);
	}
}
END_TEST

/* Whatever the rate was before: what is taken under one rate keeps to that rate. */
START_TEST(rates_that_change)
{
	struct dice dice = { 5 };

	for (int round = 0; round < ROUNDS / 4; round++) {
		struct limit limit = roll_limit(&dice);
		struct bucket bucket;
		uint64_t now = 1000000 * S;
		bucket_init(&bucket, &limit, now);
		for (int change = 0; change < 8; change++) {
			struct left left = { .count = 0 };
			for (int i = 0; i < EVENTS / 3; i++) {
				uint64_t units = 1 + dice_roll(&dice, limit.burst);
				now += roll_pause(&dice, &limit);
				note(&left, bucket_take(&bucket, units, now), units);
			}
			check_intervals(&left, &limit);
			uint64_t due = left.at[left.count - 1];
			limit = roll_limit(&dice);
			bucket_set(&bucket, &limit);
			now = dice_roll(&dice, 2) && due > now ? due : now;
		}
	}
}
END_TEST

UNIT_MAIN("bucket_bound", takes, tries_and_returns, return_undoes_a_take, rates_that_change)
