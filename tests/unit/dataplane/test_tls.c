/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "tls.h"
#include "unit.h"

#define BYTES(text) (const uint8_t *)(text), sizeof(text) - 1
#define CIPHER TLS_SAW(TLS_CHANGE_CIPHER_SPEC)
#define ALERT TLS_SAW(TLS_ALERT)
#define SHAKE TLS_SAW(TLS_HANDSHAKE)
#define DATA TLS_SAW(TLS_APPLICATION_DATA)

/* What went by, and whether the thread was lost. */
static const struct {
	const char *why;
	const uint8_t *bytes;
	uint32_t size;
	uint32_t saw;
	bool lost;
} rows[] = {
	{ "nothing", BYTES(""), 0, false },
	{ "one record", BYTES("\x16\x03\x01\x00\x02xy"), SHAKE, false },
	{ "its first byte is enough", BYTES("\x17"), DATA, false },
	{ "an empty record", BYTES("\x17\x03\x03\x00\x00"), DATA, false },
	{ "empty, then another", BYTES("\x17\x03\x03\x00\x00\x15\x03\x03\x00\x02\x01\x00"), DATA | ALERT, false },
	{ "cipher, then data", BYTES("\x14\x03\x03\x00\x01\x01\x17\x03\x03\x00\x01x"), CIPHER | DATA, false },
	{ "types inside a record do not count", BYTES("\x16\x03\x03\x00\x04\x17\x15\x14\x16"), SHAKE, false },
	{ "a record that goes on", BYTES("\x17\x03\x03\x40\x00xxxx"), DATA, false },
	{ "the longest", BYTES("\x17\x03\x03\x48\x00x"), DATA, false },
	{ "one byte longer", BYTES("\x17\x03\x03\x48\x01x"), DATA, true },
	{ "as long as can be written", BYTES("\x17\x03\x03\xff\xff"), DATA, true },
	{ "not major version 3", BYTES("\x16\x02\x03\x00\x01x"), SHAKE, true },
	{ "major version 4", BYTES("\x16\x04\x00\x00\x01x"), SHAKE, true },
	{ "type 19", BYTES("\x13\x03\x03\x00\x01x"), 0, true },
	{ "type 24", BYTES("\x18\x03\x03\x00\x01x"), 0, true },
	{ "clear text", BYTES("EHLO mx.example\r\n"), 0, true },
	{ "SSL 2", BYTES("\x80\x2e\x01\x00\x02"), 0, true },
	{ "clear text after a record", BYTES("\x16\x03\x01\x00\x01xQUIT\r\n"), SHAKE, true },
	{ "nothing counts after that", BYTES("\x16\x03\x01\x00\x01xQ\x17\x03\x03\x00\x01x"), SHAKE, true },
};

START_TEST(in_one_piece)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct tls_scan scan = { 0 };
		ck_assert_msg(tls_scan_feed(&scan, rows[i].bytes, rows[i].size) == rows[i].saw, "%s: saw", rows[i].why);
		ck_assert_msg(scan.lost == rows[i].lost, "%s: lost", rows[i].why);
	}
}
END_TEST

START_TEST(in_two_pieces_anywhere)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (uint32_t cut = 0; cut <= rows[i].size; cut++) {
			struct tls_scan scan = { 0 };
			uint32_t saw = tls_scan_feed(&scan, rows[i].bytes, cut);
			saw |= tls_scan_feed(&scan, rows[i].bytes + cut, rows[i].size - cut);
			ck_assert_msg(saw == rows[i].saw, "%s cut at %u: saw", rows[i].why, cut);
			ck_assert_msg(scan.lost == rows[i].lost, "%s cut at %u: lost", rows[i].why, cut);
		}
	}
}
END_TEST

START_TEST(byte_by_byte)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct tls_scan scan = { 0 };
		uint32_t saw = 0;
		for (uint32_t at = 0; at < rows[i].size; at++)
			saw |= tls_scan_feed(&scan, rows[i].bytes + at, 1);
		ck_assert_msg(saw == rows[i].saw && scan.lost == rows[i].lost, "%s", rows[i].why);
	}
}
END_TEST

/* A long record's body, full of what looks like headers, in odd pieces. */
START_TEST(long_records)
{
	static uint8_t body[16384];
	struct tls_scan scan = { 0 };

	memset(body, TLS_ALERT, sizeof(body));
	for (int record = 0; record < 20; record++) {
		ck_assert_uint_eq(tls_scan_feed(&scan, BYTES("\x17\x03\x03\x40\x00")), DATA);
		for (uint32_t at = 0, piece; at < sizeof(body); at += piece) {
			piece = sizeof(body) - at < 1447 ? (uint32_t)sizeof(body) - at : 1447;
			ck_assert_uint_eq(tls_scan_feed(&scan, body + at, piece), 0);
		}
		ck_assert(!scan.lost);
	}
	ck_assert_uint_eq(tls_scan_feed(&scan, BYTES("\x15\x03\x03\x00\x02")), ALERT);
}
END_TEST

START_TEST(first_bytes)
{
	static const struct {
		const uint8_t *bytes;
		uint32_t size;
		bool starts;
	} beginnings[] = {
		{ BYTES("\x16\x03\x01"), true }, { BYTES("\x14\x03"), true },  { BYTES("\x17"), true },
		{ BYTES("\x15\x03\x03"), true }, { BYTES("\x16\x02"), false }, { BYTES("\x13\x03"), false },
		{ BYTES("\x18\x03"), false },	 { BYTES("EHLO"), false },     { BYTES(""), false },
	};

	for (size_t i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++)
		ck_assert_msg(tls_starts(beginnings[i].bytes, beginnings[i].size) == beginnings[i].starts, "row %zu",
			      i);
}
END_TEST

UNIT_MAIN("tls", in_one_piece, in_two_pieces_anywhere, byte_by_byte, long_records, first_bytes)
