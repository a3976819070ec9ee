/* SPDX-License-Identifier: BSD-3-Clause */
/* What DNS gave stays for a day, whatever it says then; an answer unlike those before is noticed; and an address does
 * not go to another provider by a word. */
#include "dns/known.h"

#include <stdlib.h>

#include "unit.h"

#define MINUTE 60000ll
#define DAY (24 * 60 * MINUTE)
#define MOST 100

static struct known known_of(uint8_t number, size_t provider, int64_t since_ms)
{
	return (struct known){ .address = { { [15] = number } },
			       .provider = provider,
			       .since_ms = since_ms,
			       .missed_ms = KNOWN_EVER,
			       .seen = true };
}

/* A round in which DNS gives `count` addresses of provider 0 from `first` on, as the resolver notes it. */
static void see_some(struct knowns *knowns, uint8_t first, uint8_t count, int64_t now_ms)
{
	for (uint8_t i = 0; i < count; i++) {
		struct known known = known_of((uint8_t)(first + i), 0, now_ms);
		known.fresh = !knowns_has(knowns, 0, &known.address);
		ck_assert(knowns_see(knowns, &known, MOST));
	}
}

static bool is_odd(const struct knowns *knowns, bool failed)
{
	struct turn turn;

	knowns_turns(knowns, &turn, 1);
	return turn_is_odd(&turn, failed);
}

static bool odd_round(struct knowns *knowns, uint8_t first, uint8_t count, int64_t now_ms)
{
	see_some(knowns, first, count, now_ms);
	bool odd = is_odd(knowns, false);
	knowns_end_round(knowns, false, now_ms, DAY);
	return odd;
}

START_TEST(what_is_missed_stays_for_a_day)
{
	struct knowns knowns = { 0 };

	odd_round(&knowns, 1, 2, 0);
	odd_round(&knowns, 1, 1, MINUTE);
	ck_assert_uint_eq(knowns.count, 2);
	odd_round(&knowns, 1, 1, DAY);
	ck_assert_uint_eq(knowns.count, 2);
	odd_round(&knowns, 1, 1, MINUTE + DAY - 1);
	ck_assert_uint_eq(knowns.count, 2);
	odd_round(&knowns, 1, 1, MINUTE + DAY);
	ck_assert_uint_eq(knowns.count, 1);
	free(knowns.known);
}
END_TEST

/* Seen again, its day begins anew; a round that failed takes nothing, however late; nor does the first answer after
 * a long silence. */
START_TEST(silence_takes_nothing)
{
	struct knowns knowns = { 0 };

	odd_round(&knowns, 1, 2, 0);
	odd_round(&knowns, 1, 1, MINUTE);
	odd_round(&knowns, 1, 2, DAY);
	odd_round(&knowns, 1, 1, 2 * DAY);
	ck_assert_uint_eq(knowns.count, 2);
	knowns_end_round(&knowns, true, 9 * DAY, DAY);
	ck_assert_uint_eq(knowns.count, 2);
	odd_round(&knowns, 1, 2, 10 * DAY);
	odd_round(&knowns, 3, 1, 20 * DAY);
	ck_assert_uint_eq(knowns.count, 3);
	free(knowns.known);
}
END_TEST

START_TEST(no_more_than_most)
{
	struct knowns knowns = { 0 };
	const struct known first = known_of(1, 0, 0), second = known_of(2, 0, 0);

	ck_assert(knowns_see(&knowns, &first, 1));
	ck_assert(!knowns_see(&knowns, &second, 1));
	ck_assert(knowns_see(&knowns, &first, 1));
	free(knowns.known);
}
END_TEST

struct odd_row {
	uint8_t known, first, count; /* addresses 1 ... known were seen; then `count` from `first` on */
	bool odd;
};

static const struct odd_row odd_rows[] = {
	{ 8, 1, 8, false }, { 8, 4, 8, false },			     /* 3 of 8 are new */
	{ 8, 5, 8, true },					     /* 4 of 8 */
	{ 8, 50, 8, true }, { 8, 50, 1, true },			     /* all others */
	{ 8, 1, 4, false },					     /* half is there still */
	{ 8, 1, 3, true },  { 8, 1, 0, true },	{ 3, 50, 3, false }, /* a small one */
	{ 3, 50, 4, true }, { 3, 1, 1, false }, { 0, 1, 8, false },  /* nothing to compare with */
};

START_TEST(odd_answers)
{
	for (size_t i = 0; i < sizeof(odd_rows) / sizeof(odd_rows[0]); i++) {
		const struct odd_row *row = &odd_rows[i];
		struct knowns knowns = { 0 };
		ck_assert(!odd_round(&knowns, 1, row->known, 0));
		ck_assert_msg(odd_round(&knowns, row->first, row->count, MINUTE) == row->odd, "row %zu", i);
		free(knowns.known);
	}
}
END_TEST

/* Half an answer for want of the other half is none that lacks anything; a pool that turns is known after a while. */
START_TEST(not_odd)
{
	struct knowns knowns = { 0 };

	odd_round(&knowns, 1, 8, 0);
	see_some(&knowns, 1, 1, MINUTE);
	ck_assert(!is_odd(&knowns, true));
	knowns_end_round(&knowns, true, MINUTE, DAY);
	odd_round(&knowns, 9, 8, 2 * MINUTE);
	ck_assert(!odd_round(&knowns, 1, 8, 3 * MINUTE));
	ck_assert(!odd_round(&knowns, 9, 8, 4 * MINUTE));
	free(knowns.known);
}
END_TEST

/* Whose an address is that several say is theirs, at `now_ms`: a bit for each provider that may have it. */
static unsigned owners(struct found *found, size_t count, int64_t now_ms)
{
	unsigned owners = 0;

	found_settle(found, count, now_ms, DAY);
	for (size_t i = 0; i < count; i++)
		owners |= found[i].late ? 0 : 1u << found[i].provider;
	return owners;
}

START_TEST(who_had_it_first_keeps_it)
{
	struct found found[] = { { .provider = 1, .since_ms = KNOWN_EVER },
				 { .provider = 0, .since_ms = DAY },
				 { .provider = 1, .since_ms = 2 * DAY } /* by another lookup */ };

	ck_assert_uint_eq(owners(found, 3, DAY), 1u << 1);
	ck_assert_uint_eq(owners(found, 3, 2 * DAY - 1), 1u << 1);
	/* The late one is its provider's last, and the only one of this. */
	ck_assert_uint_eq(found[0].provider, 0);
	ck_assert(found[0].late && !found[1].late && !found[2].late);
	/* It has been so for a day: the configuration's order says who has it. */
	ck_assert_uint_eq(owners(found, 3, 2 * DAY), 1u << 0 | 1u << 1);
}
END_TEST

START_TEST(together_is_not_late)
{
	struct found found[] = { { .provider = 1, .since_ms = 0 }, { .provider = 0, .since_ms = 9 * MINUTE } };

	ck_assert_uint_eq(owners(found, 2, 10 * MINUTE), 1u << 0 | 1u << 1);
	found[found[0].provider == 0 ? 0 : 1].since_ms = 10 * MINUTE;
	ck_assert_uint_eq(owners(found, 2, 10 * MINUTE), 1u << 1);
}
END_TEST

/* One that nobody else has is nobody's to keep. */
START_TEST(alone_is_not_late)
{
	struct found found[] = { { .provider = 0, .since_ms = DAY }, { .provider = 0, .since_ms = 3 * DAY } };

	ck_assert_uint_eq(owners(found, 2, 3 * DAY), 1u << 0);
	ck_assert(!found[0].late && !found[1].late);
}
END_TEST

UNIT_MAIN("known", what_is_missed_stays_for_a_day, silence_takes_nothing, no_more_than_most, odd_answers, not_odd,
	  who_had_it_first_keeps_it, together_is_not_late, alone_is_not_late)
