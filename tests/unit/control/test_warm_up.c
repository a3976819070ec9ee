/* SPDX-License-Identifier: BSD-3-Clause */
/* A customer's rise, by time and by what it sent. */
#include "customers/warm_up.h"

#include "unit.h"

#define DAY 86400000ll

/* A day and 10 messages; 2 days; 100 messages. */
static const struct tiers tiers = {
	.step = { { .lasts_ms = DAY, .messages = 10 }, { .lasts_ms = 2 * DAY }, { .messages = 100 } },
	.steps = 3,
};

/* At its beginning, and the gate was looked at. */
static struct standing begun(int64_t now)
{
	struct standing standing = { .met = true };

	warm_up_begin(&standing, (struct tier_place){ TIER_NEW, 0 }, now);
	return standing;
}

/* So many more by the gate's figures. */
static void send(struct standing *standing, uint64_t messages, uint64_t declined)
{
	const struct figures now = { standing->seen.messages + messages, standing->seen.inferred,
				     standing->seen.declined + declined };

	warm_up_count(standing, &now);
}

START_TEST(both_are_needed)
{
	struct standing standing = begun(5);

	send(&standing, 9, 0);
	ck_assert(!warm_up_rise(&standing, &tiers, 5 + DAY));
	send(&standing, 1, 0);
	ck_assert(!warm_up_rise(&standing, &tiers, 5 + DAY - 1));
	ck_assert(warm_up_rise(&standing, &tiers, 5 + DAY));
	ck_assert_uint_eq(standing.step, 1);
	/* The next begins anew: no step is passed over, however much there was. */
	ck_assert_uint_eq(warm_up_clean(&standing), 0);
	ck_assert(!warm_up_rise(&standing, &tiers, 5 + 3 * DAY - 1));
	ck_assert(warm_up_rise(&standing, &tiers, 5 + 3 * DAY));
	ck_assert_uint_eq(standing.step, 2);
	ck_assert(!warm_up_rise(&standing, &tiers, 5 + 300 * DAY));
	send(&standing, 100, 0);
	ck_assert(warm_up_rise(&standing, &tiers, 5 + 3 * DAY));
	ck_assert_int_eq(standing.tier, TIER_NORMAL);
	ck_assert(!warm_up_rise(&standing, &tiers, 5 + 300 * DAY));
}
END_TEST

START_TEST(what_is_declined_is_not_clean)
{
	struct standing standing = begun(0);

	/* An answer may be seen before its message is. */
	send(&standing, 0, 4);
	ck_assert_uint_eq(warm_up_clean(&standing), 0);
	send(&standing, 13, 0);
	ck_assert_uint_eq(warm_up_clean(&standing), 9);
	ck_assert(!warm_up_rise(&standing, &tiers, DAY));
	send(&standing, 1, 0);
	ck_assert(warm_up_rise(&standing, &tiers, DAY));
}
END_TEST

START_TEST(figures_that_begin_anew)
{
	struct standing standing = begun(0);

	standing.met = false; /* the daemon was restarted */
	warm_up_count(&standing, &(struct figures){ 500, 0, 0 });
	ck_assert_uint_eq(warm_up_clean(&standing), 0);
	warm_up_count(&standing, &(struct figures){ 503, 1, 1 });
	ck_assert_uint_eq(warm_up_clean(&standing), 2);
	ck_assert_uint_eq(standing.sent.inferred, 1);
	/* The gate had forgotten it. */
	warm_up_count(&standing, &(struct figures){ 4, 0, 0 });
	ck_assert_uint_eq(warm_up_clean(&standing), 6);
}
END_TEST

START_TEST(a_decision_stops_the_time)
{
	struct standing standing = begun(0);

	send(&standing, 10, 0);
	warm_up_hold(&standing, DAY / 2);
	warm_up_hold(&standing, DAY); /* a second one */
	send(&standing, 1000, 0);
	ck_assert(!warm_up_rise(&standing, &tiers, 50 * DAY));
	ck_assert_int_eq(warm_up_lasted(&standing, 50 * DAY), DAY / 2);
	warm_up_go_on(&standing, 50 * DAY);
	warm_up_go_on(&standing, 51 * DAY);
	ck_assert_uint_eq(warm_up_clean(&standing), 10);
	ck_assert(!warm_up_rise(&standing, &tiers, 50 * DAY + DAY / 2 - 1));
	ck_assert(warm_up_rise(&standing, &tiers, 50 * DAY + DAY / 2));
}
END_TEST

START_TEST(a_quarantine_sets_it_back)
{
	struct standing standing = begun(0);

	warm_up_begin(&standing, (struct tier_place){ TIER_NEW, 2 }, 0);
	send(&standing, 90, 0);
	warm_up_hold(&standing, DAY);
	warm_up_set_back(&standing, &tiers, DAY);
	ck_assert_uint_eq(standing.step, 1);
	ck_assert_uint_eq(warm_up_clean(&standing), 0);
	warm_up_go_on(&standing, 5 * DAY);
	ck_assert_int_eq(warm_up_lasted(&standing, 5 * DAY), 0);
	warm_up_set_back(&standing, &tiers, 6 * DAY);
	warm_up_set_back(&standing, &tiers, 6 * DAY); /* the first one begins anew */
	ck_assert_uint_eq(standing.step, 0);
	warm_up_begin(&standing, (struct tier_place){ TIER_TRUSTED, 0 }, 0);
	warm_up_set_back(&standing, &tiers, DAY);
	ck_assert_int_eq(standing.tier, TIER_TRUSTED);
}
END_TEST

/* Time that goes back only makes it last longer. */
START_TEST(time_that_goes_back)
{
	struct standing standing = begun(100 * DAY);

	send(&standing, 10, 0);
	ck_assert(!warm_up_rise(&standing, &tiers, 0));
	ck_assert_int_eq(warm_up_lasted(&standing, 0), 0);
	ck_assert(!warm_up_rise(&standing, &tiers, 100 * DAY));
}
END_TEST

START_TEST(a_shorter_schedule)
{
	const struct tiers shorter = { .step = { { .messages = 1 } }, .steps = 1 }, none = { .steps = 0 };
	struct standing standing = begun(0);

	warm_up_begin(&standing, (struct tier_place){ TIER_NEW, 2 }, 0);
	send(&standing, 1, 0);
	ck_assert(!warm_up_rise(&standing, &none, DAY));
	ck_assert(warm_up_rise(&standing, &shorter, DAY));
	ck_assert_int_eq(standing.tier, TIER_NORMAL);
}
END_TEST

START_TEST(as_people_read_it)
{
	struct standing standing = begun(0);
	char text[160];

	standing.sent = (struct figures){ 130, 20, 10 };
	ck_assert_str_eq(warm_up_text(&standing, &tiers, DAY / 4, text, sizeof(text)),
			 "6h of 1d, 120 of 10 clean messages (20 inferred)");
	warm_up_hold(&standing, DAY / 4);
	warm_up_set_back(&standing, &tiers, DAY / 4);
	ck_assert_str_eq(warm_up_text(&standing, &tiers, DAY, text, sizeof(text)),
			 "0s of 1d, 0 of 10 clean messages; a decision holds it there");
}
END_TEST

UNIT_MAIN("warm_up", both_are_needed, what_is_declined_is_not_clean, figures_that_begin_anew, a_decision_stops_the_time,
	  a_quarantine_sets_it_back, time_that_goes_back, a_shorter_schedule, as_people_read_it)
