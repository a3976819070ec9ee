/* SPDX-License-Identifier: BSD-3-Clause */
/* The time that has passed for decisions: over restarts of the daemon and of the machine it never goes back, and is
 * never ahead of what the machine was up. */
#include "ledger/served.h"

#include "unit.h"

START_TEST(in_one_life)
{
	const struct served_mark never = { "" }, mark = { "a", 1000, 50000 };

	ck_assert_int_eq(served_ms(&never, "a", 700), 700);
	ck_assert_int_eq(served_ms(&mark, "a", 1000), 50000);
	ck_assert_int_eq(served_ms(&mark, "a", 61000), 110000);
	ck_assert_int_eq(served_ms(&mark, "a", 900), 50000); /* which cannot be */
}
END_TEST

START_TEST(over_restarts_of_the_machine)
{
	struct served_mark mark = { "a", 1000, 50000 };
	int64_t last = 50000;

	for (char life = 'b'; life < 'g'; life++) {
		const char boot[] = { life, '\0' };
		for (int64_t up = 5; up < 100000; up += 30000) {
			int64_t now = served_ms(&mark, boot, up);
			ck_assert_int_ge(now, last);
			ck_assert_int_le(now - last, 30000);
			last = now;
			mark = (struct served_mark){ .boot_ms = up, .served_ms = now };
			mark.boot[0] = life;
		}
	}
}
END_TEST

START_TEST(deadlines)
{
	ck_assert_int_eq(served_deadline(50000, 2000), 52000);
	ck_assert_int_eq(served_deadline(50000, 0), 50000);
	ck_assert_int_eq(served_deadline(50000, -7), 50000); /* a calendar that was put ahead in between */
}
END_TEST

UNIT_MAIN("served", in_one_life, over_restarts_of_the_machine, deadlines)
