/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdbool.h>

#include "idle.h"
#include "unit.h"

#define NEVER UINT64_MAX

/* Empty turns after the last one, when the clock says `at` and something is due at `next`. */
static const struct {
	const char *why;
	uint32_t turns;
	uint64_t at, next, nap;
} rows[] = {
	{ "first a few more looks", IDLE_LOOKS - 1, 100, NEVER, 0 },
	{ "then a short nap", 1, 100, NEVER, IDLE_NAP_FIRST_NS },
	{ "that doubles", 1, 100, NEVER, 40000 },
	{ "and doubles", 1, 100, NEVER, 80000 },
	{ "never past what is due", 1, 1000, 51000, 50000 },
	{ "due now: no nap", 1, 1000, 1000, 0 },
	{ "due already: no nap", 1, 1000, 999, 0 },
	{ "goes on doubling where it was", 1, 1000, NEVER, 320000 },
	{ "up to the most", 1, 1000, NEVER, IDLE_NAP_MOST_NS },
	{ "and no more", 1, 1000, NEVER, IDLE_NAP_MOST_NS },
	{ "however long", 100000, 1000, NEVER, IDLE_NAP_MOST_NS },
	{ "due in a nanosecond", 1, 1000, 1001, 1 },
	{ "due a little later than the nap ends", 1, 1000, 501001, IDLE_NAP_MOST_NS },
	{ "due a little earlier", 1, 1000, 500999, 499999 },
};

START_TEST(naps_double)
{
	struct idle idle = { 0 };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t nap = UINT64_MAX;
		for (uint32_t turn = 0; turn < rows[i].turns; turn++)
			nap = idle_nap(&idle, rows[i].at, rows[i].next);
		ck_assert_msg(nap == rows[i].nap, "%s: %lu, expected %lu", rows[i].why, (unsigned long)nap,
			      (unsigned long)rows[i].nap);
	}
}
END_TEST

START_TEST(work_begins_anew)
{
	struct idle idle = { 0 };

	for (int round = 0; round < 3; round++) {
		for (int turn = 0; turn < IDLE_LOOKS - 1; turn++)
			ck_assert_uint_eq(idle_nap(&idle, 0, NEVER), 0);
		ck_assert_uint_eq(idle_nap(&idle, 0, NEVER), IDLE_NAP_FIRST_NS);
		ck_assert_uint_eq(idle_nap(&idle, 0, NEVER), 2 * IDLE_NAP_FIRST_NS);
		idle_busy(&idle, 0);
	}
}
END_TEST

/* Whose naps end 60 us late gets up 60 us before something is due, and stays up when it is nearer. */
START_TEST(gets_up_earlier)
{
	struct idle idle = { .empty = IDLE_LOOKS };

	idle_woke(&idle, 1000, 61000);
	ck_assert_uint_eq(idle_nap(&idle, 0, 70000), 10000);
	ck_assert_uint_eq(idle_nap(&idle, 0, 60001), 1);
	ck_assert_uint_eq(idle_nap(&idle, 0, 60000), 0);
	ck_assert_uint_eq(idle_nap(&idle, 0, 1), 0);
	ck_assert_uint_eq(idle_nap(&idle, 0, NEVER), 4 * IDLE_NAP_FIRST_NS); /* nothing is due: no hurry */
}
END_TEST

/* One late nap is remembered for long, yet not for ever; and a stop of the whole machine counts as no nap. */
START_TEST(forgets_slowly)
{
	struct idle idle = { 0 };

	idle_woke(&idle, 0, 5000000);
	ck_assert_uint_eq(idle.late, IDLE_LATE_MOST_NS);
	for (int i = 0; i < 100; i++)
		idle_woke(&idle, 1000, 2000);
	ck_assert_uint_gt(idle.late, IDLE_LATE_MOST_NS / 2);
	for (int i = 0; i < 2000; i++)
		idle_woke(&idle, 1000, 2000);
	ck_assert_uint_lt(idle.late, 2000);
	idle_woke(&idle, 1000, 999); /* a signal woke it */
	ck_assert_uint_lt(idle.late, 2000);
}
END_TEST

/* Does it get up before what is due 10 us later? A nap of its own length says no. */
static bool stays_up(struct idle *idle, uint64_t now)
{
	idle->empty = IDLE_LOOKS;
	return idle_nap(idle, now, now + 10000) == 0;
}

/* Put off its core while it stayed up, it naps right up to what is due; later it tries again. */
START_TEST(gives_way_to_neighbours)
{
	struct idle idle = { .late = 60000 };
	uint64_t now = 1000;

	ck_assert(stays_up(&idle, now));
	idle_busy(&idle, now + IDLE_STOP_NS); /* a long turn, yet its own */
	ck_assert(stays_up(&idle, now));
	idle_busy(&idle, now += IDLE_STOP_NS + 1);
	ck_assert(!stays_up(&idle, now) && !stays_up(&idle, now + IDLE_SHARED_FIRST_NS - 1));
	ck_assert(stays_up(&idle, now += IDLE_SHARED_FIRST_NS));
	/* Without anything to do at the end of the stop, and soon after the last: twice as long. */
	ck_assert(!stays_up(&idle, now += 1000000));
	ck_assert(!stays_up(&idle, now + 2ull * IDLE_SHARED_FIRST_NS - 1));
	ck_assert(stays_up(&idle, now += 2ull * IDLE_SHARED_FIRST_NS));
	idle_busy(&idle, now);
	/* After a long time without one it begins anew. */
	ck_assert(stays_up(&idle, now += 10ull * IDLE_SHARED_FIRST_NS));
	ck_assert(!stays_up(&idle, now += 1000000));
	ck_assert(stays_up(&idle, now + IDLE_SHARED_FIRST_NS));
}
END_TEST

START_TEST(gives_way_for_a_minute_at_most)
{
	struct idle idle = { .late = 60000 };
	uint64_t now = 1000;

	for (int stop = 0; stop < 20; stop++) {
		ck_assert(stays_up(&idle, now));
		ck_assert(!stays_up(&idle, now += 1000000));
		now = idle.shared;
	}
	ck_assert_uint_eq(idle.pause, IDLE_SHARED_MOST_NS);
}
END_TEST

UNIT_MAIN("idle", naps_double, work_begins_anew, gets_up_earlier, forgets_slowly, gives_way_to_neighbours,
	  gives_way_for_a_minute_at_most)
