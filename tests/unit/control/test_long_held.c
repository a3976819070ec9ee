/* SPDX-License-Identifier: BSD-3-Clause */
/* Which quarantines last too long for the MTAs behind them. */
#include "alarms/long_held.h"

#include "unit.h"

#define HOUR 3600000ll

static void add(struct ledger *ledger, uint64_t id, enum decision_action action, int64_t created_ms)
{
	const struct decision decision = {
		.id = id, .action = action, .created_ms = created_ms, .key = { .scope = SCOPE_CUSTOMER }
	};

	ck_assert_int_eq(ledger_add(ledger, &decision), 0);
}

START_TEST(after_a_day_or_half_of_a_life)
{
	ck_assert_int_eq(long_held_after_ms(120 * HOUR), 24 * HOUR);
	ck_assert_int_eq(long_held_after_ms(48 * HOUR), 24 * HOUR);
	ck_assert_int_eq(long_held_after_ms(8 * HOUR), 4 * HOUR);
}
END_TEST

START_TEST(only_quarantines_and_only_old_ones)
{
	struct ledger ledger = { 0 };

	ck_assert_ptr_null(long_held_find(&ledger, 9).oldest);
	add(&ledger, 1, DECIDE_LIMIT, 1);
	add(&ledger, 2, DECIDE_QUARANTINE, 5);
	add(&ledger, 3, DECIDE_QUARANTINE, 3); /* the calendar was put back */
	add(&ledger, 4, DECIDE_QUARANTINE, 6);
	struct long_held held = long_held_find(&ledger, 5);
	ck_assert_uint_eq(held.count, 2);
	ck_assert_uint_eq(held.oldest->id, 3);
	ck_assert_uint_eq(long_held_find(&ledger, 2).count, 0);
	ck_assert_uint_eq(long_held_find(&ledger, 6).count, 3);
	ledger_finish(&ledger);
}
END_TEST

UNIT_MAIN("long_held", after_a_day_or_half_of_a_life, only_quarantines_and_only_old_ones)
