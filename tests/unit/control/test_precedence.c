/* SPDX-License-Identifier: BSD-3-Clause */
/* Which of several decisions counts, and which takes another's place. */
#include "ledger/precedence.h"

#include "unit.h"

static struct decision decision_of(uint64_t id, enum scope scope, const char *setting)
{
	struct decision decision = { .id = id, .key = scope_key_of(scope, 7, 0) };

	decision.action = setting != NULL ? DECIDE_LIMIT : DECIDE_QUARANTINE;
	if (setting != NULL)
		ck_assert_ptr_null(decision_setting(setting, &decision.limits));
	return decision;
}

/* Each goes before all that follow. */
START_TEST(the_rule)
{
	const struct decision rows[] = {
		decision_of(1, SCOPE_CUSTOMER_PROVIDER, NULL),
		decision_of(9, SCOPE_CUSTOMER, NULL),
		decision_of(8, SCOPE_CUSTOMER, NULL),
		decision_of(20, SCOPE_GATE, NULL),
		decision_of(2, SCOPE_CUSTOMER, "connections=0"),
		decision_of(30, SCOPE_CUSTOMER, "connections=5"),
		decision_of(29, SCOPE_CUSTOMER, "connections=5"),
		decision_of(31, SCOPE_CUSTOMER, "connections=6"),
		decision_of(40, SCOPE_GATE, "connections=1"),
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (size_t j = 0; j < sizeof(rows) / sizeof(rows[0]); j++) {
			int order = precedence_compare(&rows[i], &rows[j]);
			ck_assert_msg((order < 0) == (i < j) && (order > 0) == (i > j), "%zu and %zu", i, j);
		}
	}
}
END_TEST

START_TEST(which_limit_is_stricter)
{
	static const struct {
		enum limit_kind kind;
		const char *strict, *less;
	} rows[] = {
		{ LIMIT_CONNECTIONS, "connections=0", "connections=1" },
		{ LIMIT_CONNECTION_RATE, "connection-rate=59/min", "connection-rate=1/s" },
		{ LIMIT_CONNECTION_RATE, "connection-rate=1/s burst 2", "connection-rate=60/min burst 3" },
		{ LIMIT_BYTE_RATE, "byte-rate=1MB/s", "byte-rate=9Mbit/s" },
		{ LIMIT_MESSAGE_RATE, "message-rate=3599/h", "message-rate=1/s" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct decision strict = decision_of(1, SCOPE_CUSTOMER, rows[i].strict),
				      less = decision_of(2, SCOPE_CUSTOMER, rows[i].less);
		const struct limit *a = &strict.limits.kind[rows[i].kind], *b = &less.limits.kind[rows[i].kind];
		ck_assert_msg(precedence_compare_limit(rows[i].kind, a, b) < 0, "row %zu", i);
		ck_assert_int_gt(precedence_compare_limit(rows[i].kind, b, a), 0);
		ck_assert_int_eq(precedence_compare_limit(rows[i].kind, a, a), 0);
	}
}
END_TEST

/* Kind by kind, and what nobody decided stays. */
START_TEST(several_on_one_scope)
{
	struct decision a = decision_of(1, SCOPE_CUSTOMER, "connections=5"),
			b = decision_of(2, SCOPE_CUSTOMER, "connections=9"), c = decision_of(3, SCOPE_CUSTOMER, NULL),
			d = decision_of(4, SCOPE_CUSTOMER, "byte-rate=1MB/s"), e = decision_of(5, SCOPE_CUSTOMER, NULL),
			f = decision_of(6, SCOPE_CUSTOMER, "connections=5");
	struct decision *const all[] = { &a, &b, &c, &d, &e, &f };
	struct limits limits = { .has = 1u << LIMIT_CONNECTIONS | 1u << LIMIT_MESSAGE_RATE };

	limits.kind[LIMIT_CONNECTIONS].amount = 3;
	limits.kind[LIMIT_MESSAGE_RATE].amount = 77;
	precedence_limits(all, 6, &limits);
	ck_assert_uint_eq(limits.kind[LIMIT_CONNECTIONS].amount, 5);
	ck_assert_uint_eq(limits.kind[LIMIT_MESSAGE_RATE].amount, 77);
	ck_assert_uint_eq(limits.has, 1u << LIMIT_CONNECTIONS | 1u << LIMIT_BYTE_RATE | 1u << LIMIT_MESSAGE_RATE);
	ck_assert_ptr_eq(precedence_limit(all, 6, LIMIT_CONNECTIONS), &f);
	ck_assert_ptr_null(precedence_limit(all, 6, LIMIT_CONNECTION_RATE));
	ck_assert_ptr_eq(precedence_verdict(all, 6), &e);
	ck_assert_ptr_eq(precedence_verdict(all, 4), &c);
	ck_assert_ptr_null(precedence_verdict(all, 2));
}
END_TEST

START_TEST(who_takes_whose_place)
{
	struct decision older = decision_of(1, SCOPE_CUSTOMER, NULL), newer = decision_of(2, SCOPE_CUSTOMER, NULL);

	ck_assert(decision_supersedes(&newer, &older));
	ck_assert(!decision_supersedes(&older, &newer));
	newer.expires_ms = 100;
	ck_assert(!decision_supersedes(&newer, &older)); /* it would end first */
	older.expires_ms = 100;
	ck_assert(decision_supersedes(&newer, &older));
	older.deadline_ms = 50; /* by the other clock it would */
	ck_assert(!decision_supersedes(&newer, &older));
	newer.deadline_ms = 50;
	ck_assert(decision_supersedes(&newer, &older));
	newer.expires_ms = 0;
	ck_assert(decision_supersedes(&newer, &older));
	newer.key.provider = 1;
	ck_assert(!decision_supersedes(&newer, &older));
	newer = decision_of(2, SCOPE_CUSTOMER, "connections=9");
	ck_assert(!decision_supersedes(&newer, &older));
	older = decision_of(1, SCOPE_CUSTOMER, "connections=5");
	ck_assert(decision_supersedes(&newer, &older)); /* so that one may loosen */
	ck_assert_ptr_null(decision_setting("byte-rate=1MB/s", &older.limits));
	ck_assert(!decision_supersedes(&newer, &older)); /* it says less */
}
END_TEST

UNIT_MAIN("precedence", the_rule, which_limit_is_stricter, several_on_one_scope, who_takes_whose_place)
