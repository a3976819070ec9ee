/* SPDX-License-Identifier: BSD-3-Clause */
/* What passed, minute by minute, and what a limit would have come to. */
#include "past/past.h"

#include <stdlib.h>
#include <string.h>

#include "past/whatif.h"
#include "unit.h"

#define MINUTE 60000
#define SECOND 1000000000u

static struct past past;

static struct scope_key customer(uint32_t id)
{
	return scope_key_of(SCOPE_CUSTOMER, id, 0);
}

/* Customer 7's meter shows so much, after so many ms. */
static void look(int64_t at_ms, uint64_t boot, uint32_t open, uint64_t messages)
{
	const struct wire_ROW_METER rows[] = {
		{ .key = customer(9), .messages = 5 },
		{ .key = customer(7),
		  .connections = open,
		  .admitted = messages / 10,
		  .messages = messages,
		  .bytes = messages * 1000 },
	};

	past_take(&past, at_ms, boot, rows, 2);
}

static const struct past_use *use_at(unsigned place)
{
	const struct scope_key key = customer(7);

	return past_use_of(past_minute_at(&past, place), &key);
}

START_TEST(minutes)
{
	look(0, 1, 1, 1000); /* since when is not known */
	ck_assert_uint_eq(past.kept, 0);
	look(MINUTE, 1, 3, 1200);
	look(2 * MINUTE + 900, 1, 2, 1200);
	look(3 * MINUTE, 1, 4, 50); /* forgotten, and there again */
	ck_assert_uint_eq(past.kept, 3);
	ck_assert(use_at(0)->messages == 200 && use_at(0)->bytes == 200000 && use_at(0)->open == 3);
	ck_assert(use_at(1)->messages == 0 && use_at(2)->messages == 50);
	past_finish(&past);
}
END_TEST

START_TEST(only_whole_ones)
{
	look(0, 1, 0, 100);
	look(3 * MINUTE, 1, 0, 200); /* nobody looked meanwhile */
	look(4 * MINUTE, 2, 0, 300); /* another life of the gate */
	ck_assert_uint_eq(past.kept, 0);
	look(5 * MINUTE, 2, 0, 310);
	ck_assert_uint_eq(past.kept, 1);
	ck_assert_uint_eq(use_at(0)->messages, 10);
	past_finish(&past);
}
END_TEST

START_TEST(the_last_hour)
{
	for (int i = 0; i <= 100; i++)
		look((int64_t)i * MINUTE, 1, 0, (uint64_t)i * (uint64_t)i);
	ck_assert_uint_eq(past.kept, PAST_MINUTES);
	ck_assert_uint_eq(use_at(0)->messages, 41 * 41 - 40 * 40);
	ck_assert_uint_eq(use_at(PAST_MINUTES - 1)->messages, 100 * 100 - 99 * 99);
	size_t count;
	struct scope_key *keys = past_keys(&past, &count), seven = customer(7);
	ck_assert_uint_eq(count, 2);
	ck_assert(memcmp(&keys[0], &seven, sizeof(seven)) == 0);
	free(keys);
	past_finish(&past);
}
END_TEST

/* 100 messages in the first minute, 10 in the second, 0, then 200. */
static void pass(void)
{
	static const uint64_t sums[] = { 0, 100, 110, 110, 310 };
	static const uint32_t open[] = { 0, 5, 8, 2, 1 };

	for (int i = 0; i < 5; i++)
		look((int64_t)i * MINUTE, 1, open[i], sums[i]);
}

START_TEST(limits)
{
	static const struct {
		enum limit_kind kind;
		struct limit limit;
		struct whatif expect;
	} rows[] = {
		{ LIMIT_MESSAGE_RATE, { 60, 60ull * SECOND, 1 }, { 310, 178, 2 } },  /* 61 of 100, 61 of 200 */
		{ LIMIT_MESSAGE_RATE, { 60, 60ull * SECOND, 40 }, { 310, 100, 1 } }, /* it has saved up 40 */
		{ LIMIT_MESSAGE_RATE, { 1000, 60ull * SECOND, 1 }, { 310, 0, 0 } },
		{ LIMIT_MESSAGE_RATE, { 0, SECOND, 1 }, { 310, 310, 3 } },
		{ LIMIT_CONNECTION_RATE, { 1, 60ull * SECOND, 1 }, { 31, 26, 2 } },
		{ LIMIT_BYTE_RATE, { 2000, SECOND, 1500 }, { 310000, 78500, 1 } },
		{ LIMIT_CONNECTIONS, { 4, 1, 1 }, { 8, 4, 2 } },
		{ LIMIT_CONNECTIONS, { 8, 1, 1 }, { 8, 0, 0 } },
	};
	const struct scope_key key = customer(7), nobody = customer(8);

	pass();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct whatif is = whatif(&past, &key, rows[i].kind, &rows[i].limit);
		const struct whatif *expect = &rows[i].expect;
		ck_assert_msg(is.passed == expect->passed && is.over == expect->over && is.minutes == expect->minutes,
			      "row %zu: %lu passed, %lu over in %u", i, is.passed, is.over, is.minutes);
		ck_assert_uint_eq(whatif(&past, &key, rows[i].kind, NULL).over, 0);
		ck_assert_uint_eq(whatif(&past, &nobody, rows[i].kind, &rows[i].limit).over, 0);
	}
	past_finish(&past);
}
END_TEST

UNIT_MAIN("past", minutes, only_whole_ones, the_last_hour, limits)
