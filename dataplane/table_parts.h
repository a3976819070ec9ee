/* SPDX-License-Identifier: BSD-3-Clause */
/* What a published table is made of; for table.c and table_write.c only. A generation shares the parts
 * it did not change with the one before it: a new decision copies the decisions, and nothing else. */
#ifndef SLUICE_TABLE_PARTS_H
#define SLUICE_TABLE_PARTS_H

#include "changes.h"
#include "rcu.h"
#include "wire.h"

struct map;
struct prefixes;

struct table {
	uint64_t generation; /* the daemon's number */
	uint64_t serial;     /* the gate's own: another one with each publication */
	uint32_t layout;
	uint32_t blind; /* permille */
	bool has_settings;
	struct wire_PUT_SETTINGS settings;
	struct prefixes *identities, *destinations;
	struct map *limits, *verdicts, *serves;
};

struct table_store {
	RCU_PUBLISHED(struct table) current;
	struct table *published; /* the same, for the only writer */
	struct table *draft;	 /* of the open batch */
	bool draft_layout;	 /* it changes more than decisions, or nobody is told which */
	struct changes changes;	 /* of decisions in the draft */
	changes_watcher *watcher;
	void *watching;
	uint32_t blind; /* permille, of all that is published from now on */
	uint64_t serial;
	uint8_t secret[16];
};

#endif
