/* SPDX-License-Identifier: BSD-3-Clause */
#include "announce.h"

#include "decided.h"
#include "meters.h"

#define TOGETHER 32u /* keys whose meters are fetched ahead at once */

/* Had any of them a meter? */
static bool note_some(const struct meters *meters, const struct scope_key *keys, unsigned count, uint32_t number)
{
	struct decided *decided = meters->decided;
	uint32_t hash[TOGETHER];
	bool any = false;

	meter_hashes(meters, keys, count, hash);
	for (unsigned i = 0; i < count; i++) {
		uint32_t index = meter_find(meters, &keys[i], hash[i]);
		if (index == 0)
			continue;
		any = true;
		atomic_store_explicit(&decided->meter[index], number, memory_order_relaxed);
		atomic_store_explicit(&decided->of_scope[keys[i].scope], number, memory_order_relaxed);
	}
	return any;
}

void announce(void *context, const struct scope_key *keys, uint32_t count)
{
	const struct meters *meters = context;
	uint32_t number = atomic_load_explicit(&meters->decided->newest, memory_order_relaxed) + 1;
	bool any = false;

	number += number == 0;
	for (uint32_t at = 0; at < count; at += TOGETHER)
		any |= note_some(meters, keys + at, count - at < TOGETHER ? count - at : TOGETHER, number);
	/* Last: whoever sees it sees the marks. */
	if (any)
		atomic_store_explicit(&meters->decided->newest, number, memory_order_release);
}
