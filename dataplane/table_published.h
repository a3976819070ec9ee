/* SPDX-License-Identifier: BSD-3-Clause */
/* What is published, for the control thread's own reports and its state file. It needs no reader's turn: only it
 * could free what it reads. */
#ifndef SLUICE_TABLE_PUBLISHED_H
#define SLUICE_TABLE_PUBLISHED_H

#include "table.h"

struct table_times {
	uint64_t publish_ns, quiesce_ns;
};

struct table_sizes {
	uint32_t identities, destinations, limits, verdicts;
	uint64_t generation;
	bool ready;
};

void table_sizes(const struct table_store *store, struct table_sizes *ret_sizes);

/* NULL before the first publication; valid until the next. */
const struct wire_PUT_SETTINGS *table_published_settings(const struct table_store *store);

/* What table_limits() gives readers, for the writer's own reports. */
void table_published_limits(const struct table_store *store, const struct scope_key *key, struct limits *ret_limits);

/* Calls `each` with every record of the published generation, as frames that would make it again. */
int table_walk(const struct table_store *store, int (*each)(void *context, enum wire_type type, const void *record),
	       void *context);

#endif
