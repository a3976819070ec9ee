/* SPDX-License-Identifier: BSD-3-Clause */
#include "seq.h"
#include "unit.h"

static const struct {
	uint32_t a, b;
	int32_t past;
	bool after;
	uint32_t max;
} rows[] = {
	{ 5, 5, 0, false, 5 },
	{ 6, 5, 1, true, 6 },
	{ 5, 6, -1, false, 6 },
	{ 0, UINT32_MAX, 1, true, 0 },
	{ UINT32_MAX, 0, -1, false, 0 },
	{ 0x10, 0xfffffff0, 0x20, true, 0x10 },
	{ 0xfffffff0, 0x10, -0x20, false, 0x10 },
	{ 0x7fffffff, 0, INT32_MAX, true, 0x7fffffff },
	{ 0, 0x7fffffff, -INT32_MAX, false, 0x7fffffff },
	{ 0x80000001, 0, -INT32_MAX, false, 0 },
	{ 0x90000000, 0x70000000, 0x20000000, true, 0x90000000 },
};

START_TEST(follows_the_circle)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ck_assert_msg(seq_past(rows[i].a, rows[i].b) == rows[i].past, "row %zu: past", i);
		ck_assert_msg(seq_after(rows[i].a, rows[i].b) == rows[i].after, "row %zu: after", i);
		ck_assert_msg(seq_max(rows[i].a, rows[i].b) == rows[i].max, "row %zu: max", i);
	}
}
END_TEST

/* Half the circle away there is no before and after; all that is asked is that nothing traps. */
START_TEST(opposite_points_are_defined)
{
	ck_assert_int_eq(seq_past(0x80000000, 0), INT32_MIN);
	ck_assert_int_eq(seq_past(0, 0x80000000), INT32_MIN);
	ck_assert(!seq_after(0x80000000, 0));
	ck_assert(!seq_after(0, 0x80000000));
}
END_TEST

UNIT_MAIN("seq", follows_the_circle, opposite_points_are_defined)
