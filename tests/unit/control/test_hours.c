/* SPDX-License-Identifier: BSD-3-Clause */
#include "brake/hours.h"
#include "unit.h"

#define MINUTE 60
#define BEGIN (500000 * 3600ll) /* a full hour */

/* An answer each five minutes, from `from` to `to` after BEGIN; the last thing that was said. */
static enum hours_turn pass(struct hours *hours, int from, int to, uint32_t gate)
{
	enum hours_turn turn = HOUR_GOES_ON;

	for (int at = from; at <= to; at += 5 * MINUTE) {
		const struct hours_heard heard = { BEGIN + at, 7 * 1000000ull + (uint64_t)(at + 7200) * 1000000u, gate,
						   true };
		turn = hours_hear(hours, &heard);
	}
	return turn;
}

static struct hours begin(void)
{
	struct hours hours = { 0 };

	ck_assert_int_eq(pass(&hours, -30 * MINUTE, -30 * MINUTE, 1), HOUR_OVER);
	ck_assert_int_eq(pass(&hours, -25 * MINUTE, 0, 1), HOUR_OVER); /* begun in the middle */
	return hours;
}

START_TEST(whole)
{
	struct hours hours = begin();

	ck_assert_int_eq(pass(&hours, 5 * MINUTE, 55 * MINUTE, 1), HOUR_GOES_ON);
	ck_assert_int_eq(pass(&hours, 60 * MINUTE, 60 * MINUTE, 1), HOUR_WHOLE);
	ck_assert_int_eq(pass(&hours, 65 * MINUTE, 120 * MINUTE, 1), HOUR_WHOLE);
}
END_TEST

START_TEST(the_gate_was_away)
{
	struct hours hours = begin();

	pass(&hours, 5 * MINUTE, 20 * MINUTE, 1);
	ck_assert_int_eq(pass(&hours, 30 * MINUTE, 60 * MINUTE, 1), HOUR_OVER);
	ck_assert_int_eq(pass(&hours, 65 * MINUTE, 120 * MINUTE, 1), HOUR_WHOLE);
}
END_TEST

START_TEST(no_answer)
{
	struct hours hours = begin();
	const struct hours_heard none = { BEGIN + 301, 7 * 1000000ull + (7200ull + 301) * 1000000u, 1, false };

	pass(&hours, 5 * MINUTE, 5 * MINUTE, 1);
	ck_assert_int_eq(hours_hear(&hours, &none), HOUR_GOES_ON);
	ck_assert_int_eq(pass(&hours, 10 * MINUTE, 60 * MINUTE, 1), HOUR_OVER);
}
END_TEST

START_TEST(another_gate)
{
	struct hours hours = begin();

	pass(&hours, 5 * MINUTE, 20 * MINUTE, 1);
	ck_assert_int_eq(pass(&hours, 25 * MINUTE, 60 * MINUTE, 2), HOUR_OVER);
}
END_TEST

/* The calendar is put forward by an hour, or an hour lasts too short by it. */
START_TEST(a_calendar_that_jumps)
{
	struct hours hours = begin();
	struct hours_heard heard = { BEGIN + 7200, 7 * 1000000ull + (7200ull + 300) * 1000000u, 1, true };

	ck_assert_int_eq(hours_hear(&hours, &heard), HOUR_OVER);
	heard.unix_s += 3600;
	heard.steady_usec += 300 * 1000000u;
	ck_assert_int_eq(hours_hear(&hours, &heard), HOUR_OVER);
	heard.unix_s -= 7200;
	heard.steady_usec += 300 * 1000000u;
	ck_assert_int_eq(hours_hear(&hours, &heard), HOUR_OVER);
}
END_TEST

UNIT_MAIN("hours", whole, the_gate_was_away, no_answer, another_gate, a_calendar_that_jumps)
