/* SPDX-License-Identifier: BSD-3-Clause */
/* Limits: what is read as how much over which time, and that text made from a limit reads as the limit. */
#include "limit.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "unit.h"
#include "units.h"

#define S 1000000000ull
#define UNTOUCHED 0x5a5a5a5a5a5a5a5aull
#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

struct limit_row {
	enum limit_kind kind;
	const char *text;
	int ret;
	struct limit limit;
	const char *formatted;
};

static const struct limit_row limit_rows[] = {
	{ LIMIT_CONNECTIONS, "20", 0, { 20, 1, 1 }, "20" },
	{ LIMIT_CONNECTIONS, "0", 0, { 0, 1, 1 }, "0" },
	{ LIMIT_CONNECTIONS, "5k", 0, { 5000, 1, 1 }, "5000" },
	{ LIMIT_CONNECTION_RATE, "10/s", 0, { 10, S, 1 }, "10/s burst 1" },
	{ LIMIT_CONNECTION_RATE, "600/min", 0, { 600, 60 * S, 1 }, "600/min burst 1" },
	{ LIMIT_CONNECTION_RATE, "100/h", 0, { 100, 3600 * S, 1 }, "100/h burst 1" },
	{ LIMIT_CONNECTION_RATE, "5k/d", 0, { 5000, 86400 * S, 1 }, "5000/d burst 1" },
	{ LIMIT_CONNECTION_RATE, "10/5s", 0, { 10, 5 * S, 1 }, "10/5s burst 1" },
	{ LIMIT_CONNECTION_RATE, "10/90s", 0, { 10, 90 * S, 1 }, "10/90s burst 1" },
	{ LIMIT_CONNECTION_RATE, "10/s burst 20", 0, { 10, S, 20 }, "10/s burst 20" },
	{ LIMIT_CONNECTION_RATE, "10/s  burst  2k", 0, { 10, S, 2000 }, "10/s burst 2000" },
	{ LIMIT_MESSAGE_RATE, "100/min", 0, { 100, 60 * S, 1 }, "100/min burst 1" },
	{ LIMIT_MESSAGE_RATE, "5/s burst 20", 0, { 5, S, 20 }, "5/s burst 20" },
	{ LIMIT_BYTE_RATE, "2MB/s", 0, { 2000000, S, 200000 }, "2MB/s burst 200kB" },
	{ LIMIT_BYTE_RATE, "10Mbit/s", 0, { 1250000, S, 125000 }, "1250kB/s burst 125kB" },
	{ LIMIT_BYTE_RATE, "8bit/s", 0, { 1, S, 15000 }, "1B/s burst 15kB" },
	{ LIMIT_BYTE_RATE, "1500/s", 0, { 1500, S, 15000 }, "1500B/s burst 15kB" },
	{ LIMIT_BYTE_RATE, "1MiB/s", 0, { 1048576, S, 104857 }, "1048576B/s burst 104857B" },
	{ LIMIT_BYTE_RATE, "64kB/min", 0, { 64000, 60 * S, 15000 }, "64kB/min burst 15kB" },
	{ LIMIT_BYTE_RATE, "100MB/5s", 0, { 100000000, 5 * S, 2000000 }, "100MB/5s burst 2MB" },
	{ LIMIT_BYTE_RATE, "10Mbit/s burst 64kB", 0, { 1250000, S, 64000 }, "1250kB/s burst 64kB" },
};

static bool same_limit(const struct limit *a, const struct limit *b)
{
	return a->amount == b->amount && a->per_ns == b->per_ns && a->burst == b->burst;
}

START_TEST(taken)
{
	for (size_t i = 0; i < LENGTH(limit_rows); i++) {
		const struct limit_row *row = &limit_rows[i];
		struct limit limit = { UNTOUCHED, UNTOUCHED, UNTOUCHED };
		char text[96];

		ck_assert_msg(limit_parse(row->kind, row->text, &limit) == 0, "\"%s\" is refused", row->text);
		ck_assert_msg(same_limit(&limit, &row->limit), "\"%s\" is %llu in %llu ns, burst %llu", row->text,
			      (unsigned long long)limit.amount, (unsigned long long)limit.per_ns,
			      (unsigned long long)limit.burst);
		ck_assert_str_eq(limit_format(row->kind, &limit, text, sizeof(text)), row->formatted);
	}
}
END_TEST

START_TEST(refused)
{
	static const struct limit_row rows[] = {
		{ LIMIT_CONNECTIONS, "", -EINVAL, { 0 }, NULL },
		{ LIMIT_CONNECTIONS, "-1", -EINVAL, { 0 }, NULL },
		{ LIMIT_CONNECTIONS, "10/s", -EINVAL, { 0 }, NULL },
		{ LIMIT_CONNECTIONS, "10 burst 5", -EINVAL, { 0 }, NULL },
		{ LIMIT_CONNECTIONS, "18446744073709551616", -ERANGE, { 0 }, NULL },
		{ LIMIT_CONNECTION_RATE, "", -EINVAL, { 0 }, NULL },
		{ LIMIT_CONNECTION_RATE, "10", -EINVAL, { 0 }, NULL },
		{ LIMIT_CONNECTION_RATE, "10/", -EINVAL, { 0 }, NULL },
		{ LIMIT_CONNECTION_RATE, "/s", -EINVAL, { 0 }, NULL },
		{ LIMIT_CONNECTION_RATE, "10 /s", -EINVAL, { 0 }, NULL },
		{ LIMIT_CONNECTION_RATE, "10/ s", -EINVAL, { 0 }, NULL },
		{ LIMIT_CONNECTION_RATE, "10/ss", -EINVAL, { 0 }, NULL },
		{ LIMIT_CONNECTION_RATE, "10/0s", -EINVAL, { 0 }, NULL },
		{ LIMIT_CONNECTION_RATE, "10/5", -EINVAL, { 0 }, NULL },
		{ LIMIT_CONNECTION_RATE, "10/1h30min", -EINVAL, { 0 }, NULL },
		{ LIMIT_CONNECTION_RATE, "-10/s", -EINVAL, { 0 }, NULL },
		{ LIMIT_CONNECTION_RATE, "10/-5s", -EINVAL, { 0 }, NULL },
		{ LIMIT_CONNECTION_RATE, "2MB/s", -EINVAL, { 0 }, NULL },
		{ LIMIT_CONNECTION_RATE, "10/s ", -EINVAL, { 0 }, NULL },
		{ LIMIT_CONNECTION_RATE, "10/s burst", -EINVAL, { 0 }, NULL },
		{ LIMIT_CONNECTION_RATE, "10/s burst 0", -EINVAL, { 0 }, NULL },
		{ LIMIT_CONNECTION_RATE, "10/s burst -5", -EINVAL, { 0 }, NULL },
		{ LIMIT_CONNECTION_RATE, "10/s burst 5 ", -EINVAL, { 0 }, NULL },
		{ LIMIT_CONNECTION_RATE, "10/s burst 5kB", -EINVAL, { 0 }, NULL },
		{ LIMIT_CONNECTION_RATE, "10/s brust 5", -EINVAL, { 0 }, NULL },
		{ LIMIT_CONNECTION_RATE, "10/s,burst 5", -EINVAL, { 0 }, NULL },
		{ LIMIT_CONNECTION_RATE, "18446744073709551616/s", -ERANGE, { 0 }, NULL },
		{ LIMIT_CONNECTION_RATE, "10/18446744074s", -ERANGE, { 0 }, NULL },
		{ LIMIT_CONNECTION_RATE, "10/18446744073709551616s", -ERANGE, { 0 }, NULL },
		{ LIMIT_CONNECTION_RATE, "10/s burst 18446744073709551616", -ERANGE, { 0 }, NULL },
		{ LIMIT_MESSAGE_RATE, "5", -EINVAL, { 0 }, NULL },
		{ LIMIT_MESSAGE_RATE, "5MB/s", -EINVAL, { 0 }, NULL },
		{ LIMIT_MESSAGE_RATE, "5/s burst 0", -EINVAL, { 0 }, NULL },
		{ LIMIT_BYTE_RATE, "2MB", -EINVAL, { 0 }, NULL },
		{ LIMIT_BYTE_RATE, "2MBs", -EINVAL, { 0 }, NULL },
		{ LIMIT_BYTE_RATE, "10Mbit", -EINVAL, { 0 }, NULL },
		{ LIMIT_BYTE_RATE, "10Mbits/s", -EINVAL, { 0 }, NULL },
		{ LIMIT_BYTE_RATE, "2MB/s burst 0", -EINVAL, { 0 }, NULL },
		{ LIMIT_BYTE_RATE, "2MB/s burst 1Mbit", -EINVAL, { 0 }, NULL },
		{ LIMIT_BYTE_RATE, "18446744073709551616/s", -ERANGE, { 0 }, NULL },
		{ LIMIT_BYTE_RATE, "18446744073709551615Gbit/s", -ERANGE, { 0 }, NULL },
	};

	for (size_t i = 0; i < LENGTH(rows); i++) {
		const struct limit untouched = { UNTOUCHED, UNTOUCHED, UNTOUCHED };
		struct limit limit = untouched;
		int ret = limit_parse(rows[i].kind, rows[i].text, &limit);

		ck_assert_msg(ret == rows[i].ret, "\"%s\" gives %d, not %d", rows[i].text, ret, rows[i].ret);
		ck_assert_msg(same_limit(&limit, &untouched), "\"%s\" wrote its output", rows[i].text);
	}
}
END_TEST

/* Always the same numbers, small and large alike. */
static uint64_t next_number(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	uint64_t number = *state >> *state % 64;
	return number > 0 ? number : 1;
}

START_TEST(text_of_any_value_reads_as_it)
{
	uint64_t state = 88172645463325252ull, ns;
	char text[128];

	for (int i = 0; i < 20000; i++) {
		struct limit limit = { next_number(&state), next_number(&state), next_number(&state) }, back;
		enum limit_kind kind = i % 2 ? LIMIT_BYTE_RATE : LIMIT_CONNECTION_RATE;
		ck_assert_msg(limit_parse(kind, limit_format(kind, &limit, text, sizeof(text)), &back) == 0, "\"%s\"",
			      text);
		ck_assert_msg(same_limit(&limit, &back), "\"%s\" reads as another limit", text);
		ck_assert_int_eq(duration_parse(duration_format(limit.per_ns, text, sizeof(text)), &ns), 0);
		ck_assert_uint_eq(ns, limit.per_ns);
	}
}
END_TEST

START_TEST(names)
{
	static const char *const expected[LIMIT_KINDS] = { "connections", "connection-rate", "byte-rate",
							   "message-rate" };

	for (int kind = 0; kind < LIMIT_KINDS; kind++)
		ck_assert_str_eq(limit_kind_name[kind], expected[kind]);
}
END_TEST

UNIT_MAIN("limit", taken, refused, text_of_any_value_reads_as_it, names)
