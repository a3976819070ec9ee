/* SPDX-License-Identifier: BSD-3-Clause */
/* Waits in cells: bounds that meet, quantiles that are never too short and at most a quarter too long. */
#include "histogram.h"

#include <stdlib.h>

#include "unit.h"

#define US 1000ull
#define S 1000000000ull

static void read_cells(const struct histogram *histogram, uint64_t ret_cell[HISTOGRAM_CELLS])
{
	for (unsigned i = 0; i < HISTOGRAM_CELLS; i++)
		ret_cell[i] = atomic_load(&histogram->cell[i]);
}

/* Every wait is below the end of its cell, and not below the end of the one before. */
START_TEST(cells_meet)
{
	for (uint64_t ns = 0; ns < 200 * S; ns += ns / 50 + 7) {
		unsigned cell = histogram_cell(ns);
		ck_assert_uint_lt(cell, HISTOGRAM_CELLS);
		ck_assert_uint_lt(ns, histogram_end(cell));
		ck_assert(cell == 0 || ns >= histogram_end(cell - 1));
	}
	ck_assert_uint_eq(histogram_cell(999), 0);
	ck_assert_uint_eq(histogram_cell(US), 1);
	ck_assert_uint_lt(histogram_cell(60 * S), HISTOGRAM_CELLS - 1);
	ck_assert_uint_eq(histogram_cell(UINT64_MAX), HISTOGRAM_CELLS - 1);
}
END_TEST

START_TEST(no_wait_at_all)
{
	static const uint64_t cell[HISTOGRAM_CELLS];

	ck_assert_uint_eq(histogram_total(cell), 0);
	ck_assert_uint_eq(histogram_quantile(cell, 0, 500), 0);
}
END_TEST

static int by_size(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return left < right ? -1 : left > right;
}

/* Against the sorted waits themselves. */
START_TEST(quantiles)
{
	static const unsigned asked[] = { 1, 100, 500, 900, 990, 1000 };
	enum { WAITS = 5000 };
	static uint64_t wait[WAITS];
	uint64_t cell[HISTOGRAM_CELLS];
	struct histogram histogram = { 0 };

	srandom(7);
	for (unsigned i = 0; i < WAITS; i++) {
		wait[i] = (uint64_t)random() % (US << random() % 25) + 5 * US;
		histogram_add(&histogram, wait[i]);
	}
	qsort(wait, WAITS, sizeof(*wait), by_size);
	read_cells(&histogram, cell);
	ck_assert_uint_eq(histogram_total(cell), WAITS);
	ck_assert_uint_eq(atomic_load(&histogram.most_ns), wait[WAITS - 1]);
	for (unsigned i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
		uint64_t exact = wait[(WAITS * asked[i] + 999) / 1000 - 1];
		uint64_t said = histogram_quantile(cell, wait[WAITS - 1], asked[i]);
		ck_assert_uint_ge(said, exact);
		ck_assert_uint_le(said, exact + exact / 4 + US);
	}
}
END_TEST

/* The bound of the last cell is no bound: the longest is. */
START_TEST(beyond_the_cells)
{
	uint64_t cell[HISTOGRAM_CELLS];
	struct histogram histogram = { 0 };

	histogram_add(&histogram, 3 * US);
	histogram_add(&histogram, 500 * S);
	read_cells(&histogram, cell);
	ck_assert_uint_eq(histogram_quantile(cell, 500 * S, 500), 4000);
	ck_assert_uint_eq(histogram_quantile(cell, 500 * S, 990), 500 * S);
}
END_TEST

UNIT_MAIN("histogram", cells_meet, no_wait_at_all, quantiles, beyond_the_cells)
