/* SPDX-License-Identifier: BSD-3-Clause */
#include "alarms/strangers.h"

#include "unit.h"

static const struct wire_ROW_METER five = { .admitted = 3, .refused = 2 }, six = { .admitted = 3, .refused = 3 },
				   one = { .admitted = 1 }, open = { .admitted = 6, .connections = 1 };

START_TEST(what_is_new)
{
	static const struct {
		uint64_t boot;
		const struct wire_ROW_METER *meter;
		int64_t now_ms;
		bool more, lately;
	} rows[] = {
		{ 7, &five, 1000, false, false }, /* old news */
		{ 7, &five, 5000, false, false },
		{ 7, &six, 9000, true, true },
		{ 7, &six, 308000, false, true }, /* five minutes long */
		{ 7, &six, 309000, false, false },
		{ 7, NULL, 400000, false, false }, /* forgotten */
		{ 7, &one, 500000, true, true },
		{ 8, &one, 504000, false, true }, /* another gate: what it has counted was there before */
		{ 8, &six, 508000, true, true },
		{ 9, &open, 900000, true, true }, /* and is still open */
		{ 9, &open, 904000, false, true },
	};
	struct strangers strangers = { 0 };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ck_assert_msg(strangers_count(&strangers, rows[i].boot, rows[i].meter, rows[i].now_ms) == rows[i].more,
			      "row %zu", i);
		ck_assert_msg(strangers_lately(&strangers, rows[i].now_ms) == rows[i].lately, "row %zu", i);
	}
}
END_TEST

START_TEST(the_first_few_are_named)
{
	struct wire_ROW_FLOW rows[8] = { 0 };
	struct strangers strangers = { 0 };

	for (int i = 0; i < 8; i++)
		rows[i].source = (struct address){ { [10] = 0xff, 0xff, 192, 0, 2, (uint8_t)(i / 2) } };
	rows[7].source = (struct address){ { [0] = 0x20, 0x01, 0x0d, 0xb8, [15] = 1 } };
	strangers_name(&strangers, rows, 3);
	ck_assert_str_eq(strangers.from, "192.0.2.0, 192.0.2.1");
	strangers_name(&strangers, rows, 8);
	ck_assert_str_eq(strangers.from, "192.0.2.0, 192.0.2.1, 192.0.2.2, 192.0.2.3");
	strangers_name(&strangers, rows, 0); /* who is gone was there all the same */
	ck_assert_str_eq(strangers.from, "192.0.2.0, 192.0.2.1, 192.0.2.2, 192.0.2.3");
}
END_TEST

UNIT_MAIN("strangers", what_is_new, the_first_few_are_named)
