/* SPDX-License-Identifier: BSD-3-Clause */
#include "alarms/long_held.h"

#define DAY_MS 86400000ll

int64_t long_held_after_ms(int64_t queue_life_ms)
{
	return queue_life_ms / 2 < DAY_MS ? queue_life_ms / 2 : DAY_MS;
}

struct long_held long_held_find(const struct ledger *ledger, int64_t before_ms)
{
	struct long_held held = { 0 };

	for (size_t i = 0; i < ledger->count; i++) {
		const struct decision *decision = ledger_at(ledger, i);
		if (decision->action != DECIDE_QUARANTINE || decision->created_ms > before_ms)
			continue;
		if (held.oldest == NULL || decision->created_ms < held.oldest->created_ms)
			held.oldest = decision;
		held.count++;
	}
	return held;
}
