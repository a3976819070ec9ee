/* SPDX-License-Identifier: BSD-3-Clause */
/* The published policy, writer's half; for apply.c only. One thread. */
#ifndef SLUICE_TABLE_WRITE_H
#define SLUICE_TABLE_WRITE_H

#include "changes.h"
#include "table.h"
#include "table_published.h"

struct table_store *table_store_create(void);
void table_store_destroy(struct table_store *store);

/* From now on `watcher` is told, after each publication of nothing but decisions, on which keys (as flows have them)
 * something else is decided: once every reader has the new table, before table_commit() returns. */
void table_store_watch(struct table_store *store, changes_watcher *watcher, void *context);

/* A batch: begin, any changes, then commit (all in one swap) or abort (nothing happened).
 * WIRE_FULL starts from nothing, WIRE_DELTA from what is published. 0 or a negative errno. */
int table_begin(struct table_store *store, uint64_t generation, int mode);
int table_put(struct table_store *store, enum wire_type type, const void *record, char *ret_error);
void table_abort(struct table_store *store);

/* Publishes, waits until every reader has passed a quiescent state, frees the old generation. */
int table_commit(struct table_store *store, struct table_times *ret_times);

/* How blind (permille) all that is published from now on is; publishes if that is news. 0 or a negative errno. */
int table_blind(struct table_store *store, uint32_t permille);

#endif
