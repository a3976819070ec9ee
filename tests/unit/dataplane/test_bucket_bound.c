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

/* The plain way: what was used, less what time brought back, in 1 / per_ns of a unit. Over the burst: what leaves
 * later. */
struct account {
	struct limit limit;
	uint64_t at;
	wide used;
	double carried; /* ns by which the bucket may differ, from earlier rates */
};

static void account_open(struct account *account, const struct limit *limit, uint64_t start)
{
	*account = (struct account){ *limit, start, (wide)limit->burst * limit->per_ns, 0 };
}

static void account_move(struct account *account, uint64_t now)
{
	account->used -= (wide)(now - account->at) * account->limit.amount;
	account->used = account->used > 0 ? account->used : 0;
	account->at = now;
}

/* Units used stay used. */
static void account_set(struct account *account, const struct limit *limit)
{
	account->used = account->used * limit->per_ns / account->limit.per_ns;
	account->carried *= (double)limit->per_ns / (double)limit->amount;
	account->carried /= (double)account->limit.per_ns / (double)account->limit.amount;
	account->limit = *limit;
}

/* When `units` may leave if they are taken now, to the ns above. */
static uint64_t account_when(const struct account *account, uint64_t units)
{
	const wide short_of = account->used + ((wide)units - account->limit.burst) * account->limit.per_ns;

	if (short_of <= 0)
		return account->at;
	return account->at + (uint64_t)((short_of + account->limit.amount - 1) / account->limit.amount);
}

static void account_take(struct account *account, uint64_t units)
{
	account->used += (wide)units * account->limit.per_ns;
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

/* In each of the ways there are. */
static uint64_t take(struct bucket *bucket, uint64_t units, uint64_t now, uint64_t number)
{
	if (number % 3 == 0 || units >= BUCKET_UNITS_FEW)
		return bucket_take(bucket, units, now);
	return bucket_few_ns(bucket_take_few(bucket, (uint32_t)units, now * BUCKET_TICKS_PER_NS, number % 3 == 1), now);
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
			ck_assert_uint_eq(take(&bucket, units, now, i), when);
			account_take(&account, units);
			note(&left, when, units);
		}
		check_intervals(&left, &limit);
	}
}
END_TEST

/* Taken only when they may leave now, as a connection's token is; some are given back at once. */
START_TEST(tries_and_returns)
{
	struct dice dice = { 3 };
	uint64_t refused = 0;

	for (int round = 0; round < ROUNDS; round++) {
		const struct limit limit = roll_limit(&dice);
		struct left left = { .count = 0 };
		struct bucket bucket;
		uint64_t now = dice_roll(&dice, 1000000 * S);
		bucket_init(&bucket, &limit, now);
		while (left.count < EVENTS / 3) {
			uint64_t units = 1 + dice_roll(&dice, limit.burst);
			now += roll_pause(&dice, &limit);
			uint64_t when = bucket_when(&bucket, units, now);
			if (when > now) {
				refused++;
				now = dice_roll(&dice, 2) ? when : now;
				continue;
			}
			ck_assert_uint_eq(bucket_take(&bucket, units, now), now);
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

/* A rate for a while; returns when the last of it leaves. */
static uint64_t use_rate(struct dice *dice, struct bucket *bucket, struct account *account, uint64_t *now)
{
	struct left left = { .count = 0 };
	uint64_t start = *now, slack_now = 0;

	for (uint64_t i = 0; i < EVENTS / 3; i++) {
		uint64_t units = 1 + dice_roll(dice, account->limit.burst);
		*now += roll_pause(dice, &account->limit);
		account_move(account, *now);
		uint64_t exact = account_when(account, units), when = take(bucket, units, *now, i);
		slack_now = slack(i + 2, start, exact);
		check_near(when, exact, slack_now + (uint64_t)account->carried);
		account_take(account, units);
		note(&left, when, units);
	}
	check_intervals(&left, &account->limit);
	account->carried += (double)slack_now;
	return left.at[left.count - 1];
}

/* What is left unpaid would take longer than 2^62 ticks: there the arithmetic ends. */
static bool too_much(const struct account *account, const struct limit *limit)
{
	return account->used / account->limit.per_ns * limit->per_ns / limit->amount > (wide)2000 * 86400 * S;
}

/* Units used under one rate are used under the next one too; and what is taken under a rate keeps to it. */
START_TEST(rates_that_change)
{
	struct dice dice = { 5 };
	int changes = 0;

	for (int round = 0; round < ROUNDS; round++) {
		struct limit limit = roll_limit(&dice);
		struct account account;
		struct bucket bucket;
		uint64_t now = 1000000 * S;
		bucket_init(&bucket, &limit, now);
		account_open(&account, &limit, now);
		for (int change = 0; change < 8; change++) {
			uint64_t due = use_rate(&dice, &bucket, &account, &now);
			if (dice_roll(&dice, 2) && due > now)
				now = due - now < 86400 * S ? due : now + 86400 * S;
			account_move(&account, now);
			limit = roll_limit(&dice);
			if (too_much(&account, &limit))
				break;
			account_set(&account, &limit);
			bucket_set(&bucket, &limit, now);
			changes++;
		}
	}
	ck_assert_int_gt(changes, 300);
}
END_TEST

UNIT_MAIN("bucket_bound", takes, tries_and_returns, return_undoes_a_take, rates_that_change)
