/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "smtp.h"
#include "unit.h"

#define TEXT(text) text, sizeof(text) - 1

/* Has the client asked for STARTTLS by the end of `text`? */
static const struct {
	const char *text;
	uint32_t size;
	bool asked;
} rows[] = {
	{ TEXT("STARTTLS\r\n"), true },
	{ TEXT("starttls\r\n"), true },
	{ TEXT("StartTls\r\n"), true },
	{ TEXT("STARTTLS\n"), true },
	{ TEXT("STARTTLS  \t \r\n"), true },
	{ TEXT("EHLO mx.example\r\nSTARTTLS\r\n"), true },
	{ TEXT("NOOP\r\nSTARTTLS\r\nEHLO again\r\n"), true },
	{ TEXT("\r\nSTARTTLS\r\n"), true },
	{ TEXT("MAIL FROM:<a@b> SIZE=1 a line longer than all that is kept of it\r\nSTARTTLS\r\n"), true },
	{ TEXT(""), false },
	{ TEXT("STARTTLS"), false },
	{ TEXT("STARTTLS\r"), false },
	{ TEXT("STARTTL\r\n"), false },
	{ TEXT("STARTTLSS\r\n"), false },
	{ TEXT("STARTTLS x\r\n"), false },
	{ TEXT("STARTTLS\0\r\n"), false },
	{ TEXT("XSTARTTLS\r\n"), false },
	{ TEXT(" STARTTLS\r\n"), false },
	{ TEXT("START TLS\r\n"), false },
	{ TEXT("START\nTLS\r\n"), false },
	{ TEXT("NOOP STARTTLS\r\n"), false },
	{ TEXT("EHLO mx.example\r\nMAIL FROM:<starttls@example>\r\n"), false },
	{ TEXT("SUBJECT: STARTTLS\r\n\r\n.\r\n"), false },
	{ TEXT("\r\n\r\n\n\n"), false },
	{ TEXT("\x16\x03\x01\x02\x00\x01\x00\n"), false },
};

static bool feed(struct smtp_scan *scan, const char *text, uint32_t size)
{
	return smtp_scan_feed(scan, (const uint8_t *)text, size);
}

START_TEST(whole_lines)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct smtp_scan scan = { 0 };
		ck_assert_msg(feed(&scan, rows[i].text, rows[i].size) == rows[i].asked, "row %zu: %s", i, rows[i].text);
	}
}
END_TEST

START_TEST(in_two_pieces_anywhere)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (uint32_t cut = 0; cut <= rows[i].size; cut++) {
			struct smtp_scan scan = { 0 };
			bool asked = feed(&scan, rows[i].text, cut);
			asked |= feed(&scan, rows[i].text + cut, rows[i].size - cut);
			ck_assert_msg(asked == rows[i].asked, "row %zu cut at %u: %s", i, cut, rows[i].text);
		}
	}
}
END_TEST

START_TEST(byte_by_byte)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct smtp_scan scan = { 0 };
		bool asked = false;
		for (uint32_t at = 0; at < rows[i].size; at++)
			asked |= feed(&scan, rows[i].text + at, 1);
		ck_assert_msg(asked == rows[i].asked, "row %zu: %s", i, rows[i].text);
	}
}
END_TEST

/* Said when its line ends, and once. */
START_TEST(asked_at_the_end_of_the_line)
{
	struct smtp_scan scan = { 0 };

	ck_assert(!feed(&scan, TEXT("STARTTLS\r")));
	ck_assert(feed(&scan, TEXT("\n")));
	ck_assert(!feed(&scan, TEXT("\n")));
	ck_assert(!feed(&scan, TEXT("NOOP\r\n")));
	ck_assert(feed(&scan, TEXT("STARTTLS\r\n")));
}
END_TEST

START_TEST(a_line_may_be_of_any_length)
{
	struct smtp_scan scan = { 0 };

	for (int i = 0; i < 100000; i++)
		ck_assert(!feed(&scan, TEXT("STARTTLS")));
	ck_assert(!feed(&scan, TEXT("\r\n")));
	ck_assert(feed(&scan, TEXT("STARTTLS\r\n")));
}
END_TEST

START_TEST(replies_by_first_byte)
{
	static const struct {
		const char *text;
		bool positive;
	} replies[] = {
		{ "220 go ahead\r\n", true }, { "2", true },
		{ "250-x\r\n", true },	      { "454 not now\r\n", false },
		{ "502 what\r\n", false },    { "354 go\r\n", false },
		{ " 220\r\n", false },	      { "", false },
	};

	for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++)
		ck_assert_msg(smtp_reply_positive((const uint8_t *)replies[i].text,
						  (uint32_t)strlen(replies[i].text)) == replies[i].positive,
			      "%s", replies[i].text);
}
END_TEST

UNIT_MAIN("smtp", whole_lines, in_two_pieces_anywhere, byte_by_byte, asked_at_the_end_of_the_line,
	  a_line_may_be_of_any_length, replies_by_first_byte)
