/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "cookie.h"
#include "unit.h"

#define EPOCH 32000000000ull

static const uint8_t secret[16] = "a gate's secret";
static const struct flow_key key = {
	.inside = { { 1, 2, 3 } }, .outside = { { 4, 5, 6 } }, .inside_port = 40000, .outside_port = 25, .vlan = 7
};

/* An ACK `past` bytes beyond the cookie. */
static const struct {
	const char *why;
	uint64_t made, checked;
	uint32_t past;
	bool good;
} rows[] = {
	{ "at once", 100, 100, 0, true },
	{ "at the end of its half-minute", 0, EPOCH - 1, 0, true },
	{ "in the next one", EPOCH - 1, EPOCH, 0, true },
	{ "at the end of the next one", 0, 2 * EPOCH - 1, 0, true },
	{ "too late", 0, 2 * EPOCH, 0, false },
	{ "too late, made at the end", EPOCH - 1, 2 * EPOCH, 0, false },
	{ "much too late", 5 * EPOCH, 9 * EPOCH, 0, false },
	{ "not yet made", 3 * EPOCH, 3 * EPOCH - 1, 0, false },
	{ "after the reply", EPOCH, EPOCH + 5, 60, true },
	{ "as far as it goes", EPOCH, EPOCH + 5, COOKIE_SPAN, true },
	{ "one byte further", EPOCH, EPOCH + 5, COOKIE_SPAN + 1, false },
	{ "one byte before", EPOCH, EPOCH + 5, UINT32_MAX, false },
	{ "opposite", EPOCH, EPOCH + 5, 0x80000000, false },
	{ "further, a half-minute old", EPOCH, 2 * EPOCH, COOKIE_SPAN, true },
	{ "a year on", 985500 * EPOCH, 985500 * EPOCH + 1, 3, true },
};

START_TEST(checked_in_time)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint32_t past = 12345;
		uint32_t ack = cookie_make(secret, &key, rows[i].made) + 1 + rows[i].past;
		bool good = cookie_check(secret, &key, rows[i].checked, ack, &past);
		ck_assert_msg(good == rows[i].good, "%s", rows[i].why);
		ck_assert_msg(past == (good ? rows[i].past : 12345), "%s: %u bytes past", rows[i].why, past);
	}
}
END_TEST

/* Another connection's cookie, or another gate's, is none. */
START_TEST(every_bit_of_the_connection_counts)
{
	uint32_t ack = cookie_make(secret, &key, 0) + 1, past;

	for (size_t bit = 0; bit < sizeof(key) * 8; bit++) {
		struct flow_key other = key;
		((uint8_t *)&other)[bit / 8] ^= (uint8_t)(1u << bit % 8);
		ck_assert_msg(!cookie_check(secret, &other, 0, ack, &past), "bit %zu", bit);
	}
	for (size_t bit = 0; bit < sizeof(secret) * 8; bit++) {
		uint8_t other[16];
		memcpy(other, secret, sizeof(other));
		other[bit / 8] ^= (uint8_t)(1u << bit % 8);
		ck_assert_msg(!cookie_check(other, &key, 0, ack, &past), "bit %zu of the secret", bit);
	}
}
END_TEST

UNIT_MAIN("cookie", checked_in_time, every_bit_of_the_connection_counts)
