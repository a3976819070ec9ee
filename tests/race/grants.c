/* SPDX-License-Identifier: BSD-3-Clause */
#include "grants.h"

#include <string.h>

#include "race.h"

void grants_note(struct grants *grants, uint64_t now)
{
	uint32_t at = __atomic_fetch_add(&grants->count, 1, __ATOMIC_RELAXED);

	require(at < GRANTS_MOST, "more tokens than there is room to note");
	grants->now[at] = now;
}

static int by_time(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return a < b ? -1 : a > b;
}

/* The bucket once more, by one thread and with the simplest arithmetic. */
void grants_check(struct grants *grants, const char *whose, uint64_t rate, uint64_t burst)
{
	uint64_t each = 1000000000u / rate, empty_at = 0;

	qsort(grants->now, grants->count, sizeof(grants->now[0]), by_time);
	for (uint32_t i = 0; i < grants->count; i++) {
		uint64_t now = grants->now[i];
		empty_at = (empty_at > now ? empty_at : now) + each;
		require(empty_at - now <= burst * each + burst, "%s: token %u of %u is %llu ns early", whose, i,
			grants->count, (unsigned long long)(empty_at - now - burst * each));
	}
	require(grants->count > 0, "%s: no token", whose);
}
