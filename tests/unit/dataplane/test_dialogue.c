/* SPDX-License-Identifier: BSD-3-Clause */
/* Whole conversations: what stage, phase and protection each step leaves behind. Rules one by one are in
 * test_dialogue_cut.c. */
#include <string.h>

#include "dialogue.h"
#include "unit.h"

#define TEXT(text) text, sizeof(text) - 1
#define HELLO TEXT("\x16\x03\x01\x00\x04hell")
#define SERVER_HELLO TEXT("\x16\x03\x03\x00\x04hell\x17\x03\x03\x00\x02xx")
#define FINISHED TEXT("\x14\x03\x03\x00\x01\x01\x17\x03\x03\x00\x04xxxx")
#define FINISHED_12 TEXT("\x16\x03\x03\x00\x04keys\x14\x03\x03\x00\x01\x01\x16\x03\x03\x00\x04xxxx")
#define DATA TEXT("\x17\x03\x03\x00\x08xxxxxxxx")
#define ALERT TEXT("\x15\x03\x03\x00\x02\x01\x00")

enum { CLEAR = STAGE_CLEAR, ASKED = STAGE_ASKED, GRANTED = STAGE_GRANTED, TLS = STAGE_TLS, OPAQUE = STAGE_OPAQUE };
enum { BANNER = PHASE_BANNER, COMMAND = PHASE_COMMAND, START = PHASE_TLS_START, BODY = PHASE_BODY };

/* Who says what, and how the dialogue stands afterwards. */
struct line {
	char who; /* C, S, or 0 at the end */
	const char *text;
	uint32_t size;
	int stage, phase;
	bool protected;
};

static char body[3000];

static const struct script {
	const char *why;
	bool adopted;
	struct line line[16];
} scripts[] = {
	{ "a message in the clear",
	  false,
	  { { 'S', TEXT("220 mx\r\n"), CLEAR, COMMAND, false },
	    { 'C', TEXT("EHLO a\r\n"), CLEAR, COMMAND, false },
	    { 'S', TEXT("250 mx\r\n"), CLEAR, COMMAND, false },
	    { 'C', TEXT("MAIL FROM:<a@b>\r\n"), CLEAR, COMMAND, false },
	    { 'S', TEXT("250 ok\r\n"), CLEAR, COMMAND, false },
	    { 'C', TEXT("DATA\r\n"), CLEAR, COMMAND, false },
	    { 'S', TEXT("354 go\r\n"), CLEAR, COMMAND, false },
	    { 'C', body, 2047, CLEAR, COMMAND, false },
	    { 'C', TEXT("\n"), CLEAR, BODY, false },
	    { 'C', TEXT(".\r\n"), CLEAR, BODY, false },
	    { 'S', TEXT("250 taken\r\n"), CLEAR, COMMAND, false },
	    { 'C', TEXT("QUIT\r\n"), CLEAR, COMMAND, false } } },
	{ "STARTTLS with TLS 1.3: Finished counts as data",
	  false,
	  { { 'S', TEXT("220 mx\r\n"), CLEAR, COMMAND, false },
	    { 'C', TEXT("EHLO a\r\n"), CLEAR, COMMAND, false },
	    { 'S', TEXT("250-STARTTLS\r\n"), CLEAR, COMMAND, false },
	    { 'C', TEXT("STARTTLS\r\n"), ASKED, START, true },
	    { 'S', TEXT("220 go\r\n"), GRANTED, START, true },
	    { 'C', HELLO, TLS, START, true },
	    { 'S', SERVER_HELLO, TLS, START, true },
	    { 'C', FINISHED, TLS, START, true },
	    { 'S', DATA, TLS, START, true }, /* session tickets */
	    { 'C', DATA, TLS, START, true }, /* EHLO */
	    { 'S', DATA, TLS, COMMAND, false },
	    { 'C', DATA, TLS, COMMAND, false } } },
	{ "TLS 1.3 without tickets: EHLO goes with Finished",
	  false,
	  { { 'S', TEXT("220 mx\r\n"), CLEAR, COMMAND, false },
	    { 'C', TEXT("starttls\r\n"), ASKED, START, true },
	    { 'S', TEXT("220 go\r\n"), GRANTED, START, true },
	    { 'C', HELLO, TLS, START, true },
	    { 'S', SERVER_HELLO, TLS, START, true },
	    { 'C', FINISHED, TLS, START, true },
	    { 'C', DATA, TLS, START, true },
	    { 'S', DATA, TLS, START, true },
	    { 'C', DATA, TLS, START, true },
	    { 'S', DATA, TLS, COMMAND, false } } },
	{ "STARTTLS with TLS 1.2: handshake flights do not count",
	  false,
	  { { 'S', TEXT("220 mx\r\n"), CLEAR, COMMAND, false },
	    { 'C', TEXT("STARTTLS\r\n"), ASKED, START, true },
	    { 'S', TEXT("220 go\r\n"), GRANTED, START, true },
	    { 'C', HELLO, TLS, START, true },
	    { 'S', HELLO, TLS, START, true },
	    { 'C', FINISHED_12, TLS, START, true },
	    { 'S', FINISHED_12, TLS, START, true },
	    { 'C', DATA, TLS, START, true },
	    { 'S', DATA, TLS, START, true },
	    { 'C', DATA, TLS, START, true },
	    { 'S', DATA, TLS, COMMAND, false } } },
	{ "a client that renegotiates within a flight of data",
	  false,
	  { { 'C', HELLO, TLS, START, true },
	    { 'S', SERVER_HELLO, TLS, START, true },
	    { 'C', DATA, TLS, START, true },
	    { 'C', HELLO, TLS, START, true },
	    { 'S', DATA, TLS, START, true },
	    { 'C', ALERT, TLS, START, true },
	    { 'S', DATA, TLS, START, true },
	    { 'C', DATA, TLS, START, true },
	    { 'S', DATA, TLS, START, true },
	    { 'C', DATA, TLS, START, true },
	    { 'S', DATA, TLS, COMMAND, false } } },
	{ "implicit TLS: the client speaks first",
	  false,
	  { { 'C', HELLO, TLS, START, true },
	    { 'S', SERVER_HELLO, TLS, START, true },
	    { 'C', FINISHED, TLS, START, true },
	    { 'S', DATA, TLS, START, true },
	    { 'C', DATA, TLS, START, true },
	    { 'S', DATA, TLS, COMMAND, false } } },
	{ "STARTTLS refused",
	  false,
	  { { 'S', TEXT("220 mx\r\n"), CLEAR, COMMAND, false },
	    { 'C', TEXT("STARTTLS\r\n"), ASKED, START, true },
	    { 'S', TEXT("454 not now\r\n"), CLEAR, COMMAND, false },
	    { 'C', TEXT("MAIL FROM:<a@b>\r\n"), CLEAR, COMMAND, false } } },
	{ "granted, and the client changed its mind",
	  false,
	  { { 'S', TEXT("220 mx\r\n"), CLEAR, COMMAND, false },
	    { 'C', TEXT("STARTTLS\r\n"), ASKED, START, true },
	    { 'S', TEXT("220 go\r\n"), GRANTED, START, true },
	    { 'C', TEXT("QUIT\r\n"), CLEAR, COMMAND, false } } },
	{ "STARTTLS in two segments",
	  false,
	  { { 'S', TEXT("220 mx\r\n"), CLEAR, COMMAND, false },
	    { 'C', TEXT("START"), CLEAR, COMMAND, false },
	    { 'C', TEXT("TLS\r\n"), ASKED, START, true } } },
	{ "what begins like a record in the clear is one: no line of SMTP does",
	  false,
	  { { 'S', TEXT("220 mx\r\n"), CLEAR, COMMAND, false },
	    { 'C', TEXT("DATA\r\n"), CLEAR, COMMAND, false },
	    { 'S', TEXT("354 go\r\n"), CLEAR, COMMAND, false },
	    { 'C', HELLO, TLS, START, true } } },
	{ "the same later in a flight is text like any other",
	  false,
	  { { 'S', TEXT("220 mx\r\n"), CLEAR, COMMAND, false },
	    { 'C', TEXT("DATA\r\n"), CLEAR, COMMAND, false },
	    { 'C', HELLO, CLEAR, COMMAND, false } } },
	{ "STARTTLS in a message is the sender's text",
	  false,
	  { { 'S', TEXT("354 go\r\n"), CLEAR, COMMAND, false },
	    { 'C', TEXT("From: a@b.example\r\n\r\nSTARTTLS\r\n"), CLEAR, COMMAND, false },
	    { 'C', TEXT("STARTTLS\r\n"), CLEAR, COMMAND, false },
	    { 'C', TEXT(".\r\n"), CLEAR, COMMAND, false },
	    { 'S', TEXT("250 taken\r\n"), CLEAR, COMMAND, false },
	    { 'C', TEXT("STARTTLS\r\n"), ASKED, START, true } } },
	{ "behind a short command it is one, behind a long one not any more",
	  false,
	  { { 'S', TEXT("220 mx\r\n"), CLEAR, COMMAND, false },
	    { 'C', TEXT("RSET\r\nSTARTTLS\r\n"), ASKED, START, true },
	    { 'S', TEXT("500 no\r\n"), CLEAR, COMMAND, false },
	    { 'C', TEXT("NOOP x\r\nSTARTTLS\r\n"), CLEAR, COMMAND, false } } },
	{ "whoever speaks on behind it does not start TLS",
	  false,
	  { { 'S', TEXT("220 mx\r\n"), CLEAR, COMMAND, false },
	    { 'C', TEXT("STARTTLS\r\n"), ASKED, START, true },
	    { 'C', TEXT("QUIT\r\n"), CLEAR, COMMAND, false },
	    { 'S', TEXT("220 go\r\n"), CLEAR, COMMAND, false } } },
	{ "half a line is forgotten when the server speaks",
	  false,
	  { { 'S', TEXT("220 mx\r\n"), CLEAR, COMMAND, false },
	    { 'C', TEXT("START"), CLEAR, COMMAND, false },
	    { 'S', TEXT("500 what\r\n"), CLEAR, COMMAND, false },
	    { 'C', TEXT("TLS\r\n"), CLEAR, COMMAND, false } } },
	{ "a record header that is none: lost until the next turn",
	  false,
	  { { 'C', HELLO, TLS, START, true },
	    { 'S', HELLO, TLS, START, true },
	    { 'C', TEXT("\x17\x03\x03\x00\x01xQUIT\r\n"), OPAQUE, COMMAND, true },
	    { 'S', DATA, OPAQUE, COMMAND, true },
	    { 'C', TEXT("QUIT\r\n"), CLEAR, COMMAND, false } } },
	{ "adopted in the clear: nothing is held before a flight began",
	  true,
	  { { 'C', TEXT("the middle of a body"), OPAQUE, START, true },
	    { 'S', TEXT("250 taken\r\n"), OPAQUE, START, true },
	    { 'C', TEXT("MAIL FROM:<a@b>\r\n"), CLEAR, COMMAND, false } } },
	{ "adopted in TLS: three flights",
	  true,
	  { { 'C', TEXT("\x99\x99"), OPAQUE, START, true },
	    { 'S', DATA, OPAQUE, START, true },
	    { 'C', DATA, TLS, START, true },
	    { 'S', DATA, TLS, START, true },
	    { 'C', DATA, TLS, START, true },
	    { 'S', DATA, TLS, START, true },
	    { 'C', DATA, TLS, START, true },
	    { 'S', DATA, TLS, COMMAND, false },
	    { 'C', DATA, TLS, COMMAND, false } } },
	{ "adopted: a STARTTLS then is seen",
	  true,
	  { { 'S', TEXT("250 mx\r\n"), OPAQUE, START, true },
	    { 'C', TEXT("STARTTLS\r\n"), ASKED, START, true },
	    { 'S', TEXT("220 go\r\n"), GRANTED, START, true },
	    { 'C', HELLO, TLS, START, true } } },
};

static void check_line(const struct dialogue *dialogue, const struct script *script, const struct line *line)
{
	int at = (int)(line - script->line);

	ck_assert_msg(dialogue->stage == line->stage, "%s, line %d: stage %d", script->why, at, dialogue->stage);
	ck_assert_msg((int)dialogue_phase(dialogue) == line->phase, "%s, line %d: phase %d", script->why, at,
		      dialogue_phase(dialogue));
	ck_assert_msg(dialogue_protected(dialogue) == line->protected, "%s, line %d: protected", script->why, at);
	ck_assert_msg(dialogue_is_turn(dialogue) == (line->who == 'S'), "%s, line %d: turn", script->why, at);
}

/* Plays a script, its segments cut into pieces of `most` bytes, from these sequence numbers on. */
static void play(const struct script *script, uint32_t most, uint32_t client, uint32_t server)
{
	struct dialogue dialogue;

	if (script->adopted)
		dialogue_adopt(&dialogue, client, server);
	else
		dialogue_open(&dialogue, client - 1);
	dialogue.server_next = server;
	ck_assert_int_eq(dialogue_phase(&dialogue), script->adopted ? PHASE_TLS_START : PHASE_BANNER);
	for (const struct line *line = script->line; line->who != 0; line++) {
		for (uint32_t at = 0, size; at < line->size; at += size) {
			size = line->size - at < most ? line->size - at : most;
			struct speech speech = { .data = (const uint8_t *)line->text + at, .size = size };
			speech.seq = line->who == 'C' ? client : server;
			speech.ack = line->who == 'C' ? server : client;
			*(line->who == 'C' ? &client : &server) += size;
			if (line->who == 'C')
				ck_assert(dialogue_client(&dialogue, &speech));
			else
				dialogue_server(&dialogue, &speech);
		}
		check_line(&dialogue, script, line);
	}
	ck_assert_uint_eq(dialogue.client_next, client);
	ck_assert_uint_eq(dialogue.server_next, server);
}

#define SCRIPTS (sizeof(scripts) / sizeof(scripts[0]))

START_TEST(scripts_whole)
{
	memset(body, 'x', sizeof(body));
	for (size_t i = 0; i < SCRIPTS; i++)
		play(&scripts[i], UINT32_MAX, 1000, 5000);
}
END_TEST

/* How the bytes are cut into segments changes nothing. */
START_TEST(scripts_in_pieces)
{
	memset(body, 'x', sizeof(body));
	for (size_t i = 0; i < SCRIPTS; i++)
		for (uint32_t most = 1; most < 20; most++)
			play(&scripts[i], most, 1000, 5000);
}
END_TEST

/* Sequence numbers begin anew at 2^32: at each place of each script. */
START_TEST(scripts_over_the_wrap)
{
	memset(body, 'x', sizeof(body));
	for (size_t i = 0; i < SCRIPTS; i++)
		for (uint32_t before = 0; before < 60; before++)
			play(&scripts[i], 7, 0 - before, 13 - before);
}
END_TEST

UNIT_MAIN("dialogue", scripts_whole, scripts_in_pieces, scripts_over_the_wrap)
