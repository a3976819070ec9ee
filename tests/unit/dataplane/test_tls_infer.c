/* SPDX-License-Identifier: BSD-3-Clause */
/* A row is a session by sizes: what the client says between two turns and what the server says to it, in
 * bytes inside TLS. Every row is played as TLS 1.3 and 1.2, whole, byte by byte and cut at random. */
#include <string.h>

#include "smtp_session.h"
#include "tls.h"
#include "tls_infer.h"
#include "tls_sessions.h"
#include "unit.h"

#define RECORD 4000

static uint32_t random_state = 1;

static uint32_t draw(uint32_t most)
{
	random_state = random_state * 1664525u + 1013904223u;
	return 1 + (random_state >> 8) % most;
}

struct play {
	struct tls_infer infer;
	bool old; /* TLS 1.2 */
	uint32_t most;
};

static void feed(struct play *play, bool client, const uint8_t *data, uint32_t size)
{
	for (uint32_t done = 0; done < size;) {
		uint32_t piece = play->most == 0 ? size : draw(play->most);
		piece = piece < size - done ? piece : size - done;
		if (client)
			tls_infer_client(&play->infer, data + done, piece);
		else
			tls_infer_server(&play->infer, data + done, piece);
		done += piece;
	}
}

static void record(struct play *play, bool client, uint8_t type, uint32_t length)
{
	static uint8_t bytes[5 + 16384 + 256];

	bytes[0] = type;
	bytes[1] = 3;
	bytes[2] = 3;
	bytes[3] = (uint8_t)(length >> 8);
	bytes[4] = (uint8_t)length;
	memset(bytes + 5, 0x17, length);
	feed(play, client, bytes, 5 + length);
}

static void say(struct play *play, bool client, uint32_t plain)
{
	uint32_t overhead = play->old ? 24 : 17;

	/* Not 4096: a record of that size says that there is more to come. */
	for (; plain > RECORD; plain -= RECORD)
		record(play, client, TLS_APPLICATION_DATA, RECORD + overhead);
	record(play, client, TLS_APPLICATION_DATA, plain + overhead);
}

static void shake_hands_13(struct play *play)
{
	record(play, true, TLS_HANDSHAKE, 512);
	record(play, false, TLS_HANDSHAKE, 122);
	record(play, false, TLS_CHANGE_CIPHER_SPEC, 1);
	record(play, false, TLS_APPLICATION_DATA, 23);
	record(play, false, TLS_APPLICATION_DATA, 900);
	record(play, false, TLS_APPLICATION_DATA, 69);
	record(play, true, TLS_CHANGE_CIPHER_SPEC, 1);
	record(play, true, TLS_APPLICATION_DATA, 69);
	record(play, false, TLS_APPLICATION_DATA, 250); /* session tickets */
}

static void shake_hands_12(struct play *play)
{
	record(play, true, TLS_HANDSHAKE, 512);
	record(play, false, TLS_HANDSHAKE, 57);
	record(play, false, TLS_HANDSHAKE, 779);
	record(play, true, TLS_HANDSHAKE, 70);
	record(play, true, TLS_CHANGE_CIPHER_SPEC, 1);
	record(play, true, TLS_HANDSHAKE, 40);
	record(play, false, TLS_HANDSHAKE, 186);
	record(play, false, TLS_CHANGE_CIPHER_SPEC, 1);
	record(play, false, TLS_HANDSHAKE, 40);
}

static void begin(struct play *play, bool old, uint8_t offers, uint32_t most)
{
	play->old = old;
	play->most = most;
	tls_infer_open(&play->infer, offers);
	if (old)
		shake_hands_12(play);
	else
		shake_hands_13(play);
	if (offers == UNKNOWN)
		say(play, false, 36);
}

static uint32_t count_of(const struct infer_row *row, bool old, uint32_t most)
{
	struct play play;

	begin(&play, old, row->offers, most);
	for (const struct exchange *exchange = row->exchanges; exchange->client > 0; exchange++) {
		say(&play, true, exchange->client);
		say(&play, false, exchange->server);
	}
	return tls_infer_count(&play.infer);
}

START_TEST(row_is_counted)
{
	const struct infer_row *row = &rows[_i / 2];
	bool old = _i % 2 != 0;

	for (uint32_t round = 0; round < 12; round++) {
		uint32_t most = round == 0 ? 0 : round < 3 ? round : round * 500;
		uint32_t count = count_of(row, old, most);
		ck_assert_msg(count == row->count, "%s, TLS 1.%d: %u, not %u", row->name, old ? 2 : 3, count,
			      row->count);
	}
}
END_TEST

/* A server that speaks while the client is in a record makes no turn. */
START_TEST(no_turn_inside_a_record)
{
	struct play play;
	static const uint8_t head[] = { 23, 3, 3, 0x10, 0x11 };
	static const uint8_t part[4096 + 17];

	begin(&play, false, PIPE, 0);
	say(&play, true, 18);
	say(&play, false, 139);
	say(&play, true, 138);
	say(&play, false, 65);
	feed(&play, true, head, sizeof(head));
	feed(&play, true, part, 2000);
	record(&play, false, TLS_APPLICATION_DATA, 200); /* a late ticket */
	feed(&play, true, part + 2000, sizeof(part) - 2000);
	ck_assert_uint_eq(play.infer.client_bytes, 4096);
}
END_TEST

/* A message that goes along with its envelope by BDAT, and is larger than a buffer: the server answers the envelope
 * before the rest of the message has come. That is no turn. */
START_TEST(no_turn_behind_a_full_record)
{
	struct play play;

	begin(&play, false, BOTH, 0);
	say(&play, true, 19);
	say(&play, false, 139);
	record(&play, true, TLS_APPLICATION_DATA, 4096 + 17);
	record(&play, false, TLS_APPLICATION_DATA, 28 + 17);
	ck_assert(!tls_infer_answered(&play.infer));
	record(&play, true, TLS_APPLICATION_DATA, 172 + 17);
	record(&play, false, TLS_APPLICATION_DATA, 48 + 17);
	ck_assert(tls_infer_answered(&play.infer));
	ck_assert_uint_eq(play.infer.client_bytes, 4096 + 172);
	ck_assert_uint_eq(play.infer.server_bytes, 28 + 48);
	ck_assert_uint_eq(tls_infer_count(&play.infer), 1);
}
END_TEST

/* Where a message may begin, and where not: before its envelope, not between envelope and body. */
START_TEST(beginnings_are_told)
{
	struct play play;

	begin(&play, false, PIPE, 0);
	say(&play, true, 18);
	say(&play, false, 139);
	for (int i = 0; i < 5; i++) {
		ck_assert(tls_infer_may_begin(&play.infer));
		say(&play, true, 138);
		say(&play, false, 65);
		if (i > 0)
			ck_assert(!tls_infer_may_begin(&play.infer));
		say(&play, true, 20000);
		say(&play, false, 37);
	}
	ck_assert_uint_eq(tls_infer_count(&play.infer), 5);
}
END_TEST

START_TEST(unanswered_body_is_no_message)
{
	struct play play;

	begin(&play, true, PIPE, 0);
	say(&play, true, 18);
	say(&play, false, 139);
	say(&play, true, 138);
	say(&play, false, 65);
	say(&play, true, 20000);
	ck_assert_uint_eq(tls_infer_count(&play.infer), 0);
	say(&play, false, 37);
	ck_assert_uint_eq(tls_infer_count(&play.infer), 1);
}
END_TEST

/* A second ServerHello follows ChangeCipherSpec as a record of the handshake, but a flight later. */
START_TEST(hello_retry_is_not_old_tls)
{
	struct play play = { 0 };

	tls_infer_open(&play.infer, PIPE);
	record(&play, true, TLS_HANDSHAKE, 300);
	record(&play, false, TLS_HANDSHAKE, 88);
	record(&play, false, TLS_CHANGE_CIPHER_SPEC, 1);
	record(&play, true, TLS_CHANGE_CIPHER_SPEC, 1);
	record(&play, true, TLS_HANDSHAKE, 333);
	record(&play, false, TLS_HANDSHAKE, 122);
	record(&play, false, TLS_APPLICATION_DATA, 900);
	ck_assert_uint_eq(play.infer.overhead, 17);
}
END_TEST

/* A client that says goodbye while the server still answers: the exchange goes on. */
START_TEST(close_is_no_turn)
{
	struct play play;

	begin(&play, false, BOTH, 0);
	say(&play, true, 19);
	say(&play, false, 139);
	say(&play, true, 670);
	say(&play, false, 28);
	record(&play, true, TLS_APPLICATION_DATA, 19);
	say(&play, false, 47);
	ck_assert_uint_eq(play.infer.server_bytes, 75);
	ck_assert_uint_eq(tls_infer_count(&play.infer), 1);
}
END_TEST

/* Must fail: what is no TLS is not counted, and a later turn finds records again. */
START_TEST(garbage_is_lost_and_found)
{
	struct play play;

	begin(&play, false, PIPE, 0);
	say(&play, true, 18);
	say(&play, false, 139);
	feed(&play, true, (const uint8_t *)"MAIL FROM:<a@b>\r\n", 17);
	feed(&play, false, (const uint8_t *)"250 ok\r\n", 8);
	ck_assert_uint_eq(tls_infer_count(&play.infer), 0);
	say(&play, true, 138);
	say(&play, false, 65);
	say(&play, true, 5000);
	say(&play, false, 37);
	ck_assert_uint_eq(tls_infer_count(&play.infer), 1);
}
END_TEST

START_TEST(gap_costs_one_message_at_most)
{
	struct play play;

	begin(&play, false, PIPE, 0);
	say(&play, true, 18);
	say(&play, false, 139);
	for (int i = 0; i < 10; i++) {
		say(&play, true, 138);
		say(&play, false, 65);
		if (i == 4)
			tls_infer_lose(&play.infer);
		say(&play, true, 20000);
		say(&play, false, 37);
	}
	ck_assert_uint_ge(tls_infer_count(&play.infer), 9);
	ck_assert_uint_le(tls_infer_count(&play.infer), 10);
}
END_TEST

static uint8_t habit_after(const struct exchange *exchange, int times, uint8_t known)
{
	struct play play;

	begin(&play, false, known, 0);
	say(&play, true, 18);
	say(&play, false, 139);
	while (times-- > 0) {
		say(&play, true, exchange[0].client);
		say(&play, false, exchange[0].server);
		say(&play, true, exchange[1].client);
		say(&play, false, exchange[1].server);
	}
	return tls_infer_habit(&play.infer);
}

START_TEST(habits_are_told)
{
	static const struct exchange data[] = { { 138, 65 }, { 9000, 37 } }, bdat[] = { { 641, 75 }, { 1702, 75 } };

	ck_assert_uint_eq(habit_after(data, 0, BOTH), 0);
	ck_assert_uint_eq(habit_after(data, 10, BOTH), TLS_INFER_DATA);
	ck_assert_uint_eq(habit_after(bdat, 10, BOTH), TLS_INFER_BDAT);
	/* Without CHUNKING there is no BDAT. */
	ck_assert_uint_ne(habit_after(bdat, 10, PIPE), TLS_INFER_BDAT);
}
END_TEST

static Suite *suite(void)
{
	const TTest *const once[] = {
		habits_are_told,     no_turn_inside_a_record,	    no_turn_behind_a_full_record,
		beginnings_are_told, unanswered_body_is_no_message, hello_retry_is_not_old_tls,
		close_is_no_turn,    garbage_is_lost_and_found,	    gap_costs_one_message_at_most
	};
	Suite *all = unit_suite("tls_infer", once, sizeof(once) / sizeof(once[0]));
	TCase *tcase = tcase_create("rows");

	tcase_add_loop_test(tcase, row_is_counted, 0, 2 * sizeof(rows) / sizeof(rows[0]));
	suite_add_tcase(all, tcase);
	return all;
}

int main(void)
{
	return unit_run(suite());
}
