/* SPDX-License-Identifier: BSD-3-Clause */
#include "decided.h"

#include <rte_malloc.h>

#include "meters.h"

#define TOGETHER 32u /* keys whose meters are fetched ahead at once */

struct decided *decided_create(uint32_t meters)
{
	struct decided *decided =
		rte_zmalloc("decided", sizeof(*decided) + ((size_t)meters + 1) * sizeof(decided->meter[0]), 64);

	if (decided != NULL)
		atomic_store_explicit(&decided->newest, 1, memory_order_relaxed);
	return decided;
}

void decided_destroy(struct decided *decided)
{
	rte_free(decided);
}

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

void decided_note(void *context, const struct scope_key *keys, uint32_t count)
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
