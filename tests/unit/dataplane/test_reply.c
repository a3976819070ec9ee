/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "reply.h"
#include "unit.h"

#define REASON_95 "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggggggggghhhhhhhhhhiiiiiiiiiijjjjj"

static const struct {
	const char *reason;
	uint64_t decision;
	const char *text;
} rows[] = {
	{ "Flood", 7, "421 4.7.0 Held by sluice: Flood (decision 7)\r\n" },
	{ "Flood", 0, "421 4.7.0 Held by sluice: Flood\r\n" },
	{ "", 10, "421 4.7.0 Held by sluice:  (decision 10)\r\n" },
	{ "100% a\\n b", 1000000, "421 4.7.0 Held by sluice: 100% a\\n b (decision 1000000)\r\n" },
	{ REASON_95, UINT64_MAX, "421 4.7.0 Held by sluice: " REASON_95 " (decision 18446744073709551615)\r\n" },
};

static void check_reply(const struct wire_PUT_VERDICT *verdict, const char *text)
{
	struct reply reply;

	memset(&reply, 0x55, sizeof(reply));
	reply_421(verdict, &reply);
	ck_assert_uint_eq(reply.size, strlen(text));
	ck_assert_msg(memcmp(reply.text, text, reply.size) == 0, "'%.*s', expected '%s'", reply.size, reply.text, text);
}

START_TEST(says_why)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct wire_PUT_VERDICT verdict = { .decision = rows[i].decision };
		ck_assert_uint_lt(strlen(rows[i].reason), sizeof(verdict.reason));
		strcpy(verdict.reason, rows[i].reason);
		check_reply(&verdict, rows[i].text);
	}
}
END_TEST

START_TEST(limits_have_no_decision)
{
	check_reply(NULL, "421 4.7.0 Deferred by sluice: sending limit reached, try again later\r\n");
}
END_TEST

/* The longest fits with room to spare; were it cut, an MTA would wait for the end of the line. */
START_TEST(longest_fits)
{
	struct wire_PUT_VERDICT verdict = { .reason = REASON_95, .decision = UINT64_MAX };
	struct reply reply;

	ck_assert_uint_eq(strlen(REASON_95), WIRE_REASON_MAX - 1);
	reply_421(&verdict, &reply);
	ck_assert_uint_lt(reply.size, sizeof(reply.text));
	ck_assert_mem_eq(reply.text + reply.size - 2, "\r\n", 2);
	ck_assert_ptr_eq(memchr(reply.text, '\r', reply.size), reply.text + reply.size - 2);
}
END_TEST

UNIT_MAIN("reply", says_why, limits_have_no_decision, longest_fits)
