/* SPDX-License-Identifier: BSD-3-Clause */
#include "brake/usual.h"
#include "unit.h"

static const struct volume floor_ = { { 100, 100, 100 } };

static struct volume all(double amount)
{
	return (struct volume){ { amount, amount, amount } };
}

static void learn(struct usual *usual, unsigned hour, double amount, bool trusted)
{
	const struct volume volume = all(amount);

	usual_learn(usual, hour, &volume, &floor_, trusted);
}

static double around(const struct usual *usual, unsigned hour)
{
	double volume;

	return usual_around(usual, hour, LIMIT_MESSAGE_RATE, &volume) ? volume : -1;
}

static void check_about(double is, double wanted)
{
	ck_assert_msg(is > wanted * 0.99 && is < wanted * 1.01, "%g is not %g", is, wanted);
}

START_TEST(hours_of_the_week)
{
	/* 2026-11-30 is a Monday. */
	ck_assert_uint_eq(usual_hour_of(1796083200 - 3 * 86400 + 0), usual_hour_of(1796083200 + 4 * 86400));
	ck_assert_uint_eq(usual_hour_of(4 * 86400), 0);
	ck_assert_uint_eq(usual_hour_of(4 * 86400 + 3599), 0);
	ck_assert_uint_eq(usual_hour_of(4 * 86400 - 1), USUAL_HOURS - 1);
	ck_assert_uint_eq(usual_hour_of(0), 72);
}
END_TEST

START_TEST(weeks_are_a_mean)
{
	struct usual usual = { 0 };

	ck_assert(around(&usual, 10) < 0);
	learn(&usual, 10, 4000, true);
	check_about(around(&usual, 10), 4000);
	learn(&usual, 10, 2000, true);
	check_about(around(&usual, 10), 3500);
	for (int week = 0; week < 120; week++)
		learn(&usual, 10, 1e12, true);
	check_about(around(&usual, 10), 1e12);
}
END_TEST

/* However much is sent, a week adds a quarter. */
START_TEST(a_spike_is_not_learned_at_once)
{
	struct usual usual = { 0 };

	learn(&usual, 10, 4000, true);
	learn(&usual, 10, 400000, true);
	check_about(around(&usual, 10), 5000);
	learn(&usual, 10, 400000, false);
	check_about(around(&usual, 10), 6250);
}
END_TEST

/* Nothing is a figure as well: then the floor is what a week may count as. */
START_TEST(nothing_is_not_unknown)
{
	struct usual usual = { 0 };

	learn(&usual, 10, 0, true);
	ck_assert(around(&usual, 10) >= 0 && around(&usual, 10) < 1);
	learn(&usual, 10, 5000, false);
	check_about(around(&usual, 10), 25);
}
END_TEST

START_TEST(no_full_hour_is_a_cliff)
{
	struct usual usual = { 0 };

	learn(&usual, 0, 1000, true);
	learn(&usual, 1, 10, true);
	check_about(around(&usual, USUAL_HOURS - 1), 1000);
	check_about(around(&usual, 0), 1000);
	check_about(around(&usual, 1), 1000);
	check_about(around(&usual, 2), 10);
}
END_TEST

START_TEST(hours_without_data_are_those_of_other_days)
{
	struct usual usual = { 0 };

	learn(&usual, 24 + 9, 700, true);
	learn(&usual, 72 + 9, 900, true);
	check_about(around(&usual, 9), 900);
	ck_assert(around(&usual, 14) < 0);
}
END_TEST

/* Who is new is learned up to the floor, day by day. */
START_TEST(who_is_new)
{
	struct usual usual = { 0 };

	for (unsigned day = 0; day < 7; day++)
		learn(&usual, day * 24 + 9, 5000, false);
	check_about(around(&usual, 9), 100);
	learn(&usual, 9, 5000, false);
	check_about(around(&usual, 9), 125);
}
END_TEST

/* An hour of a known customer that was missed before may be what its other days are. */
START_TEST(a_missed_hour_of_a_known_one)
{
	struct usual usual = { 0 };

	learn(&usual, 24 + 9, 5000, true);
	learn(&usual, 9, 9000, false);
	check_about(around(&usual, 9), 5000);
}
END_TEST

UNIT_MAIN("usual", hours_of_the_week, weeks_are_a_mean, a_spike_is_not_learned_at_once, nothing_is_not_unknown,
	  no_full_hour_is_a_cliff, hours_without_data_are_those_of_other_days, who_is_new, a_missed_hour_of_a_known_one)
