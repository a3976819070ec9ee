/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "dice.h"
#include "unit.h"
#include "wheel.h"

#define SLOT (1ull << WHEEL_SHIFT)
#define HORIZON WHEEL_HORIZON_NS
#define MOST 400u

static struct wheel *wheel;

static void start(uint32_t most, uint64_t now)
{
	size_t size = (wheel_size(most) + 63) / 64 * 64;

	free(wheel);
	wheel = aligned_alloc(64, size);
	ck_assert_ptr_nonnull(wheel);
	memset(wheel, 0, size);
	wheel_init(wheel, most, now);
	ck_assert_uint_eq(wheel_next(wheel), UINT64_MAX);
}

/* The slot of a time, and the first that begins at or after it. */
static uint64_t slot_of(uint64_t time)
{
	return time / SLOT;
}

static uint64_t slot_after(uint64_t time)
{
	return time / SLOT + (time % SLOT != 0);
}

/* One handle: put in at a time, due at another, asked for at `at`. */
static const struct {
	const char *why;
	uint64_t start, due, at;
	bool out;
} rows[] = {
	{ "due now, where a slot begins", 5 * SLOT, 5 * SLOT, 5 * SLOT, true },
	{ "due in the past", 5 * SLOT, 17, 5 * SLOT, true },
	{ "due at time 0", 0, 0, 0, true },
	{ "just after time 0, early", 0, 1, SLOT - 1, false },
	{ "just after time 0: with the next slot", 0, 1, SLOT, true },
	{ "at a slot's first nanosecond, early", 0, 2 * SLOT, 2 * SLOT - 1, false },
	{ "at a slot's first nanosecond", 0, 2 * SLOT, 2 * SLOT, true },
	{ "one later, early", 0, 2 * SLOT + 1, 3 * SLOT - 1, false },
	{ "one later", 0, 2 * SLOT + 1, 3 * SLOT, true },
	{ "at a slot's last nanosecond, early", 0, 3 * SLOT - 1, 3 * SLOT - 1, false },
	{ "at a slot's last nanosecond", 0, 3 * SLOT - 1, 3 * SLOT, true },
	{ "begun in the middle of a slot", 5 * SLOT + 5, 6 * SLOT, 6 * SLOT, true },
	{ "long after", 0, 3 * SLOT, 1000 * SLOT, true },
	{ "after more than a turn of the wheel", 0, 3 * SLOT, 3 * HORIZON, true },
	{ "at the horizon, early", 0, HORIZON, HORIZON - 1, false },
	{ "at the horizon", 0, HORIZON, HORIZON, true },
	{ "beyond the horizon: not before it", 0, HORIZON + 1, HORIZON - 1, false },
	{ "beyond the horizon: then", 0, HORIZON + 1, HORIZON, true },
	{ "ten turns away, early", 7 * SLOT, 10 * HORIZON, 7 * SLOT + HORIZON - 1, false },
	{ "ten turns away", 7 * SLOT, 10 * HORIZON, 7 * SLOT + HORIZON, true },
	{ "never: at the horizon too", 0, UINT64_MAX, HORIZON, true },
	{ "never, early", 0, UINT64_MAX, HORIZON - 1, false },
	{ "turns of more than 32 bits", SLOT << 33, (SLOT << 33) + SLOT, (SLOT << 33) + SLOT, true },
	{ "the same, early", SLOT << 33, (SLOT << 33) + SLOT, (SLOT << 33) + SLOT - 1, false },
	{ "where 32 bits of turns begin anew", (SLOT << 32) - SLOT, SLOT << 32, SLOT << 32, true },
};

static void check_row(size_t i)
{
	struct wheel_due due[2];

	start(1, rows[i].start);
	uint32_t turn = wheel_insert(wheel, 77, rows[i].due);
	ck_assert_msg(turn != 0, "%s: turn", rows[i].why);
	uint64_t next = wheel_next(wheel);
	ck_assert_msg((next <= rows[i].at) == rows[i].out, "%s: next is %lu", rows[i].why, (unsigned long)next);
	unsigned count = wheel_expire(wheel, rows[i].at, due, 2);
	ck_assert_msg((count == 1) == rows[i].out, "%s: %u", rows[i].why, count);
	ck_assert_uint_eq(wheel->entries, !rows[i].out);
	if (rows[i].out)
		ck_assert_msg(due[0].handle == 77 && due[0].turn == turn, "%s: another one", rows[i].why);
	else
		ck_assert_uint_eq(wheel_expire(wheel, next, due, 2), 1);
	ck_assert_uint_eq(wheel_expire(wheel, rows[i].at + 2 * HORIZON, due, 2), 0);
	ck_assert_uint_eq(wheel_next(wheel), UINT64_MAX);
}

START_TEST(due_or_not)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check_row(i);
}
END_TEST

/* Filed again at each horizon, as its user does: however often one looks on the way, never early. */
START_TEST(beyond_the_horizon_step_by_step)
{
	const uint64_t when = 3 * HORIZON + 3 * SLOT + 12345;
	uint64_t now = 0;
	unsigned filed = 1;
	struct wheel_due due;

	start(1, 0);
	uint32_t turn = wheel_insert(wheel, 5, when);
	for (;; now += SLOT) {
		if (wheel_expire(wheel, now, &due, 1) == 0)
			continue;
		ck_assert_uint_eq(due.turn, turn);
		if (now >= when)
			break;
		turn = wheel_insert(wheel, 5, when);
		filed++;
	}
	ck_assert_uint_lt(now, when + SLOT);
	ck_assert_uint_eq(filed, 4);
}
END_TEST

/* Many in one slot, over several lines, taken out a few at a time; some come while it is half empty. */
static void drain_in_parts(unsigned most)
{
	struct wheel_due due[64];
	uint32_t next = 0, turn = 0, expected = 100;

	start(MOST, 0);
	for (uint32_t i = 0; i < expected; i++) {
		turn = wheel_insert(wheel, i, 10 * SLOT);
		wheel_insert(wheel, 1000 + i, 12 * SLOT);
	}
	while (next < expected) {
		unsigned count = wheel_expire(wheel, 11 * SLOT, due, most);
		ck_assert_uint_gt(count, 0);
		for (unsigned i = 0; i < count; i++, next++)
			ck_assert(due[i].handle == next && due[i].turn == turn);
		if (next < expected && expected < 120)
			ck_assert_uint_eq(wheel_insert(wheel, expected++, 0), turn);
	}
	ck_assert_uint_eq(wheel_expire(wheel, 11 * SLOT, due, most), 0);
	ck_assert_uint_eq(wheel_next(wheel), 12 * SLOT);
	ck_assert_uint_eq(wheel->entries, 100);
}

START_TEST(first_come_first_out)
{
	for (unsigned most = 1; most <= 64; most++)
		drain_in_parts(most);
}
END_TEST

/* Who files himself anew leaves an old handle behind: both come out, and their turns tell which is meant. */
START_TEST(old_handles_are_told_by_their_turn)
{
	struct wheel_due due[4];

	start(MOST, 0);
	uint32_t first = wheel_insert(wheel, 3, 20 * SLOT), second = wheel_insert(wheel, 3, 10 * SLOT);
	uint32_t third = wheel_insert(wheel, 3, 30 * SLOT);
	ck_assert(first != second && second != third && first != third);
	ck_assert_uint_eq(wheel_expire(wheel, 40 * SLOT, due, 4), 3);
	ck_assert(due[0].turn == second && due[1].turn == first && due[2].turn == third);
	ck_assert(due[0].handle == 3 && due[1].handle == 3 && due[2].handle == 3);
}
END_TEST

/* Nothing waited for a year, as before the first table: that is not looked through slot by slot, and what comes
 * then is in time. */
START_TEST(after_a_long_silence)
{
	const uint64_t year = 365 * 86400000000000ull;
	struct wheel_due due;

	start(MOST, 0);
	for (uint64_t now = year; now < 200 * year; now += year) {
		ck_assert_uint_eq(wheel_expire(wheel, now, &due, 1), 0);
		wheel_insert(wheel, 8, now + 3 * SLOT);
		ck_assert_uint_eq(wheel_expire(wheel, now + 2 * SLOT, &due, 1), 0);
		ck_assert_uint_eq(wheel_expire(wheel, now + 4 * SLOT, &due, 1), 1);
	}
}
END_TEST

static uint32_t free_lines(void)
{
	uint32_t lines = 0;

	for (uint32_t line = wheel->free; line != 0; line = wheel->pool[line].next)
		lines++;
	return lines;
}

#define HANDLES 5000u

static uint32_t turn_of[HANDLES];

/* All of them come out by the horizon, each once and under its turn. */
static void drain_all(uint64_t now)
{
	static bool came[HANDLES];
	struct wheel_due due[64];
	unsigned count;

	memset(came, 0, sizeof(came));
	for (uint64_t at = now; at <= now + HORIZON; at += 2 * SLOT)
		while ((count = wheel_expire(wheel, at, due, 64)) > 0)
			for (unsigned i = 0; i < count; i++) {
				ck_assert(!came[due[i].handle] && due[i].turn == turn_of[due[i].handle]);
				ck_assert_uint_le(due[i].turn, slot_of(at));
				came[due[i].handle] = true;
			}
	for (uint32_t i = 0; i < HANDLES; i++)
		ck_assert_msg(came[i], "%u is lost", i);
	ck_assert_uint_eq(wheel->entries, 0);
}

/* More in one slot than the pool has lines for: they go where there is room, none is lost, none comes twice; and
 * the lines are all there again afterwards. Where the slot is the first or the last one, too. */
START_TEST(the_pool_is_empty)
{
	static const uint32_t places[] = { 5000, 2, 1, WHEEL_SLOTS - 2, 5000 };
	struct wheel_due due;
	uint64_t now = 3 * SLOT;

	start(0, now);
	const uint32_t lines = free_lines();
	for (size_t round = 0; round < sizeof(places) / sizeof(places[0]); round++, now += 2 * HORIZON) {
		uint64_t turn = slot_of(now) + places[round];
		uint32_t fits = 0;
		ck_assert_uint_eq(wheel_expire(wheel, now - SLOT, &due, 1), 0); /* now is the first slot not passed */
		for (uint32_t i = 0; i < HANDLES; i++) {
			turn_of[i] = wheel_insert(wheel, i, turn * SLOT);
			fits += turn_of[i] == turn;
		}
		ck_assert_uint_eq(fits, (lines + 1) * WHEEL_LINE);
		ck_assert_uint_eq(wheel->entries, HANDLES);
		ck_assert(!wheel_has_room(wheel));
		drain_all(now);
		ck_assert(wheel_has_room(wheel));
		ck_assert_uint_eq(free_lines(), lines);
	}
}
END_TEST

/* The plain model: a list of what waits, in its order. */
struct waiting {
	uint32_t handle;
	uint64_t turn, serial;
};

struct model {
	struct waiting waiting[2 * MOST];
	uint64_t now, first, serial; /* first slot not passed */
	unsigned count;
};

static int by_turn(const void *left, const void *right)
{
	const struct waiting *a = left, *b = right;

	if (a->turn != b->turn)
		return a->turn < b->turn ? -1 : 1;
	return a->serial < b->serial ? -1 : 1;
}

static uint64_t roll_due(const struct model *model, struct dice *dice)
{
	static const uint64_t near[] = { SLOT / 2, 3 * SLOT, 10 * SLOT }, far[] = { 100 * SLOT, HORIZON, 3 * HORIZON };

	if (dice_roll(dice, 20) == 0)
		return dice_roll(dice, model->now + 1);
	return model->now +
	       dice_roll(dice, dice_roll(dice, 10) == 0 ? far[dice_roll(dice, 3)] : near[dice_roll(dice, 3)]);
}

static void insert(struct model *model, struct dice *dice)
{
	uint64_t due = roll_due(model, dice), turn = slot_after(due), last = model->first + HORIZON / SLOT;
	uint32_t handle = (uint32_t)dice_roll(dice, 1u << 31);

	turn = turn < model->first ? model->first : turn > last ? last : turn;
	ck_assert_uint_eq(wheel_insert(wheel, handle, due), turn);
	model->waiting[model->count++] = (struct waiting){ handle, turn, model->serial++ };
}

/* As many as asked for of those that are due, in the model's order. */
static void expire(struct model *model, unsigned most)
{
	struct wheel_due due[64];
	unsigned count = wheel_expire(wheel, model->now, due, most);

	qsort(model->waiting, model->count, sizeof(model->waiting[0]), by_turn);
	for (unsigned i = 0; i < count; i++) {
		ck_assert(i < model->count && model->waiting[i].turn <= slot_of(model->now));
		ck_assert_uint_eq(due[i].handle, model->waiting[i].handle);
		ck_assert_uint_eq(due[i].turn, model->waiting[i].turn);
	}
	if (count < most && model->first <= slot_of(model->now))
		model->first = slot_of(model->now) + 1;
	else if (count == most)
		model->first =
			due[most - 1].turn + (count == model->count || model->waiting[count].turn > due[most - 1].turn);
	model->count -= count;
	memmove(model->waiting, model->waiting + count, model->count * sizeof(model->waiting[0]));
	ck_assert(count == most || model->count == 0 || model->waiting[0].turn > slot_of(model->now));
}

static void one_step(struct model *model, struct dice *dice)
{
	static const uint64_t pauses[] = { 1, SLOT / 3, 2 * SLOT, 5 * SLOT };

	if (dice_roll(dice, 20) < 19 && model->count < 2 * MOST) {
		insert(model, dice);
		return;
	}
	model->now += dice_roll(dice, dice_roll(dice, 200) == 0 ? 3 * HORIZON : pauses[dice_roll(dice, 4)] + 1);
	expire(model, 1 + (unsigned)dice_roll(dice, 64));
}

START_TEST(as_the_model)
{
	static struct model model;
	struct dice dice = { 1 };

	model.now = 12345678901;
	model.first = slot_of(model.now);
	start(MOST, model.now);
	const uint32_t lines = free_lines();
	for (int step = 0; step < 60000; step++) {
		uint64_t first = UINT64_MAX;
		one_step(&model, &dice);
		ck_assert_uint_eq(wheel->entries, model.count);
		for (unsigned i = 0; i < model.count; i++)
			first = model.waiting[i].turn * SLOT < first ? model.waiting[i].turn * SLOT : first;
		ck_assert_uint_eq(wheel_next(wheel), first);
	}
	for (model.now += 2 * HORIZON; model.count > 0;)
		expire(&model, 64);
	ck_assert_uint_eq(free_lines(), lines);
}
END_TEST

UNIT_MAIN("wheel", due_or_not, beyond_the_horizon_step_by_step, first_come_first_out,
	  old_handles_are_told_by_their_turn, after_a_long_silence, the_pool_is_empty, as_the_model)
