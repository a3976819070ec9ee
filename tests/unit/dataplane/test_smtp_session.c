/* SPDX-License-Identifier: BSD-3-Clause */
/* A row is a session: what either side says, in order, and what is to be heard of it. Every row is played
 * whole, byte by byte and cut at random: it must make no difference. */
#include <string.h>

#include "smtp_session.h"
#include "unit.h"

static const struct domain_key key = { .point = 0x123456789abcdefull };

/* One letter a bit, in the order of enum smtp_what. */
static const char letters[] = "TRtdBSAFZ!OL";

struct say {
	char side; /* C or S; 0 ends the session */
	const char *bytes;
};

struct session_row {
	const char *name;
	struct say says[24];
	const char *heard;
	unsigned odd;
};

#define HELLO                                                                                                          \
	{ 'S', "220 mx\r\n" }, { 'C', "EHLO me\r\n" },                                                                 \
	{                                                                                                              \
		'S', "250-mx\r\n250-PIPELINING\r\n250 CHUNKING\r\n"                                                    \
	}
#define ENVELOPE                                                                                                       \
	{ 'C', "MAIL FROM:<a@b>\r\nRCPT TO:<c@d.e>\r\nDATA\r\n" },                                                     \
	{                                                                                                              \
		'S', "250 ok\r\n250 ok\r\n354 go\r\n"                                                                  \
	}
#define BODY(text)                                                                                                     \
	{                                                                                                              \
		'C', text                                                                                              \
	}
#define OK                                                                                                             \
	{                                                                                                              \
		'S', "250 ok\r\n"                                                                                      \
	}

static const struct session_row rows[] = {
	{ "one message, nothing pipelined",
	  { HELLO,
	    { 'C', "MAIL FROM:<a@b>\r\n" },
	    OK,
	    { 'C', "RCPT TO:<c@d.e>\r\n" },
	    OK,
	    { 'C', "DATA\r\n" },
	    { 'S', "354 go\r\n" },
	    BODY("Subject: x\r\n\r\nbody\r\n.\r\n"),
	    { 'S', "250-2.0.0\r\n250 queued\r\n" },
	    { 'C', "QUIT\r\n" },
	    { 'S', "221 bye\r\n" } },
	  "T R t B S A ",
	  0 },
	{ "pipelined, QUIT behind the dot",
	  { HELLO, ENVELOPE, BODY("x\r\n.\r\nQUIT\r\n"), { 'S', "250 ok\r\n221 bye\r\n" } },
	  "T R t B S A ",
	  0 },
	{ "the next envelope behind the dot",
	  { HELLO,
	    ENVELOPE,
	    BODY("x\r\n.\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n"),
	    { 'S', "250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n" },
	    BODY("y\r\n.\r\n"),
	    OK },
	  "T R t B S T R A t B S A ",
	  0 },
	{ "an empty body", { HELLO, ENVELOPE, BODY(".\r\n"), OK }, "T R t B S A ", 0 },
	{ "stuffed dots", { HELLO, ENVELOPE, BODY("..\r\n...\r\n.x\r\n..\r\n\r\n.\r\n"), OK }, "T R t B S A ", 0 },
	{ "refused after the dot", { HELLO, ENVELOPE, BODY("x\r\n.\r\n"), { 'S', "550 no\r\n" } }, "T R t B S F ", 0 },
	{ "a recipient is refused, and then all",
	  { HELLO,
	    { 'C', "MAIL FROM:<>\r\nRCPT TO:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n" },
	    { 'S', "250 ok\r\n550 no\r\n250 ok\r\n354 go\r\n" },
	    BODY("x\r\n.\r\n"),
	    OK,
	    { 'C', "MAIL FROM:<>\r\nRCPT TO:<a@b>\r\nDATA\r\n" },
	    { 'S', "250 ok\r\n550 no\r\n554 no valid recipients\r\n" },
	    { 'C', "RSET\r\nMAIL FROM:<>\r\n" },
	    { 'S', "250 ok\r\n250 ok\r\n" } },
	  "T R R d t B S A T R d T ",
	  0 },
	{ "words of a body are no commands",
	  { HELLO, ENVELOPE, BODY("MAIL FROM:<a@b>\r\nDATA\r\nSTARTTLS\r\n.\r\n"), OK },
	  "T R t B S A ",
	  0 },
	{ "any case, blanks, other commands",
	  { HELLO,
	    { 'C', "noop\r\nmail from:<a@b>\r\n  rcpt to: <a@b>\r\nXCLIENT NAME=x\r\nvrfy x\r\nData\r\n" },
	    { 'S', "250 ok\r\n250 ok\r\n250 ok\r\n220 mx\r\n252 x\r\n354 go\r\n" },
	    BODY("x\r\n.\r\n"),
	    OK },
	  "T R t B S A ",
	  0 },
	{ "BDAT in pieces, one of them empty",
	  { HELLO,
	    { 'C',
	      "MAIL FROM:<a@b> BODY=BINARYMIME\r\nRCPT TO:<c@d>\r\nBDAT 5\r\n\r\n.\r\nBDAT 3\r\nabcBDAT 0 last\r\n" },
	    { 'S', "250 ok\r\n250 ok\r\n250 5\r\n250 3\r\n250 queued\r\n" } },
	  "T R B S t A ",
	  0 },
	{ "two messages by BDAT in a flight",
	  { HELLO,
	    { 'C',
	      "MAIL FROM:<>\r\nRCPT TO:<c@d>\r\nBDAT 4 LAST\r\nabcdMAIL FROM:<>\r\nRCPT TO:<c@d>\r\nBDAT 1 LAST\r\nx" },
	    { 'S', "250 ok\r\n250 ok\r\n250 queued\r\n250 ok\r\n250 ok\r\n554 no\r\n" } },
	  "T R B S T R B S t A t F ",
	  0 },
	{ "BDAT refused: one message, however many chunks",
	  { HELLO,
	    { 'C', "MAIL FROM:<>\r\nRCPT TO:<c@d>\r\nBDAT 1\r\nxBDAT 1\r\nyBDAT 1 LAST\r\nz" },
	    { 'S', "250 ok\r\n550 no\r\n554 no\r\n554 no\r\n554 no\r\n" },
	    { 'C', "RSET\r\n" },
	    OK },
	  "T R B S d F ",
	  0 },
	{ "RSET gives up a message",
	  { HELLO,
	    { 'C', "MAIL FROM:<>\r\nRCPT TO:<c@d>\r\nBDAT 1\r\nx" },
	    { 'S', "250 ok\r\n250 ok\r\n250 ok\r\n" },
	    { 'C', "RSET\r\nMAIL FROM:<>\r\nRCPT TO:<c@d>\r\nBDAT 1 LAST\r\nx" },
	    { 'S', "250 ok\r\n250 ok\r\n250 ok\r\n250 ok\r\n" } },
	  "T R B t T R B S t A ",
	  0 },
	{ "AUTH: its lines are no commands",
	  { HELLO,
	    { 'C', "AUTH LOGIN\r\n" },
	    { 'S', "334 VXNlcg==\r\n" },
	    { 'C', "MAIL FROM\r\n" },
	    { 'S', "334 UGFzcw==\r\n" },
	    { 'C', "DATA\r\n" },
	    { 'S', "235 ok\r\n" },
	    ENVELOPE,
	    BODY("x\r\n.\r\n"),
	    OK },
	  "T R t B S A ",
	  0 },
	{ "STARTTLS", { HELLO, { 'C', "STARTTLS\r\n" }, { 'S', "220 go\r\n" }, { 'C', "\x16\x03\x01" } }, "Z ", 0 },
	{ "STARTTLS refused", { HELLO, { 'C', "starttls\r\n" }, { 'S', "454 no\r\n" }, ENVELOPE }, "T R t B ", 0 },
	{ "421 to a command and unasked", { HELLO, { 'C', "MAIL FROM:<>\r\n" }, { 'S', "421 busy\r\n" } }, "T ! ", 0 },
	{ "421 in a body", { HELLO, ENVELOPE, BODY("x\r\n"), { 'S', "421 timeout\r\n" } }, "T R t B ! ", 0 },
	{ "421 when idle", { HELLO, { 'S', "421 timeout\r\n" } }, "! ", 0 },
	{ "many recipients",
	  { HELLO,
	    { 'C', "MAIL FROM:<>\r\nRCPT TO:<a@b>\r\nRCPT TO:<a@b>\r\nRCPT TO:<a@b>\r\nRCPT TO:<a@b>\r\nDATA\r\n" },
	    { 'S', "250 ok\r\n250 1\r\n250 2\r\n250 3\r\n452 4\r\n354 go\r\n" },
	    BODY("x\r\n.\r\n"),
	    OK },
	  "T R R R R t t t d B S A ",
	  0 },
	{ "HELO, no keywords",
	  { { 'S', "220 mx\r\n" }, { 'C', "HELO me\r\n" }, { 'S', "250 mx\r\n" }, ENVELOPE, BODY("x\r\n.\r\n"), OK },
	  "T R t B S A ",
	  0 },
	/* Forms that are no end: counted, never believed. */
	{ "LF . LF",
	  { HELLO, ENVELOPE, BODY("x\n.\ny\r\n.\r\n"), OK },
	  "T R t B O O S A ",
	  SMTP_ODD(BARE_LF) | SMTP_ODD(LF_DOT_LF) },
	{ "LF . CR LF",
	  { HELLO, ENVELOPE, BODY("x\n.\r\ny\r\n.\r\n"), OK },
	  "T R t B O O S A ",
	  SMTP_ODD(BARE_LF) | SMTP_ODD(LF_DOT_CRLF) },
	{ "LF . CR",
	  { HELLO, ENVELOPE, BODY("x\n.\ry\r\n.\r\n"), OK },
	  "T R t B O O S A ",
	  SMTP_ODD(BARE_LF) | SMTP_ODD(LF_DOT_CR) },
	{ "CR LF . LF", { HELLO, ENVELOPE, BODY("x\r\n.\ny\r\n.\r\n"), OK }, "T R t B O S A ", SMTP_ODD(CRLF_DOT_LF) },
	{ "CR LF . CR", { HELLO, ENVELOPE, BODY("x\r\n.\ry\r\n.\r\n"), OK }, "T R t B O S A ", SMTP_ODD(CRLF_DOT_CR) },
	{ "CR . CR",
	  { HELLO, ENVELOPE, BODY("x\r.\ry\r\n.\r\n"), OK },
	  "T R t B O O S A ",
	  SMTP_ODD(BARE_CR) | SMTP_ODD(CR_DOT_CR) },
	{ "CR . CR LF",
	  { HELLO, ENVELOPE, BODY("x\r.\r\ny\r\n.\r\n"), OK },
	  "T R t B O O S A ",
	  SMTP_ODD(BARE_CR) | SMTP_ODD(CR_DOT_CR) },
	{ "CR . LF",
	  { HELLO, ENVELOPE, BODY("x\r.\ny\r\n.\r\n"), OK },
	  "T R t B O O S A ",
	  SMTP_ODD(BARE_CR) | SMTP_ODD(CR_DOT_LF) },
	{ "CR CR LF is a line's end all the same",
	  { HELLO, ENVELOPE, BODY("x\r\r\n.\r\n"), OK },
	  "T R t B O S A ",
	  SMTP_ODD(BARE_CR) },
	{ "a form is told once",
	  { HELLO, ENVELOPE, BODY("x\n\n\n\ny\r\n.\r\n"), OK },
	  "T R t B O S A ",
	  SMTP_ODD(BARE_LF) },
	{ "commands that end in LF",
	  { HELLO, { 'C', "MAIL FROM:<>\nRCPT TO:<a@b>\n" }, { 'S', "250 ok\n250 ok\n" } },
	  "TO R t ",
	  SMTP_ODD(COMMAND_LF) },
	/* Lost: replies are still followed. */
	{ "a server took LF . LF for an end",
	  { HELLO,
	    ENVELOPE,
	    BODY("x\n.\nMAIL FROM:<>\nRCPT TO:<a@b>\nDATA\n"),
	    { 'S', "250 queued\r\n250 ok\r\n250 ok\r\n354 go\r\n" },
	    BODY("y\r\n.\r\n"),
	    OK },
	  "T R t B O O SAOL B SA ",
	  SMTP_ODD(BARE_LF) | SMTP_ODD(LF_DOT_LF) | SMTP_ODD(REPLY) },
	{ "a body before 354",
	  { HELLO,
	    { 'C', "MAIL FROM:<>\r\nRCPT TO:<a@b>\r\nDATA\r\nx\r\n.\r\n" },
	    { 'S', "250 ok\r\n250 ok\r\n354 go\r\n250 queued\r\n" } },
	  "T R OL B SA ",
	  SMTP_ODD(EARLY) },
	{ "a command behind STARTTLS",
	  { HELLO, { 'C', "STARTTLS\r\nMAIL FROM:<>\r\n" }, { 'S', "220 go\r\n" } },
	  "OL ",
	  SMTP_ODD(EARLY) },
	{ "BDAT without a size", { HELLO, { 'C', "BDAT x\r\n" } }, "OL ", SMTP_ODD(CHUNK) },
	{ "BDAT with something behind", { HELLO, { 'C', "BDAT 3 LASTING\r\n" } }, "OL ", SMTP_ODD(CHUNK) },
	{ "BDAT beyond all sizes", { HELLO, { 'C', "BDAT 99999999999999999999999\r\n" } }, "OL ", SMTP_ODD(CHUNK) },
	{ "a reply nobody asked for", { HELLO, { 'S', "250 ok\r\n" } }, "OL ", SMTP_ODD(REPLY) },
	{ "no reply at all", { HELLO, { 'C', "NOOP\r\n" }, { 'S', "hello\r\n" } }, "OL ", SMTP_ODD(REPLY_FORM) },
	{ "no reply in the middle of EHLO's",
	  { { 'S', "220 mx\r\n" }, { 'C', "EHLO me\r\n" }, { 'S', "250-mx\r\n2PIPELINING, what else\r\n250 ok\r\n" } },
	  "OL ",
	  SMTP_ODD(REPLY_FORM) },
	{ "more outstanding than can be remembered",
	  { HELLO, { 'C', "RSET\r\nNOOP\r\nRSET\r\nNOOP\r\nRSET\r\nNOOP\r\nRSET\r\nNOOP\r\nRSET\r\nNOOP\r\n" } },
	  "OL ",
	  SMTP_ODD(QUEUE) },
};

static uint32_t random_state;

static uint32_t draw(uint32_t most)
{
	random_state = random_state * 1664525u + 1013904223u;
	return 1 + (random_state >> 8) % most;
}

static void note(char *heard, uint32_t what)
{
	char *end = heard + strlen(heard);

	for (size_t i = 0; i < sizeof(letters) - 1; i++) {
		if (what & 1u << i)
			*end++ = letters[i];
	}
	*end++ = ' ';
	*end = '\0';
}

static void feed(struct smtp_session *session, char side, const char *bytes, uint32_t size, char *heard)
{
	struct smtp_event event;

	for (uint32_t done = 0; done < size;) {
		const uint8_t *from = (const uint8_t *)bytes + done;
		uint32_t taken = side == 'C' ? smtp_session_client(session, key, from, size - done, &event)
					     : smtp_session_server(session, from, size - done, &event);
		ck_assert_uint_gt(taken, 0);
		done += taken;
		if (event.what != 0)
			note(heard, event.what);
	}
}

/* Plays a row in pieces of 1 to `most` bytes; leaves the session. */
static struct smtp_session play(const struct session_row *row, uint32_t most, char *heard)
{
	struct smtp_session session;

	smtp_session_open(&session);
	heard[0] = '\0';
	for (const struct say *say = row->says; say->side != 0; say++) {
		uint32_t size = (uint32_t)strlen(say->bytes);
		for (uint32_t done = 0; done < size;) {
			uint32_t piece = most == 0 ? size : draw(most);
			piece = piece < size - done ? piece : size - done;
			feed(&session, say->side, say->bytes + done, piece, heard);
			done += piece;
		}
	}
	return session;
}

START_TEST(row_is_heard)
{
	const struct session_row *row = &rows[_i];
	char heard[512];

	for (uint32_t round = 0; round < 40; round++) {
		/* whole, byte by byte, then at random */
		struct smtp_session session = play(row, round < 2 ? round : 2 + round % 9, heard);
		ck_assert_msg(strcmp(heard, row->heard) == 0, "%s: heard %s, not %s", row->name, heard, row->heard);
		ck_assert_msg(session.odd == row->odd, "%s: odd %x, not %x", row->name, session.odd, row->odd);
		ck_assert_int_eq(smtp_session_ambiguous(&session), row->odd != 0);
	}
}
END_TEST

struct domain_row {
	const char *line;
	const char *domain; /* NULL: none */
};

static const struct domain_row domains[] = {
	{ "RCPT TO:<user@example.com>", "example.com" },
	{ "RCPT TO:<user@EXAMPLE.Com>", "example.com" },
	{ "RCPT TO:<user@example.com.>", "example.com" },
	{ "rcpt to: <user@example.com> NOTIFY=NEVER ORCPT=rfc822;other@else.where", "example.com" },
	{ "RCPT TO:user@example.com", "example.com" },
	{ "RCPT TO:user@example.com NOTIFY=NEVER", "example.com" },
	{ "RCPT TO:<\"a@b>c\"@example.com>", "example.com" },
	{ "RCPT TO:<\"a\\\"@b\"@example.com>", "example.com" },
	{ "RCPT TO:<@one.example,@two.example:user@example.com>", "example.com" },
	{ "RCPT TO:<user@[192.0.2.1]>", "[192.0.2.1]" },
	{ "RCPT TO:<user@b\xc3\xbc"
	  "cher.example> SMTPUTF8",
	  "b\xc3\xbc"
	  "cher.example" },
	{ "RCPT TO:<postmaster>", NULL },
	{ "RCPT TO:<>", NULL },
	{ "RCPT", NULL },
};

static uint64_t domain_heard(const char *line, uint32_t piece)
{
	struct smtp_session session;
	struct smtp_event event = { 0 };
	char bytes[200];
	uint32_t size = (uint32_t)snprintf(bytes, sizeof(bytes), "%s\r\n", line);

	smtp_session_open(&session);
	for (uint32_t done = 0; done < size && event.what == 0;) {
		uint32_t part = piece < size - done ? piece : size - done;
		done += smtp_session_client(&session, key, (const uint8_t *)bytes + done, part, &event);
	}
	ck_assert_uint_eq(event.what, SMTP_RECIPIENT);
	return event.domain;
}

START_TEST(domain_is_named)
{
	const struct domain_row *row = &domains[_i];
	uint64_t wanted = row->domain == NULL ? DOMAIN_NONE : domain_of(key, row->domain, strlen(row->domain));

	for (uint32_t piece = 1; piece < 100; piece++)
		ck_assert_msg(domain_heard(row->line, piece) == wanted, "%s in pieces of %u", row->line, piece);
}
END_TEST

START_TEST(domains_differ_by_key_and_name)
{
	struct domain_key another = domain_key(77);

	ck_assert(domain_of(key, "example.com", 11) != domain_of(key, "example.net", 11));
	ck_assert(domain_of(key, "example.com", 11) != domain_of(another, "example.com", 11));
	ck_assert(domain_of(key, "", 0) != DOMAIN_NONE);
}
END_TEST

/* The fast way through a body and the byte by byte one agree, wherever lines, dots and odd forms fall. */
START_TEST(blocks_and_bytes_agree)
{
	static const char *const pieces[] = {
		"xxxxxxxxxxxxx", "\r\n", "\r\n", "\r\n..", "\n", "\r", ".", "x", "\r\n.x"
	};
	uint8_t text[1500];

	for (uint32_t round = 0; round < 3000; round++) {
		/* Most rounds have well-formed lines only. */
		uint32_t size = 0, forms = round % 3 == 0 ? 9 : 4;
		while (size < sizeof(text) - 20) {
			const char *piece = pieces[draw(forms) - 1];
			memcpy(text + size, piece, strlen(piece));
			size += (uint32_t)strlen(piece);
		}
		memcpy(text + size, "\r\n.\r\n", 5);
		size += 5;
		uint8_t fast = BODY_LINE, slow = BODY_LINE;
		uint16_t odd_fast = 0, odd_slow = 0;
		uint32_t at_fast = 0, at_slow = 0;
		while (at_fast < size && fast != BODY_END)
			at_fast += smtp_body_feed(&fast, text + at_fast, size - at_fast, &odd_fast);
		while (at_slow < size && slow != BODY_END)
			at_slow += smtp_body_feed(&slow, text + at_slow, 1, &odd_slow);
		ck_assert_uint_eq(at_fast, at_slow);
		ck_assert_uint_eq(fast, slow);
		ck_assert_uint_eq(odd_fast, odd_slow);
	}
}
END_TEST

START_TEST(thousand_recipients)
{
	struct smtp_session session;
	char heard[16000] = "";

	smtp_session_open(&session);
	feed(&session, 'S', "220 mx\r\n", 8, heard);
	feed(&session, 'C', "MAIL FROM:<>\r\n", 14, heard);
	for (int i = 0; i < 1000; i++)
		feed(&session, 'C', "RCPT TO:<a@b>\r\n", 15, heard);
	feed(&session, 'C', "DATA\r\n", 6, heard);
	feed(&session, 'S', "250 ok\r\n", 8, heard);
	for (int i = 0; i < 1000; i++)
		feed(&session, 'S', "250 ok\r\n", 8, heard);
	ck_assert(!smtp_session_is_lost(&session));
	heard[0] = '\0';
	feed(&session, 'S', "354 go\r\n", 8, heard);
	ck_assert_str_eq(heard, "B ");
}
END_TEST

START_TEST(offers_are_read)
{
	struct smtp_session session;
	char heard[100] = "";
	const char *ehlo = "EHLO a\r\n",
		   *list = "250-mx PIPELINING\r\n250-chunking\r\n250-PIPELININGS\r\n250 SIZE 5\r\n";

	smtp_session_open(&session);
	feed(&session, 'S', "220 mx\r\n", 8, heard);
	feed(&session, 'C', ehlo, 8, heard);
	feed(&session, 'S', list, (uint32_t)strlen(list), heard);
	ck_assert_uint_eq(session.offers, SMTP_OFFERS_CHUNKING);
	feed(&session, 'C', ehlo, 8, heard);
	list = "250-mx\r\n250-Pipelining\r\n250 CHUNKING\r\n";
	feed(&session, 'S', list, (uint32_t)strlen(list), heard);
	ck_assert_uint_eq(session.offers, SMTP_OFFERS_CHUNKING | SMTP_OFFERS_PIPELINING);
	ck_assert_str_eq(heard, "");
}
END_TEST

/* Bytes are missing in a body, in the middle of a reply: the server still says what becomes of messages. */
START_TEST(gap_in_a_body)
{
	struct smtp_session session;
	char heard[100] = "";

	smtp_session_open(&session);
	feed(&session, 'S', "220 mx\r\n", 8, heard);
	feed(&session, 'C', "DATA\r\n", 6, heard);
	feed(&session, 'S', "354 go\r\n", 8, heard);
	feed(&session, 'C', "xx\r\n", 4, heard);
	smtp_session_lose(&session);
	feed(&session, 'S', "50 half a line\r\n250 queued\r\n", 28, heard);
	feed(&session, 'S', "250 ok\r\n354 go\r\n452 full\r\n", 26, heard);
	ck_assert_str_eq(heard, "B SA B SF ");
}
END_TEST

static Suite *suite(void)
{
	const TTest *const once[] = { domains_differ_by_key_and_name, blocks_and_bytes_agree, thousand_recipients,
				      offers_are_read, gap_in_a_body };
	Suite *all = unit_suite("smtp_session", once, sizeof(once) / sizeof(once[0]));
	TCase *tcase = tcase_create("rows");

	tcase_add_loop_test(tcase, row_is_heard, 0, sizeof(rows) / sizeof(rows[0]));
	tcase_add_loop_test(tcase, domain_is_named, 0, sizeof(domains) / sizeof(domains[0]));
	suite_add_tcase(all, tcase);
	return all;
}

int main(void)
{
	return unit_run(suite());
}
