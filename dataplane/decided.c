/* SPDX-License-Identifier: BSD-3-Clause */
#include "decided.h"

#include <rte_malloc.h>

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
