/* SPDX-License-Identifier: BSD-3-Clause */
#include "ledger/blast.h"
#include "unit.h"

static const struct blast_limits limits = { .customers = 10, .volume = 50, .least = 3, .window_ms = 10000 };

static size_t with(struct blast *blast, uint32_t first, uint32_t count, int64_t now_ms)
{
	uint32_t customer[64];
	const struct hits hits = { customer, count };

	for (uint32_t i = 0; i < count; i++)
		customer[i] = first + i;
	size_t all = blast_with(blast, &limits, &hits, now_ms);
	ck_assert_int_eq(blast_note(blast, &hits, now_ms), 0);
	return all;
}

START_TEST(each_counts_once)
{
	struct blast blast = { 0 };

	ck_assert_uint_eq(with(&blast, 50, 3, 1000), 3);
	ck_assert_uint_eq(with(&blast, 51, 1, 2000), 3);
	ck_assert_uint_eq(with(&blast, 49, 1, 3000), 4);
	ck_assert_uint_eq(with(&blast, 10, 60, 4000), 60);
	for (size_t i = 1; i < blast.count; i++)
		ck_assert_uint_lt(blast.hit[i - 1].customer, blast.hit[i].customer);
	ck_assert(blast_has(&blast, 69) && blast_has(&blast, 10) && !blast_has(&blast, 70));
	blast_finish(&blast);
}
END_TEST

START_TEST(what_is_old_counts_no_more)
{
	struct blast blast = { 0 };

	with(&blast, 1, 5, 1000);
	with(&blast, 3, 1, 6000);
	ck_assert_uint_eq(with(&blast, 20, 1, 10999), 6);
	ck_assert_uint_eq(with(&blast, 21, 1, 11100), 3);
	blast_finish(&blast);
}
END_TEST

START_TEST(what_is_too_many)
{
	static const struct {
		struct blast_size size;
		bool exceeds;
	} rows[] = {
		{ { 3, 4, 0, 0 }, false },	{ { 4, 4, 0, 0 }, true },      { { 4, 40, 0, 0 }, false },
		{ { 5, 40, 0, 0 }, true },	{ { 4, 100, 51, 100 }, true }, { { 4, 100, 50, 100 }, false },
		{ { 3, 100, 99, 100 }, false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ck_assert_msg(blast_exceeds(&limits, &rows[i].size) == rows[i].exceeds, "row %zu", i);
}
END_TEST

START_TEST(a_stop_and_its_end)
{
	struct blast blast = { 0 };

	with(&blast, 1, 9, 1000);
	ck_assert(!blast_confirm(&blast, &limits, 0, 1000));
	ck_assert_uint_eq(blast_stop(&blast, 40, 4711, 1000), 4711);
	ck_assert_uint_eq(blast_stop(&blast, 1, 1234, 2000), 4711);
	ck_assert_uint_eq(blast.stop.orders, 2);
	ck_assert(!blast_granted(&blast, 1, 2000));
	ck_assert(!blast_confirm(&blast, &limits, 1234, 3000));
	ck_assert(blast_confirm(&blast, &limits, 4711, 3000));
	ck_assert(!blast_confirm(&blast, &limits, 4711, 3000));
	ck_assert_uint_eq(with(&blast, 100, 1, 3000), 1);
	ck_assert(!blast_granted(&blast, 41, 4000));
	ck_assert(blast_granted(&blast, 40, 4000));
	ck_assert(!blast_granted(&blast, 1, 4000));
	blast_finish(&blast);
}
END_TEST

START_TEST(nobody_comes)
{
	struct blast blast = { 0 };

	ck_assert(!blast_given_up(&blast, &limits, 1000));
	blast_stop(&blast, 4, 4711, 1000);
	ck_assert(!blast_given_up(&blast, &limits, 10999));
	ck_assert(blast_given_up(&blast, &limits, 11000));
	ck_assert(!blast_confirm(&blast, &limits, 4711, 11000));
	ck_assert_uint_eq(blast_stop(&blast, 4, 1234, 12000), 1234);
	ck_assert(blast_confirm(&blast, &limits, 1234, 12000));
	ck_assert(!blast_granted(&blast, 4, 22000));
	blast_finish(&blast);
}
END_TEST

UNIT_MAIN("blast", each_counts_once, what_is_old_counts_no_more, what_is_too_many, a_stop_and_its_end, nobody_comes)
