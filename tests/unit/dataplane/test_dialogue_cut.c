/* SPDX-License-Identifier: BSD-3-Clause */
/* When a cut is safe, and what gaps and retransmissions do. */
#include <string.h>

#include "dialogue.h"
#include "unit.h"

#define CLIENT 1000u
#define SERVER 5000u

static struct speech say(uint32_t seq, uint32_t ack, const char *text, uint32_t now_ms)
{
	return (struct speech){ seq, ack, (const uint8_t *)text, (uint32_t)strlen(text), now_ms };
}

/* The server said its banner, the client "EHLO a", the server "250 mx" at 100 ms. */
static struct dialogue after_ehlo(void)
{
	struct dialogue dialogue;
	struct speech speech;

	dialogue_open(&dialogue, CLIENT - 1);
	dialogue.server_next = SERVER;
	speech = say(SERVER, CLIENT, "220 mx\r\n", 10);
	dialogue_server(&dialogue, &speech);
	speech = say(CLIENT, SERVER + 8, "EHLO a\r\n", 20);
	ck_assert(dialogue_client(&dialogue, &speech));
	speech = say(SERVER + 8, CLIENT + 8, "250 mx\r\n", 100);
	dialogue_server(&dialogue, &speech);
	return dialogue;
}

/* The client's next segment after that, and a round trip of 50 ms. */
static const struct {
	const char *why;
	uint32_t seq, ack, now_ms;
	bool cut;
} rows[] = {
	{ "a turn", CLIENT + 8, SERVER + 16, 150, true },
	{ "long after", CLIENT + 8, SERVER + 16, 100000, true },
	{ "the server may still be speaking", CLIENT + 8, SERVER + 16, 149, false },
	{ "at once", CLIENT + 8, SERVER + 16, 100, false },
	{ "not all was received", CLIENT + 8, SERVER + 15, 150, false },
	{ "nothing was received", CLIENT + 8, SERVER, 150, false },
	{ "acknowledges what was never said", CLIENT + 8, SERVER + 17, 150, false },
	{ "bytes before it are missing", CLIENT + 9, SERVER + 16, 150, false },
	{ "repeats bytes, and has new ones", CLIENT + 4, SERVER + 16, 150, true },
};

START_TEST(may_cut)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct dialogue dialogue = after_ehlo();
		const struct speech speech = say(rows[i].seq, rows[i].ack, "MAIL FROM:<a@b>\r\n", rows[i].now_ms);
		ck_assert_msg(dialogue_may_cut(&dialogue, &speech, 50) == rows[i].cut, "%s", rows[i].why);
	}
}
END_TEST

/* The clock of milliseconds begins anew after 49 days. */
START_TEST(quiet_over_the_clocks_wrap)
{
	struct dialogue dialogue = after_ehlo();
	struct speech speech = say(CLIENT + 8, SERVER + 16, "QUIT\r\n", 0);

	dialogue.server_ms = UINT32_MAX - 9;
	for (speech.now_ms = 0; speech.now_ms < 100; speech.now_ms++)
		ck_assert(dialogue_may_cut(&dialogue, &speech, 50) == (speech.now_ms >= 40));
}
END_TEST

START_TEST(in_the_middle_of_a_flight_never)
{
	struct dialogue dialogue = after_ehlo();
	struct speech speech = say(CLIENT + 8, SERVER + 16, "MAIL FROM:<a@b>\r\n", 200);

	ck_assert(dialogue_may_cut(&dialogue, &speech, 50));
	ck_assert(dialogue_client(&dialogue, &speech));
	speech = say(CLIENT + 25, SERVER + 16, "RCPT TO:<c@d>\r\n", 100000);
	ck_assert(!dialogue_is_turn(&dialogue));
	ck_assert(!dialogue_may_cut(&dialogue, &speech, 50));
}
END_TEST

/* Before the server's first word nothing was said that could be unanswered. Implicit TLS begins at once. */
START_TEST(before_the_banner)
{
	struct dialogue dialogue;

	dialogue_open(&dialogue, CLIENT - 1);
	const struct speech clear = say(CLIENT, SERVER, "EHLO a\r\n", 10),
			    hello = say(CLIENT, SERVER, "\x16\x03\x01", 10);
	ck_assert(dialogue_may_cut(&dialogue, &clear, 50));
	ck_assert(dialogue_is_turn(&dialogue));
	ck_assert(!dialogue_may_cut(&dialogue, &hello, 50));
	ck_assert(dialogue_protects(&dialogue, &hello) && !dialogue_protects(&dialogue, &clear));
	ck_assert(!dialogue_protected(&dialogue)); /* to be asked changes nothing */
}
END_TEST

START_TEST(starting_tls_never)
{
	struct dialogue dialogue = after_ehlo();
	struct speech speech = say(CLIENT + 8, SERVER + 16, "STARTTLS\r\n", 200);

	dialogue_client(&dialogue, &speech);
	speech = say(SERVER + 16, CLIENT + 18, "220 go\r\n", 210);
	dialogue_server(&dialogue, &speech);
	speech = say(CLIENT + 18, SERVER + 24, "\x16\x03\x01", 10000);
	ck_assert(dialogue_protected(&dialogue));
	ck_assert(!dialogue_may_cut(&dialogue, &speech, 50));
}
END_TEST

/* After a gap the bytes of the next flight tell: in the clear it may be cut, in TLS flights are counted. */
START_TEST(after_a_gap)
{
	struct dialogue dialogue = after_ehlo();
	struct speech speech = say(CLIENT + 20, SERVER + 16, "RCPT TO:<c@d>\r\n", 200);

	ck_assert(!dialogue_client(&dialogue, &speech));
	ck_assert_int_eq(dialogue.stage, STAGE_OPAQUE);
	ck_assert_uint_eq(dialogue.client_next, CLIENT + 35);
	ck_assert(dialogue_protected(&dialogue));
	speech = say(SERVER + 16, CLIENT + 35, "250 ok\r\n", 210);
	dialogue_server(&dialogue, &speech);
	const struct speech clear = say(CLIENT + 35, SERVER + 24, "DATA\r\n", 300);
	const struct speech tls = say(CLIENT + 35, SERVER + 24, "\x17\x03\x03", 300);
	ck_assert(dialogue_protected(&dialogue));
	ck_assert(!dialogue_protects(&dialogue, &clear));
	ck_assert(dialogue_protects(&dialogue, &tls));
	ck_assert(dialogue_may_cut(&dialogue, &clear, 50));
	ck_assert(!dialogue_may_cut(&dialogue, &tls, 50));
	ck_assert(dialogue_client(&dialogue, &clear));
	ck_assert_int_eq(dialogue.stage, STAGE_CLEAR);
}
END_TEST

/* Taken over: the bytes of the first turn tell. In the clear it may be cut at once, in TLS not before three flights
 * were seen: the handshake may have begun right here. */
START_TEST(adopted)
{
	struct dialogue dialogue;
	struct speech speech = say(SERVER, CLIENT, "250 ok\r\n", 10);

	dialogue_adopt(&dialogue, CLIENT, SERVER);
	speech = say(CLIENT, SERVER, "more of the same\r\n", 5);
	ck_assert(!dialogue_may_cut(&dialogue, &speech, 0)); /* no turn */
	speech = say(SERVER, CLIENT, "250 ok\r\n", 10);
	dialogue_server(&dialogue, &speech);
	const struct speech clear = say(CLIENT, SERVER + 8, "DATA\r\n", 1000);
	const struct speech tls = say(CLIENT, SERVER + 8, "\x17\x03\x03", 1000);
	ck_assert(dialogue_is_turn(&dialogue) && dialogue_protected(&dialogue));
	ck_assert(!dialogue_protects(&dialogue, &clear) && dialogue_protects(&dialogue, &tls));
	ck_assert(dialogue_may_cut(&dialogue, &clear, 50) && !dialogue_may_cut(&dialogue, &tls, 50));
	ck_assert(dialogue_client(&dialogue, &clear));
	speech = say(SERVER + 8, CLIENT + 6, "354 go\r\n", 1010);
	dialogue_server(&dialogue, &speech);
	speech = say(CLIENT + 6, SERVER + 16, "From: a\r\n", 2000);
	ck_assert(dialogue_may_cut(&dialogue, &speech, 50));
}
END_TEST

START_TEST(adopted_in_tls)
{
	struct dialogue dialogue;
	uint32_t client = CLIENT, server = SERVER;

	dialogue_adopt(&dialogue, CLIENT, SERVER);
	for (int flight = 0; flight < 10; flight++) {
		struct speech speech = say(server, client, "x", 0);
		dialogue_server(&dialogue, &speech);
		speech = (struct speech){ client, ++server, (const uint8_t *)"\x17\x03\x03\x00\x00", 5, 1000 };
		ck_assert_msg(dialogue_may_cut(&dialogue, &speech, 50) == (flight >= 3), "flight %d", flight);
		ck_assert(dialogue_client(&dialogue, &speech));
		client += 5;
	}
}
END_TEST

/* What waited too long went nowhere: as if it had not been said, and what comes then begins a turn again. */
START_TEST(rewound_to_a_turn)
{
	struct dialogue dialogue = after_ehlo(), before = dialogue;
	const struct speech mail = say(CLIENT + 8, SERVER + 16, "MAIL FROM:<a@b>\r\n", 200);

	ck_assert(dialogue_client(&dialogue, &mail));
	ck_assert(!dialogue_is_turn(&dialogue) && !dialogue_may_cut(&dialogue, &mail, 50));
	dialogue_rewind(&dialogue, CLIENT + 8, true);
	ck_assert_uint_eq(dialogue.client_next, before.client_next);
	ck_assert(dialogue_is_turn(&dialogue) && !dialogue_protected(&dialogue));
	ck_assert(dialogue_may_cut(&dialogue, &mail, 50));
	ck_assert(dialogue_client_new(&dialogue, &mail));
	/* Said again, and differently: the new flight is followed from its first byte. */
	const struct speech tls = say(CLIENT + 8, SERVER + 16, "STARTTLS\r\n", 300);
	ck_assert(dialogue_client(&dialogue, &tls));
	ck_assert_int_eq(dialogue.stage, STAGE_ASKED);
	ck_assert_uint_eq(dialogue.flight_bytes, 10);
}
END_TEST

/* STARTTLS that waited too long is said again: it is no less one for that. */
START_TEST(rewound_starttls)
{
	struct dialogue dialogue = after_ehlo();
	const struct speech ask = say(CLIENT + 8, SERVER + 16, "STARTTLS\r\n", 200);

	for (int time = 0; time < 3; time++) {
		ck_assert(dialogue_client(&dialogue, &ask));
		ck_assert_int_eq(dialogue.stage, STAGE_ASKED);
		dialogue_rewind(&dialogue, CLIENT + 8, true);
		ck_assert(!dialogue_protected(&dialogue) && dialogue_may_cut(&dialogue, &ask, 50));
	}
	ck_assert(dialogue_client(&dialogue, &ask));
	const struct speech go = say(SERVER + 16, CLIENT + 18, "220 go\r\n", 300);
	dialogue_server(&dialogue, &go);
	ck_assert_int_eq(dialogue.stage, STAGE_GRANTED);
	ck_assert_int_eq(dialogue_phase(&dialogue), PHASE_TLS_START);
}
END_TEST

/* A flight that went nowhere was not answered: it is none of those that make TLS safe to cut. */
START_TEST(rewound_in_tls)
{
	for (int turn = 0; turn < 2; turn++) {
		struct dialogue dialogue;
		const struct speech data = { CLIENT, SERVER, (const uint8_t *)"\x17\x03\x03\x00\x00", 5, 0 };
		const struct speech reply = say(SERVER, CLIENT + 5, "x", 10),
				    more = say(SERVER + 1, CLIENT + 5, "x", 20);
		dialogue_open(&dialogue, CLIENT - 1);
		dialogue.server_next = SERVER;
		ck_assert(dialogue_client(&dialogue, &data));
		dialogue_rewind(&dialogue, CLIENT, turn);
		dialogue_server(&dialogue, &reply);
		dialogue_server(&dialogue, &more);
		ck_assert_uint_eq(dialogue.app_flights, 0);
	}
}
END_TEST

/* From the middle of a flight on: no turn, and nothing is believed of it until the server spoke. */
START_TEST(rewound_within_a_flight)
{
	struct dialogue dialogue = after_ehlo();
	struct speech speech = say(CLIENT + 8, SERVER + 16, "MAIL FROM:<a@b>\r\n", 200);

	ck_assert(dialogue_client(&dialogue, &speech));
	speech = say(CLIENT + 25, SERVER + 16, "RCPT TO:<c@d>\r\n", 210);
	ck_assert(dialogue_client(&dialogue, &speech));
	dialogue_rewind(&dialogue, CLIENT + 25, false);
	ck_assert_uint_eq(dialogue.client_next, CLIENT + 25);
	ck_assert(!dialogue_is_turn(&dialogue) && dialogue_protected(&dialogue));
	ck_assert_int_eq(dialogue.stage, STAGE_OPAQUE);
	ck_assert(!dialogue_may_cut(&dialogue, &speech, 50));
	ck_assert(dialogue_client(&dialogue, &speech));
	ck_assert_int_eq(dialogue.stage, STAGE_OPAQUE);
	speech = say(SERVER + 16, CLIENT + 40, "250 ok\r\n", 300);
	dialogue_server(&dialogue, &speech);
	speech = say(CLIENT + 40, SERVER + 24, "DATA\r\n", 400);
	ck_assert(dialogue_may_cut(&dialogue, &speech, 50));
}
END_TEST

/* To where it stands or further: nothing was said there that could be taken back. Over the wrap, too. */
START_TEST(rewound_to_nothing)
{
	for (int turn = 0; turn < 2; turn++) {
		struct dialogue dialogue = after_ehlo(), before;
		dialogue.client_next = 3;
		before = dialogue;
		dialogue_rewind(&dialogue, 3, turn);
		dialogue_rewind(&dialogue, 4, turn);
		dialogue_rewind(&dialogue, 1u << 30, turn);
		ck_assert_mem_eq(&dialogue, &before, sizeof(before));
		dialogue_rewind(&dialogue, UINT32_MAX - 5, turn);
		ck_assert_uint_eq(dialogue.client_next, UINT32_MAX - 5);
	}
}
END_TEST

/* Old bytes again, keep-alives and bare ACKs: nothing changes. */
START_TEST(nothing_new)
{
	static const struct {
		uint32_t seq;
		const char *text;
		bool new;
	} segments[] = {
		{ CLIENT, "EHLO a\r\n", false }, { CLIENT + 7, "\n", false }, { CLIENT + 7, "", false },
		{ CLIENT + 8, "", false },	 { CLIENT + 100, "", false }, { CLIENT + 8, "Q", true },
		{ CLIENT, "EHLO a\r\nQ", true }, { CLIENT + 50, "Q", true },  { CLIENT - 2000, "x", false },
	};

	for (size_t i = 0; i < sizeof(segments) / sizeof(segments[0]); i++) {
		struct dialogue dialogue = after_ehlo(), before = dialogue;
		const struct speech speech = say(segments[i].seq, SERVER + 16, segments[i].text, 200);
		ck_assert_msg(dialogue_client_new(&dialogue, &speech) == segments[i].new, "row %zu", i);
		if (segments[i].new)
			continue;
		ck_assert(dialogue_client(&dialogue, &speech));
		ck_assert_mem_eq(&dialogue, &before, sizeof(before));
	}
}
END_TEST

/* A retransmission that brings new bytes: only those are read. */
START_TEST(overlap_is_read_once)
{
	struct dialogue dialogue = after_ehlo();
	struct speech speech = say(CLIENT + 8, SERVER + 16, "STAR", 200);

	ck_assert(dialogue_client(&dialogue, &speech));
	speech = say(CLIENT + 8, SERVER + 16, "STARTTLS\r\n", 300);
	ck_assert(dialogue_client(&dialogue, &speech));
	ck_assert_int_eq(dialogue.stage, STAGE_ASKED);
	ck_assert_uint_eq(dialogue.client_next, CLIENT + 18);
	ck_assert_uint_eq(dialogue.flight_bytes, 10);
}
END_TEST

START_TEST(server_repeats_itself)
{
	struct dialogue dialogue = after_ehlo(), before = dialogue;
	struct speech speech = say(SERVER + 8, CLIENT + 8, "250 mx\r\n", 500);

	dialogue_server(&dialogue, &speech);
	ck_assert_mem_eq(&dialogue, &before, sizeof(before));
	speech = say(SERVER + 16, CLIENT + 8, "", 600);
	dialogue_server(&dialogue, &speech);
	ck_assert_mem_eq(&dialogue, &before, sizeof(before));
	speech = say(SERVER + 8, CLIENT + 8, "250 mx\r\nmore", 700);
	dialogue_server(&dialogue, &speech);
	ck_assert_uint_eq(dialogue.server_next, SERVER + 20);
	ck_assert_uint_eq(dialogue.server_ms, 700);
}
END_TEST

/* The count of flights stops, it does not begin anew. */
START_TEST(the_count_stops_at_its_most)
{
	struct dialogue dialogue;
	uint32_t client = CLIENT, server = SERVER;

	dialogue_open(&dialogue, CLIENT - 1);
	dialogue.server_next = SERVER;
	for (int flight = 0; flight < 1000; flight++) {
		struct speech speech = { client, server, (const uint8_t *)"\x17\x03\x03\x00\x00", 5, 0 };
		ck_assert(dialogue_client(&dialogue, &speech));
		client += 5;
		speech = say(server, client, "x", 0);
		dialogue_server(&dialogue, &speech);
		server++;
		ck_assert(dialogue_protected(&dialogue) == (flight < 1));
	}
	ck_assert_uint_eq(dialogue.app_flights, UINT8_MAX);
}
END_TEST

UNIT_MAIN("dialogue_cut", may_cut, quiet_over_the_clocks_wrap, in_the_middle_of_a_flight_never, before_the_banner,
	  starting_tls_never, after_a_gap, adopted, adopted_in_tls, rewound_to_a_turn, rewound_starttls, rewound_in_tls,
	  rewound_within_a_flight, rewound_to_nothing, nothing_new, overlap_is_read_once, server_repeats_itself,
	  the_count_stops_at_its_most)
