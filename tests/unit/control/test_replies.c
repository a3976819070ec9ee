/* SPDX-License-Identifier: BSD-3-Clause */
/* None bad and none seen are told apart. */
#include "commands/replies.h"

#include <string.h>

#include "unit.h"

static void check(uint64_t messages, uint64_t inferred, uint64_t declined, const char *text, const char *meaning)
{
	const struct replies replies = replies_of(messages, inferred, declined);
	char out[REPLIES_TEXT_MAX];

	ck_assert_str_eq(replies_text(&replies, out, sizeof(out)), text);
	ck_assert_msg(strstr(replies_meaning(&replies), meaning) != NULL, "%s: %s", text, replies_meaning(&replies));
}

START_TEST(texts)
{
	check(0, 0, 0, "", "no message");
	check(12, 0, 0, "none bad of 12", "all in clear text");
	check(12, 0, 3, "3 bad of 12", "all in clear text");
	check(40, 40, 0, "none seen (40 inside TLS)", "because none was");
	check(52, 40, 0, "none bad of 12, 40 not seen", "inside TLS");
	check(52, 40, 3, "3 bad of 12, 40 not seen", "inside TLS");
}
END_TEST

/* A meter's figures are not read at one moment. */
START_TEST(figures_that_do_not_fit)
{
	check(40, 42, 0, "none seen (42 inside TLS)", "because none was");
	check(0, 0, 2, "2 bad of 2", "all in clear text");
}
END_TEST

START_TEST(room)
{
	const struct replies replies = { UINT64_MAX, UINT64_MAX, UINT64_MAX };
	char out[REPLIES_TEXT_MAX];

	replies_text(&replies, out, sizeof(out));
	ck_assert_ptr_nonnull(strstr(out, "not seen"));
}
END_TEST

UNIT_MAIN("replies", texts, figures_that_do_not_fit, room)
