/* SPDX-License-Identifier: BSD-3-Clause */
/* What the decisions in force make of a scope, and in what order they end. */
#include "ledger/ledger.h"

#include <string.h>

#include "unit.h"

/* A decision on customer 7; `setting` NULL: a quarantine. */
static void add_until(struct ledger *ledger, uint64_t id, const char *setting, int64_t expires_ms, int64_t deadline_ms)
{
	struct decision decision = { .id = id,
				     .key = scope_key_of(SCOPE_CUSTOMER, 7, 0),
				     .expires_ms = expires_ms,
				     .deadline_ms = deadline_ms };

	decision.action = setting != NULL ? DECIDE_LIMIT : DECIDE_QUARANTINE;
	if (setting != NULL)
		ck_assert_ptr_null(decision_setting(setting, &decision.limits));
	ck_assert_int_eq(ledger_add(ledger, &decision), 0);
}

static void add(struct ledger *ledger, uint64_t id, const char *setting)
{
	add_until(ledger, id, setting, 0, 0);
}

/* The first of them; 0: none. */
static uint64_t expired(const struct ledger *ledger, int64_t now_ms, int64_t served_ms)
{
	uint64_t id = 0;

	ledger_expired(ledger, now_ms, served_ms, &id, 1);
	return id;
}

START_TEST(add_find_remove)
{
	struct ledger ledger = { 0 };
	struct decision removed;

	/* More than it makes room for at once. */
	for (uint64_t id = 1; id <= 100; id++)
		add(&ledger, id, NULL);
	ck_assert_uint_eq(ledger.count, 100);
	for (uint64_t id = 1; id <= 100; id++)
		ck_assert_uint_eq(ledger_find(&ledger, id)->id, id);
	ck_assert_ptr_null(ledger_find(&ledger, 0));
	ck_assert_ptr_null(ledger_find(&ledger, 101));
	ck_assert(!ledger_remove(&ledger, 101, &removed));
	ck_assert(ledger_remove(&ledger, 50, &removed));
	ck_assert_uint_eq(removed.id, 50);
	ck_assert(!ledger_remove(&ledger, 50, &removed));
	ck_assert(ledger_remove(&ledger, 100, &removed));
	ck_assert(ledger_remove(&ledger, 1, &removed));
	ck_assert_uint_eq(ledger.count, 97);
	for (size_t i = 1; i < ledger.count; i++)
		ck_assert_uint_lt(ledger_at(&ledger, i - 1)->id, ledger_at(&ledger, i)->id);
	ledger_finish(&ledger);
	ck_assert_uint_eq(ledger.count, 0);
}
END_TEST

START_TEST(the_newest_verdict_counts)
{
	const struct scope_key key = scope_key_of(SCOPE_CUSTOMER, 7, 0);
	struct ledger ledger = { 0 };
	struct decision removed;

	ck_assert_ptr_null(ledger_verdict(&ledger, &key));
	add(&ledger, 1, "connections=2");
	ck_assert_ptr_null(ledger_verdict(&ledger, &key));
	add(&ledger, 2, NULL);
	add(&ledger, 3, NULL);
	add(&ledger, 4, "connections=2");
	ck_assert_uint_eq(ledger_verdict(&ledger, &key)->id, 3);
	ck_assert(ledger_remove(&ledger, 3, &removed));
	ck_assert_uint_eq(ledger_verdict(&ledger, &key)->id, 2);
	ck_assert(ledger_remove(&ledger, 2, &removed));
	ck_assert_ptr_null(ledger_verdict(&ledger, &key));
	ledger_finish(&ledger);
}
END_TEST

START_TEST(only_its_own_scope)
{
	const struct scope_key others[] = {
		scope_key_of(SCOPE_CUSTOMER, 8, 0),
		scope_key_of(SCOPE_CUSTOMER, ID_UNKNOWN, 0),
		scope_key_of(SCOPE_CUSTOMER, ID_ANY, 0),
		scope_key_of(SCOPE_PROVIDER, 0, 7),
		scope_key_of(SCOPE_CUSTOMER_PROVIDER, 7, 0),
		scope_key_of(SCOPE_CUSTOMER_PROVIDER, 7, 1),
		scope_key_of(SCOPE_GATE, 0, 0),
		scope_key_of(SCOPE_GATE, 7, 0),
	};
	struct ledger ledger = { 0 };

	add(&ledger, 1, NULL);
	add(&ledger, 2, "connections=2");
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		struct limits limits = { 0 };
		ck_assert_ptr_null(ledger_verdict(&ledger, &others[i]));
		ledger_overlay(&ledger, &others[i], &limits);
		ck_assert_uint_eq(limits.has, 0);
	}
	ledger_finish(&ledger);
}
END_TEST

START_TEST(limits_lie_over_each_other)
{
	const struct scope_key key = scope_key_of(SCOPE_CUSTOMER, 7, 0);
	struct limits limits = { .has = 1u << LIMIT_CONNECTIONS | 1u << LIMIT_BYTE_RATE };
	struct ledger ledger = { 0 };

	limits.kind[LIMIT_CONNECTIONS].amount = 100;
	limits.kind[LIMIT_BYTE_RATE].amount = 100;
	add(&ledger, 1, "connections=5");
	add(&ledger, 2, "connection-rate=10/s");
	add(&ledger, 3, "connections=9");
	add(&ledger, 4, NULL);
	ledger_overlay(&ledger, &key, &limits);
	ck_assert_uint_eq(limits.has, 7);
	ck_assert_uint_eq(limits.kind[LIMIT_CONNECTIONS].amount, 5); /* the stricter one, though the older */
	ck_assert_uint_eq(limits.kind[LIMIT_CONNECTION_RATE].amount, 10);
	ck_assert_uint_eq(limits.kind[LIMIT_BYTE_RATE].amount, 100); /* what nobody decided stays */
	ledger_finish(&ledger);
}
END_TEST

START_TEST(expiry)
{
	static const int64_t expires[] = { 0, 3000, 1000, 0, 2000, 1000 };
	struct ledger ledger = { 0 };
	struct decision removed;
	int64_t last = 0;
	unsigned ended = 0;

	ck_assert_int_eq(ledger_next_expiry(&ledger), 0);
	ck_assert_uint_eq(expired(&ledger, INT64_MAX, INT64_MAX), 0);
	for (size_t i = 0; i < sizeof(expires) / sizeof(expires[0]); i++)
		add_until(&ledger, i + 1, NULL, expires[i], 0);
	for (int64_t next; (next = ledger_next_expiry(&ledger)) != 0; ended++) {
		ck_assert_int_ge(next, last);
		ck_assert_uint_eq(expired(&ledger, next - 1, INT64_MAX), 0);
		uint64_t id = expired(&ledger, next, 0);
		ck_assert_int_eq(expires[id - 1], next);
		ck_assert(ledger_remove(&ledger, id, &removed));
		last = next;
	}
	ck_assert_uint_eq(ended, 4);
	ck_assert_uint_eq(ledger.count, 2);
	ck_assert_uint_eq(expired(&ledger, INT64_MAX, INT64_MAX), 0);
	ledger_finish(&ledger);
}
END_TEST

/* A calendar that jumps ahead ends nothing. */
START_TEST(expiry_by_both_clocks)
{
	struct ledger ledger = { 0 };

	add_until(&ledger, 1, NULL, 1000, 500);
	ck_assert_uint_eq(expired(&ledger, INT64_MAX, 499), 0);
	ck_assert_uint_eq(expired(&ledger, 999, INT64_MAX), 0);
	ck_assert_uint_eq(expired(&ledger, 1000, 500), 1);
	ledger_finish(&ledger);
}
END_TEST

/* Read at once, in any order, it is the same as one by one; and each order holds while decisions come and go. */
START_TEST(read_at_once)
{
	struct ledger one = { 0 }, all = { 0 };
	struct decision removed;

	for (uint64_t i = 1; i <= 500; i++) {
		const uint64_t id = i * 177 % 503;
		const struct decision decision = { .id = id,
						   .key = scope_key_of(SCOPE_CUSTOMER, (uint32_t)(id % 37), 0),
						   .expires_ms = (int64_t)(id % 3 * id) };
		ck_assert_int_eq(ledger_add(&one, &decision), 0);
		ck_assert_int_eq(ledger_append(&all, &decision), 0);
	}
	ledger_sort(&all);
	for (uint64_t id = 1; id < 503; id += 5)
		ck_assert(ledger_remove(&one, id, &removed) == ledger_remove(&all, id, &removed));
	ck_assert_uint_eq(one.by_scope.count, one.count);
	ck_assert_uint_eq(one.by_expiry.count, all.by_expiry.count);
	for (size_t i = 0; i < one.count; i++) {
		ck_assert_uint_eq(one.by_id.at[i]->id, all.by_id.at[i]->id);
		ck_assert_uint_eq(one.by_scope.at[i]->id, all.by_scope.at[i]->id);
		ck_assert(i == 0 || one.by_id.at[i - 1]->id < one.by_id.at[i]->id);
	}
	for (size_t i = 0; i < one.by_expiry.count; i++) {
		ck_assert_uint_eq(one.by_expiry.at[i]->id, all.by_expiry.at[i]->id);
		ck_assert(i == 0 || one.by_expiry.at[i - 1]->expires_ms <= one.by_expiry.at[i]->expires_ms);
	}
	for (uint32_t customer = 0; customer < 40; customer++) {
		const struct scope_key key = scope_key_of(SCOPE_CUSTOMER, customer, 0);
		struct decision *const *on;
		size_t count = ledger_on(&one, &key, &on);
		ck_assert(count > 0 || customer >= 37);
		for (size_t i = 0; i < count; i++)
			ck_assert_uint_eq(on[i]->key.customer, customer);
	}
	ledger_finish(&one);
	ledger_finish(&all);
}
END_TEST

UNIT_MAIN("ledger", add_find_remove, the_newest_verdict_counts, only_its_own_scope, limits_lie_over_each_other, expiry,
	  expiry_by_both_clocks, read_at_once)
