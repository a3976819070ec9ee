/* SPDX-License-Identifier: BSD-3-Clause */
#include "memory.h"
#include "unit.h"

START_TEST(next_power_of_two)
{
	static const struct {
		uint32_t at_least, power;
	} rows[] = {
		{ 0, 1 },
		{ 1, 1 },
		{ 2, 2 },
		{ 3, 4 },
		{ 4, 4 },
		{ 5, 8 },
		{ 1000, 1024 },
		{ 1024, 1024 },
		{ (1u << 30) + 1, 1u << 31 },
		{ 1u << 31, 1u << 31 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ck_assert_uint_eq(power_of_two(rows[i].at_least), rows[i].power);
	for (uint32_t bit = 1; bit < 31; bit++) {
		ck_assert_uint_eq(power_of_two(1u << bit), 1u << bit);
		ck_assert_uint_eq(power_of_two((1u << bit) + 1), 1u << (bit + 1));
	}
}
END_TEST

/* It asks for a line and touches nothing: no address is wrong. */
START_TEST(fetch_of_anything)
{
	fetch(NULL);
	fetch((const void *)1);
}
END_TEST

UNIT_MAIN("memory", next_power_of_two, fetch_of_anything)
