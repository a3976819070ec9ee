/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "dice.h"
#include "unit.h"
#include "wheel.h"

#define SLOT (1ull << WHEEL_SHIFT)
#define HORIZON ((uint64_t)WHEEL_SLOTS << WHEEL_SHIFT)
#define ENTRIES 400

static struct wheel wheel;
static struct wheel_entry entry[ENTRIES];

static void start(uint64_t now)
{
	memset(entry, 0, sizeof(entry));
	wheel_init(&wheel, now);
}

/* One entry: put in at a time, due at another, asked for at `at`. */
static const struct {
	const char *why;
	uint64_t start, due, at;
	bool out;
} rows[] = {
	{ "due now", 5 * SLOT, 5 * SLOT, 5 * SLOT, true },
	{ "due in the past", 5 * SLOT, 17, 5 * SLOT, true },
	{ "due at time 0", 0, 0, 0, true },
	{ "a nanosecond early", 0, 1000, 999, false },
	{ "to the nanosecond", 0, 1000, 1000, true },
	{ "early, a slot on", 100, SLOT + 5, SLOT + 4, false },
	{ "due, a slot on", 100, SLOT + 5, SLOT + 5, true },
	{ "last of its slot, early", 0, 2 * SLOT - 1, 2 * SLOT - 2, false },
	{ "last of its slot", 0, 2 * SLOT - 1, 2 * SLOT - 1, true },
	{ "long after", 0, 3 * SLOT, 1000 * SLOT, true },
	{ "after more than a turn of the wheel", 0, 3 * SLOT, 3 * HORIZON, true },
	{ "last slot of the horizon, early", 0, HORIZON - 1, HORIZON - 2, false },
	{ "last slot of the horizon", 0, HORIZON - 1, HORIZON - 1, true },
	{ "beyond the horizon, early", 0, HORIZON + 7, HORIZON + 6, false },
	{ "beyond the horizon", 0, HORIZON + 7, HORIZON + 7, true },
	{ "ten turns away, early", 7 * SLOT, 10 * HORIZON, 10 * HORIZON - 1, false },
	{ "ten turns away", 7 * SLOT, 10 * HORIZON, 10 * HORIZON, true },
	{ "never", 0, UINT64_MAX, 100 * HORIZON, false },
	{ "a start late in the day", 86400000000000, 86400000000000 + 5, 86400000000000 + 5, true },
	{ "the same, early", 86400000000000, 86400000000000 + 5, 86400000000000 + 4, false },
};

START_TEST(due_or_not)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		start(rows[i].start);
		wheel_insert(&wheel, &entry[0], rows[i].due);
		ck_assert_msg(wheel_next(&wheel) <= (rows[i].due > rows[i].start ? rows[i].due : rows[i].start),
			      "%s: next", rows[i].why);
		ck_assert_msg((wheel_expire(&wheel, rows[i].at) == &entry[0]) == rows[i].out, "%s", rows[i].why);
		ck_assert_msg(wheel_waits(&entry[0]) != rows[i].out, "%s: waits", rows[i].why);
		ck_assert_ptr_null(wheel_expire(&wheel, rows[i].at));
		ck_assert_uint_eq(wheel.entries, !rows[i].out);
	}
}
END_TEST

/* However often one looks on the way. */
START_TEST(beyond_the_horizon_step_by_step)
{
	const uint64_t due = 3 * HORIZON + 12345;

	start(0);
	wheel_insert(&wheel, &entry[0], due);
	for (uint64_t now = 0; now < due; now += HORIZON / 7) {
		ck_assert_ptr_null(wheel_expire(&wheel, now));
		ck_assert_uint_le(wheel_next(&wheel), due);
	}
	ck_assert_ptr_null(wheel_expire(&wheel, due - 1));
	ck_assert_ptr_eq(wheel_expire(&wheel, due), &entry[0]);
}
END_TEST

START_TEST(first_come_first_out)
{
	start(0);
	for (int i = 0; i < 50; i++)
		wheel_insert(&wheel, &entry[i], 10 * SLOT + (i * 37) % 50);
	wheel_remove(&wheel, &entry[0]);
	wheel_remove(&wheel, &entry[20]);
	wheel_remove(&wheel, &entry[49]);
	wheel_insert(&wheel, &entry[5], 10 * SLOT); /* moved: at the end now */
	for (int i = 1; i < 49; i++)
		if (i != 5 && i != 20)
			ck_assert_ptr_eq(wheel_expire(&wheel, 11 * SLOT), &entry[i]);
	ck_assert_ptr_eq(wheel_expire(&wheel, 11 * SLOT), &entry[5]);
	ck_assert_ptr_null(wheel_expire(&wheel, 11 * SLOT));
	ck_assert_uint_eq(wheel_next(&wheel), UINT64_MAX);
}
END_TEST

/* Of a slot that is half over only those come out that are due. */
START_TEST(within_a_slot)
{
	start(0);
	wheel_insert(&wheel, &entry[0], 300);
	wheel_insert(&wheel, &entry[1], 100);
	wheel_insert(&wheel, &entry[2], 200);
	ck_assert_ptr_null(wheel_expire(&wheel, 99));
	ck_assert_ptr_eq(wheel_expire(&wheel, 200), &entry[1]);
	ck_assert_ptr_eq(wheel_expire(&wheel, 200), &entry[2]);
	ck_assert_ptr_null(wheel_expire(&wheel, 299));
	ck_assert_ptr_eq(wheel_expire(&wheel, 300), &entry[0]);
}
END_TEST

START_TEST(removed_is_gone)
{
	start(0);
	wheel_remove(&wheel, &entry[0]); /* waits nowhere: harmless */
	ck_assert_uint_eq(wheel.entries, 0);
	wheel_insert(&wheel, &entry[0], 5 * SLOT);
	wheel_insert(&wheel, &entry[1], 5 * SLOT);
	wheel_remove(&wheel, &entry[0]);
	wheel_remove(&wheel, &entry[0]);
	ck_assert(!wheel_waits(&entry[0]));
	ck_assert_uint_eq(wheel.entries, 1);
	ck_assert_ptr_eq(wheel_expire(&wheel, 6 * SLOT), &entry[1]);
	ck_assert_ptr_null(wheel_expire(&wheel, 6 * SLOT));
	ck_assert_uint_eq(wheel_next(&wheel), UINT64_MAX);
}
END_TEST

/* The plain model: when each is due, and when it came. */
struct model {
	uint64_t due[ENTRIES], came[ENTRIES], serial, now;
	bool waits[ENTRIES];
	unsigned count;
};

static uint64_t earliest(const struct model *model)
{
	uint64_t due = UINT64_MAX;

	for (int i = 0; i < ENTRIES; i++)
		if (model->waits[i] && model->due[i] < due)
			due = model->due[i];
	return due;
}

/* Takes out all that is due: nothing early, nothing more than a slot late, and in one slot in the order they
 * came. Those that came from beyond the horizon are put in their slot on the way, so order is asked of the
 * others only. */
static void drain(struct model *model, const bool *near)
{
	const struct wheel_entry *last = NULL, *out;

	for (; (out = wheel_expire(&wheel, model->now)) != NULL; last = out) {
		size_t i = (size_t)(out - entry);
		ck_assert(model->waits[i]);
		ck_assert_uint_eq(out->due, model->due[i]);
		ck_assert_uint_le(out->due, model->now);
		if (last != NULL && near[i] && near[last - entry] && last->at == out->at)
			ck_assert_uint_lt(model->came[last - entry], model->came[i]);
		model->waits[i] = false;
		model->count--;
	}
	ck_assert_uint_gt(earliest(model), model->now < SLOT ? 0 : model->now - SLOT);
}

static void insert(struct model *model, bool *near, struct dice *dice, size_t i)
{
	static const uint64_t spans[] = { SLOT / 2, 3 * SLOT, 100 * SLOT, HORIZON - 2 * SLOT, 3 * HORIZON };
	uint64_t span = dice_roll(dice, 5);
	uint64_t due = model->now + dice_roll(dice, spans[span]);

	if (dice_roll(dice, 20) == 0)
		due = dice_roll(dice, model->now + 1);
	wheel_insert(&wheel, &entry[i], due);
	model->count += !model->waits[i];
	model->waits[i] = true;
	model->due[i] = due;
	model->came[i] = model->serial++;
	near[i] = span < 4;
}

static void one_step(struct model *model, bool *near, struct dice *dice)
{
	static const uint64_t pauses[] = { 1, SLOT / 3, 5 * SLOT, HORIZON / 3, 2 * HORIZON };
	size_t i = dice_roll(dice, ENTRIES);

	switch (dice_roll(dice, 8)) {
	case 0:
		wheel_remove(&wheel, &entry[i]);
		model->count -= model->waits[i];
		model->waits[i] = false;
		break;
	case 1:
		model->now += dice_roll(dice, pauses[dice_roll(dice, 100) == 0 ? 4 : dice_roll(dice, 4)] + 1);
		drain(model, near);
		break;
	default:
		insert(model, near, dice, i);
	}
}

START_TEST(as_the_model)
{
	static struct model model;
	static bool near[ENTRIES];
	struct dice dice = { 1 };

	model.now = 12345678901;
	start(model.now);
	for (int step = 0; step < 30000; step++) {
		one_step(&model, near, &dice);
		ck_assert_uint_eq(wheel.entries, model.count);
		uint64_t due = earliest(&model);
		ck_assert_uint_le(wheel_next(&wheel), due > model.now ? due : model.now);
	}
	model.now += 4 * HORIZON;
	drain(&model, near);
	ck_assert_uint_eq(model.count, 0);
	ck_assert_uint_eq(wheel_next(&wheel), UINT64_MAX);
}
END_TEST

UNIT_MAIN("wheel", due_or_not, beyond_the_horizon_step_by_step, first_come_first_out, within_a_slot, removed_is_gone,
	  as_the_model)
