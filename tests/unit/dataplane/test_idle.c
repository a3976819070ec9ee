/* SPDX-License-Identifier: BSD-3-Clause */
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
		idle_busy(&idle);
	}
}
END_TEST

UNIT_MAIN("idle", naps_double, work_begins_anew)
