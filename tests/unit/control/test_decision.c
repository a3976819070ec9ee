/* SPDX-License-Identifier: BSD-3-Clause */
/* Settings of a decision: "connections=2" and its like. */
#include "ledger/decision.h"

#include <string.h>

#include "unit.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define CONNECTIONS "connections=COUNT, such as connections=2"
#define CONNECTION_RATE "connection-rate=RATE, such as connection-rate=10/min"
#define BYTE_RATE "byte-rate=RATE, such as byte-rate=1MB/s"
#define ANY "connections=, connection-rate=, byte-rate= or message-rate="
#define MESSAGE_RATE "message-rate=RATE, such as message-rate=100/min"

START_TEST(names)
{
	for (int i = 0; i < DECISION_ACTIONS; i++)
		ck_assert_ptr_nonnull(decision_action_name[i]);
	ck_assert_str_eq(decision_action_name[DECIDE_QUARANTINE], "quarantine");
	ck_assert_str_eq(decision_action_name[DECIDE_LIMIT], "limit");
}
END_TEST

START_TEST(settings_add_up)
{
	struct limits limits = { 0 };

	ck_assert_ptr_null(decision_setting("connections=2", &limits));
	ck_assert_uint_eq(limits.has, 1u << LIMIT_CONNECTIONS);
	ck_assert_ptr_null(decision_setting("byte-rate=1MB/s burst 64kB", &limits));
	ck_assert_ptr_null(decision_setting("connection-rate=10/min", &limits));
	ck_assert_uint_eq(limits.has, 7);
	ck_assert_uint_eq(limits.kind[LIMIT_CONNECTIONS].amount, 2);
	ck_assert_uint_eq(limits.kind[LIMIT_BYTE_RATE].burst, 64000);
	ck_assert_uint_eq(limits.kind[LIMIT_CONNECTION_RATE].per_ns, 60000000000u);
	/* The last one of a kind counts. */
	ck_assert_ptr_null(decision_setting("connections=0", &limits));
	ck_assert_uint_eq(limits.kind[LIMIT_CONNECTIONS].amount, 0);
	ck_assert_uint_eq(limits.has, 7);
}
END_TEST

START_TEST(refused)
{
	static const struct {
		const char *text, *expected;
	} rows[] = {
		{ "", ANY },
		{ "connections", ANY },
		{ "connections:2", ANY },
		{ "connection=2", ANY },
		{ "Connections=2", ANY },
		{ " connections=2", ANY },
		{ "connections =2", ANY },
		{ "rate=1/s", ANY },
		{ "connections=", CONNECTIONS },
		{ "connections=two", CONNECTIONS },
		{ "connections=-2", CONNECTIONS },
		{ "connections=2;byte-rate=1/s", CONNECTIONS },
		{ "connections=18446744073709551616", CONNECTIONS },
		{ "connection-rate=10", CONNECTION_RATE },
		{ "connection-rate=1MB/s", CONNECTION_RATE },
		{ "byte-rate=1MB", BYTE_RATE },
		{ "byte-rate=1MB/s burst 0", BYTE_RATE },
		{ "message-rate=5", MESSAGE_RATE },
		{ "message-rate=5/s burst 0", MESSAGE_RATE },
	};

	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct limits limits = { 0 }, before = limits;
		const char *expected = decision_setting(rows[i].text, &limits);
		ck_assert_msg(expected != NULL, "\"%s\" is taken", rows[i].text);
		ck_assert_str_eq(expected, rows[i].expected);
		ck_assert_mem_eq(&limits, &before, sizeof(before));
	}
}
END_TEST

UNIT_MAIN("decision", names, settings_add_up, refused)
