/* SPDX-License-Identifier: BSD-3-Clause */
/* When the gate is blind, and what a limit comes to then. */
#include <string.h>

#include "blind.h"
#include "ceiling.h"
#include "unit.h"

#define SECOND 1000000000ull
#define STALE (60 * SECOND)
#define DECAY (100 * SECOND)

/* Looks each second from `from` to `until` (seconds); returns how blind it is then. */
static uint32_t look_until(struct blind *blind, uint64_t from, uint64_t until)
{
	for (uint64_t second = from; second <= until; second++)
		blind_look(blind, STALE, DECAY, second * SECOND);
	return blind->permille;
}

START_TEST(hears)
{
	struct blind blind = { 0 };

	for (uint64_t second = 1; second < 1000; second++) {
		if (second % 50 == 1)
			blind_heard(&blind, second * SECOND);
		blind_look(&blind, STALE, DECAY, second * SECOND);
		ck_assert_uint_eq(blind.permille, 0);
	}
}
END_TEST

START_TEST(step_by_step)
{
	struct blind blind = { 0 };
	uint32_t before = 0;

	blind_heard(&blind, SECOND);
	ck_assert_uint_eq(look_until(&blind, 1, 61), 0);
	for (uint64_t second = 62; second <= 161; second++) {
		blind_look(&blind, STALE, DECAY, second * SECOND);
		ck_assert_uint_ge(blind.permille, before);
		ck_assert_uint_ge(blind.permille, (second - 61) * 10); /* never tighter late */
		ck_assert_uint_lt(blind.permille, (second - 61) * 10 + 50);
		before = blind.permille;
	}
	ck_assert_uint_eq(before, BLIND_WHOLLY);
	ck_assert_uint_eq(look_until(&blind, 162, 500), BLIND_WHOLLY);
}
END_TEST

START_TEST(and_back)
{
	struct blind blind = { 0 };
	uint32_t before;

	blind_heard(&blind, SECOND);
	before = look_until(&blind, 1, 300);
	for (uint64_t second = 301; second <= 400; second++) {
		blind_heard(&blind, second * SECOND);
		blind_look(&blind, STALE, DECAY, second * SECOND);
		ck_assert_uint_le(blind.permille, before);
		ck_assert_uint_ge(blind.permille, 1000 - (second - 300) * 10); /* never looser early */
		before = blind.permille;
	}
	ck_assert_uint_eq(before, 0);
}
END_TEST

/* From its last state, with nobody there: closed at once, and open at once when somebody speaks. */
START_TEST(after_a_start)
{
	struct blind blind = { 0 };

	ck_assert(blind_look(&blind, STALE, DECAY, SECOND));
	ck_assert_uint_eq(blind.permille, BLIND_WHOLLY);
	blind_heard(&blind, 2 * SECOND);
	ck_assert(blind_look(&blind, STALE, DECAY, 2 * SECOND));
	ck_assert_uint_eq(blind.permille, 0);
}
END_TEST

START_TEST(never)
{
	struct blind blind = { 0 };

	ck_assert(!blind_look(&blind, 0, DECAY, SECOND));
	blind_heard(&blind, SECOND);
	ck_assert(!blind_look(&blind, 0, DECAY, 1000000 * SECOND));
	ck_assert_uint_eq(blind.permille, 0);
}
END_TEST

START_TEST(no_decay)
{
	struct blind blind = { 0 };

	blind_heard(&blind, SECOND);
	ck_assert(!blind_look(&blind, STALE, 0, 61 * SECOND));
	ck_assert(blind_look(&blind, STALE, 0, 62 * SECOND));
	ck_assert_uint_eq(blind.permille, BLIND_WHOLLY);
	blind_heard(&blind, 63 * SECOND);
	blind_look(&blind, STALE, 0, 64 * SECOND);
	ck_assert_uint_eq(blind.permille, 0);
}
END_TEST

/* A configuration with a shorter decay does not leave it more than wholly blind. */
START_TEST(shorter_decay)
{
	struct blind blind = { 0 };

	blind_heard(&blind, SECOND);
	look_until(&blind, 1, 120);
	blind_look(&blind, STALE, 10 * SECOND, 121 * SECOND);
	ck_assert_uint_eq(blind.permille, BLIND_WHOLLY);
}
END_TEST

static const struct limits ceiling = {
	.has = 1u << LIMIT_CONNECTIONS | 1u << LIMIT_MESSAGE_RATE,
	.kind = { [LIMIT_CONNECTIONS] = { .amount = 10 }, [LIMIT_MESSAGE_RATE] = { 60, 60 * SECOND, 5 } }
};

START_TEST(sees)
{
	struct limits limits = { .has = 1u << LIMIT_CONNECTIONS, .kind = { { .amount = 500 } } }, before = limits;

	ceiling_tighten(&limits, &ceiling, 0);
	ck_assert_int_eq(memcmp(&limits, &before, sizeof(limits)), 0);
}
END_TEST

START_TEST(unlimited)
{
	struct limits limits = { 0 };

	ceiling_tighten(&limits, &ceiling, BLIND_WHOLLY);
	ck_assert_uint_eq(limits.has, ceiling.has);
	ck_assert_uint_eq(limits.kind[LIMIT_CONNECTIONS].amount, 10);
	ck_assert_uint_eq(limits.kind[LIMIT_MESSAGE_RATE].amount, 60);
	ck_assert_uint_eq(limits.kind[LIMIT_MESSAGE_RATE].burst, 5);
	limits = (struct limits){ 0 };
	ceiling_tighten(&limits, &ceiling, 50);
	ck_assert_uint_eq(limits.kind[LIMIT_CONNECTIONS].amount, 76); /* 10 x (8 - 7 x 0.05) */
}
END_TEST

START_TEST(the_stricter_holds)
{
	struct limits limits = {
		.has = ceiling.has,
		.kind = { [LIMIT_CONNECTIONS] = { .amount = 3 }, [LIMIT_MESSAGE_RATE] = { 2, SECOND, 9 } }
	};

	ceiling_tighten(&limits, &ceiling, BLIND_WHOLLY);
	ck_assert_uint_eq(limits.kind[LIMIT_CONNECTIONS].amount, 3);
	ck_assert_uint_eq(limits.kind[LIMIT_MESSAGE_RATE].amount, 60); /* a minute: 1/s, not 2/s */
	limits.kind[LIMIT_MESSAGE_RATE] = (struct limit){ 1, 2 * SECOND, 9 };
	ceiling_tighten(&limits, &ceiling, BLIND_WHOLLY);
	ck_assert_uint_eq(limits.kind[LIMIT_MESSAGE_RATE].burst, 9); /* a message each two seconds stays */
}
END_TEST

/* The blinder, the stricter, whatever the limits are. */
START_TEST(monotone)
{
	uint64_t last = UINT64_MAX;

	for (uint32_t permille = 50; permille <= BLIND_WHOLLY; permille += 50) {
		struct limits limits = { .has = 1, .kind = { { .amount = 40 } } };
		ceiling_tighten(&limits, &ceiling, permille);
		ck_assert_uint_le(limits.kind[LIMIT_CONNECTIONS].amount, last);
		last = limits.kind[LIMIT_CONNECTIONS].amount;
	}
	ck_assert_uint_eq(last, 10);
}
END_TEST

UNIT_MAIN("blind", hears, step_by_step, and_back, after_a_start, never, no_decay, shorter_decay, sees, unlimited,
	  the_stricter_holds, monotone)
