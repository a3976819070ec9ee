/* SPDX-License-Identifier: BSD-3-Clause */
/* The published policy, writer's half; for apply.c only. One thread. */
#ifndef SLUICE_TABLE_WRITE_H
#define SLUICE_TABLE_WRITE_H

#include "table.h"
#include "table_published.h"

struct table_store *table_store_create(void);
void table_store_destroy(struct table_store *store);

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
