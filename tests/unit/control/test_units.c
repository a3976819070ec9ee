/* SPDX-License-Identifier: BSD-3-Clause */
/* Numbers with units: what is read as what, what is refused, and that text made from a value reads as the value. */
#include "units.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "unit.h"

#define S 1000000000ull
#define UNTOUCHED 0x5a5a5a5a5a5a5a5aull
#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

struct number_row {
	const char *text;
	int ret;
	uint64_t value;
};

static void check_numbers(int (*parse)(const char *text, uint64_t *ret), const struct number_row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint64_t value = UNTOUCHED, expected = rows[i].ret == 0 ? rows[i].value : UNTOUCHED;
		int ret = parse(rows[i].text, &value);

		ck_assert_msg(ret == rows[i].ret, "\"%s\" gives %d, not %d", rows[i].text, ret, rows[i].ret);
		ck_assert_msg(value == expected, "\"%s\" is %llu", rows[i].text, (unsigned long long)value);
	}
}

START_TEST(durations)
{
	static const struct number_row rows[] = {
		{ "0s", 0, 0 },
		{ "1ns", 0, 1 },
		{ "3us", 0, 3000 },
		{ "250ms", 0, 250000000 },
		{ "30s", 0, 30 * S },
		{ "5min", 0, 300 * S },
		{ "5m", 0, 300 * S },
		{ "24h", 0, 86400 * S },
		{ "7d", 0, 604800 * S },
		{ "1w", 0, 604800 * S },
		{ "1h30min", 0, 5400 * S },
		{ "1d2h3min4s5ms", 0, 93784 * S + 5000000 },
		{ "18446744073s709551615ns", 0, UINT64_MAX },
		{ "18446744073s709551616ns", -ERANGE, 0 },
		{ "18446744074s", -ERANGE, 0 },
		{ "18446744073709551616ns", -ERANGE, 0 },
		{ "99999999999999999999w", -ERANGE, 0 },
		{ "", -EINVAL, 0 },
		{ " ", -EINVAL, 0 },
		{ "30", -EINVAL, 0 },
		{ "0", -EINVAL, 0 },
		{ "s", -EINVAL, 0 },
		{ "-1s", -EINVAL, 0 },
		{ "+1s", -EINVAL, 0 },
		{ " 1s", -EINVAL, 0 },
		{ "1s ", -EINVAL, 0 },
		{ "1 s", -EINVAL, 0 },
		{ "1h 30min", -EINVAL, 0 },
		{ "1h30", -EINVAL, 0 },
		{ "1.5s", -EINVAL, 0 },
		{ "1S", -EINVAL, 0 },
		{ "1sec", -EINVAL, 0 },
		{ "0x10s", -EINVAL, 0 },
		{ "1s\n", -EINVAL, 0 },
	};

	check_numbers(duration_parse, rows, LENGTH(rows));
}
END_TEST

START_TEST(counts)
{
	static const struct number_row rows[] = {
		{ "0", 0, 0 },
		{ "20", 0, 20 },
		{ "007", 0, 7 },
		{ "10k", 0, 10000 },
		{ "5M", 0, 5000000 },
		{ "2G", 0, 2000000000 },
		{ "18446744073709551615", 0, UINT64_MAX },
		{ "18446744073709551k", 0, 18446744073709551000ull },
		{ "18446744073709551616", -ERANGE, 0 },
		{ "18446744073709552k", -ERANGE, 0 },
		{ "", -EINVAL, 0 },
		{ "k", -EINVAL, 0 },
		{ "-1", -EINVAL, 0 },
		{ "+1", -EINVAL, 0 },
		{ " 1", -EINVAL, 0 },
		{ "1 ", -EINVAL, 0 },
		{ "1.5k", -EINVAL, 0 },
		{ "10K", -EINVAL, 0 },
		{ "10kB", -EINVAL, 0 },
		{ "1k1", -EINVAL, 0 },
		{ "0x10", -EINVAL, 0 },
	};

	check_numbers(count_parse, rows, LENGTH(rows));
}
END_TEST

START_TEST(sizes)
{
	static const struct number_row rows[] = {
		{ "0", 0, 0 },
		{ "1500", 0, 1500 },
		{ "1500B", 0, 1500 },
		{ "64k", 0, 64000 },
		{ "64kB", 0, 64000 },
		{ "10M", 0, 10000000 },
		{ "10MB", 0, 10000000 },
		{ "3GB", 0, 3000000000 },
		{ "1KiB", 0, 1024 },
		{ "1kiB", 0, 1024 },
		{ "1MiB", 0, 1048576 },
		{ "4GiB", 0, 4294967296 },
		{ "18446744073709551615", 0, UINT64_MAX },
		{ "18446744073709551616", -ERANGE, 0 },
		{ "17179869184GiB", -ERANGE, 0 },
		{ "", -EINVAL, 0 },
		{ "kB", -EINVAL, 0 },
		{ "-5kB", -EINVAL, 0 },
		{ "64 kB", -EINVAL, 0 },
		{ "64KB", -EINVAL, 0 },
		{ "64kb", -EINVAL, 0 },
		{ "1mb", -EINVAL, 0 },
		{ "1Mbit", -EINVAL, 0 },
		{ "1.5MB", -EINVAL, 0 },
		{ "1MB/s", -EINVAL, 0 },
	};

	check_numbers(size_parse, rows, LENGTH(rows));
}
END_TEST

START_TEST(durations_formatted)
{
	static const struct number_row rows[] = {
		{ "0s", 0, 0 },		{ "1ns", 0, 1 },	 { "250ms", 0, 250000000 }, { "1001us", 0, 1001000 },
		{ "90s", 0, 90 * S },	{ "1min", 0, 60 * S },	 { "90min", 0, 5400 * S },  { "25h", 0, 90000 * S },
		{ "1d", 0, 86400 * S }, { "7d", 0, 604800 * S },
	};
	char text[32];

	for (size_t i = 0; i < LENGTH(rows); i++)
		ck_assert_str_eq(duration_format(rows[i].value, text, sizeof(text)), rows[i].text);
}
END_TEST

struct prefix_row {
	const char *text;
	int ret;
	uint8_t plen;
	const char *formatted;
};

START_TEST(prefixes)
{
	static const struct prefix_row rows[] = {
		{ "203.0.113.5", 0, 128, "203.0.113.5" },
		{ "203.0.113.5/32", 0, 128, "203.0.113.5" },
		{ "10.0.0.0/8", 0, 104, "10.0.0.0/8" },
		{ "0.0.0.0/0", 0, 96, "0.0.0.0/0" },
		{ "192.0.2.128/25", 0, 121, "192.0.2.128/25" },
		{ "2001:db8::1", 0, 128, "2001:db8::1" },
		{ "2001:DB8:0::/32", 0, 32, "2001:db8::/32" },
		{ "::/0", 0, 0, "::/0" },
		{ "::ffff:192.0.2.1", 0, 128, "192.0.2.1" },
		{ "::ffff:192.0.2.0/120", 0, 120, "192.0.2.0/24" },
		{ "10.0.0.1/8", -EINVAL, 0, NULL },
		{ "192.0.2.128/24", -EINVAL, 0, NULL },
		{ "2001:db8::1/32", -EINVAL, 0, NULL },
		{ "10.0.0.0/33", -EINVAL, 0, NULL },
		{ "2001:db8::/129", -EINVAL, 0, NULL },
		{ "10.0.0.0/18446744073709551616", -EINVAL, 0, NULL },
		{ "10.0.0.0/", -EINVAL, 0, NULL },
		{ "10.0.0.0/-8", -EINVAL, 0, NULL },
		{ "10.0.0.0/ 8", -EINVAL, 0, NULL },
		{ "10.0.0.0/8 ", -EINVAL, 0, NULL },
		{ "10.0.0.0/8/8", -EINVAL, 0, NULL },
		{ "/8", -EINVAL, 0, NULL },
		{ "", -EINVAL, 0, NULL },
		{ "10.0.0", -EINVAL, 0, NULL },
		{ "10.0.0.0.0", -EINVAL, 0, NULL },
		{ "256.0.0.1", -EINVAL, 0, NULL },
		{ " 10.0.0.1", -EINVAL, 0, NULL },
		{ "2001:db8::g", -EINVAL, 0, NULL },
		{ "2001:db8:::1", -EINVAL, 0, NULL },
		{ "fe80::1%eth0", -EINVAL, 0, NULL },
		{ "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000/64", -EINVAL, 0, NULL },
		{ "localhost", -EINVAL, 0, NULL },
	};

	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct address address = { { 0x5a } };
		uint8_t plen = 0x5a;
		char text[64];
		int ret = prefix_parse(rows[i].text, &address, &plen);

		ck_assert_msg(ret == rows[i].ret, "\"%s\" gives %d", rows[i].text, ret);
		ck_assert_msg(plen == (ret == 0 ? rows[i].plen : 0x5a), "\"%s\" has length %u", rows[i].text, plen);
		if (ret == 0)
			ck_assert_str_eq(prefix_format(&address, plen, text, sizeof(text)), rows[i].formatted);
		else
			ck_assert_msg(address.byte[0] == 0x5a, "\"%s\" wrote its output", rows[i].text);
	}
}
END_TEST

START_TEST(addresses)
{
	static const uint8_t ipv4[16] = { [10] = 0xff, 0xff, 203, 0, 113, 5 };
	static const uint8_t ipv6[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 };
	static const char *const refused[] = {
		"", "203.0.113", "203.0.113.5/32", "::1/128", "gate", "1:2", "010.0.0.1"
	};
	struct address address;
	char text[64];

	ck_assert_int_eq(address_parse("203.0.113.5", &address), 0);
	ck_assert_mem_eq(address.byte, ipv4, 16);
	ck_assert_str_eq(address_format(&address, text, sizeof(text)), "203.0.113.5");
	ck_assert_int_eq(address_parse("2001:db8::1", &address), 0);
	ck_assert_mem_eq(address.byte, ipv6, 16);
	ck_assert_str_eq(address_format(&address, text, sizeof(text)), "2001:db8::1");
	for (size_t i = 0; i < LENGTH(refused); i++)
		ck_assert_msg(address_parse(refused[i], &address) == -EINVAL, "\"%s\" is taken", refused[i]);
	ck_assert_mem_eq(address.byte, ipv6, 16);
}
END_TEST

START_TEST(formatters_stay_within_their_room)
{
	const struct limit limit = { 123456789, S, 123456789 };
	const struct address address = { { 0x20, 0x01, 0x0d, 0xb8, 1, 2, 3, 4, 5, 6, 7, 8 } };
	char text[64];

	for (size_t size = 1; size < 12; size++) {
		memset(text, '#', sizeof(text));
		ck_assert_uint_lt(strlen(duration_format(UINT64_MAX, text, size)), size);
		ck_assert_uint_lt(strlen(limit_format(LIMIT_BYTE_RATE, &limit, text, size)), size);
		ck_assert_uint_lt(strlen(limit_format(LIMIT_CONNECTIONS, &limit, text, size)), size);
		ck_assert_uint_lt(strlen(address_format(&address, text, size)), size);
		ck_assert_uint_lt(strlen(prefix_format(&address, 96, text, size)), size);
		ck_assert_int_eq(text[size], '#');
	}
}
END_TEST

UNIT_MAIN("units", durations, counts, sizes, durations_formatted, prefixes, addresses,
	  formatters_stay_within_their_room)
