/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include "commands/until.h"
#include "unit.h"

#define LENGTH(rows) (sizeof(rows) / sizeof((rows)[0]))

#define NOON 1796040000000 /* 2026-11-30T12:00Z */
#define MINUTE 60000

START_TEST(times)
{
	static const struct {
		const char *text;
		int64_t at_ms;
	} rows[] = {
		{ "18:00", NOON + 6 * 60 * MINUTE },	    { "12:01", NOON + MINUTE },
		{ "12:00", NOON + 24 * 60 * MINUTE },	    { "00:00Z", NOON + 12 * 60 * MINUTE },
		{ "2026-11-30T12:30", NOON + 30 * MINUTE }, { "2026-12-01T12:00:05Z", NOON + 24 * 60 * MINUTE + 5000 },
	};

	for (size_t i = 0; i < LENGTH(rows); i++) {
		int64_t at_ms = 0;
		ck_assert_msg(until_parse(rows[i].text, NOON, &at_ms) == 0, "%s", rows[i].text);
		ck_assert_msg(at_ms == rows[i].at_ms, "%s is %lld", rows[i].text, (long long)at_ms);
	}
}
END_TEST

START_TEST(what_is_none)
{
	static const char *const texts[] = { "",
					     "18",
					     "25:00",
					     "18:00 ",
					     "18:00x",
					     "2026-11-30",
					     "today",
					     "1e9:00",
					     "2026-11-30T12:00",
					     "2025-01-01T00:00Z",
					     "2026-11-31T",
					     "Z",
					     "-1:00" };
	int64_t at_ms;

	for (size_t i = 0; i < LENGTH(texts); i++)
		ck_assert_msg(until_parse(texts[i], NOON, &at_ms) == -EINVAL, "\"%s\"", texts[i]);
}
END_TEST

UNIT_MAIN("until", times, what_is_none)
