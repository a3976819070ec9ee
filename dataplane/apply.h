/* SPDX-License-Identifier: BSD-3-Clause */
/* From frames to records: each is checked against its limits, then put into the open batch. The only
 * includer of table_write.h besides the table itself and main.c. */
#ifndef SLUICE_APPLY_H
#define SLUICE_APPLY_H

#include <stdbool.h>
#include <stdint.h>

#include "wire.h"

struct table_store;
struct table_times;

struct apply {
	struct table_store *store;
	bool open;
	uint64_t generation; /* of the open batch */
	uint32_t records;
};

/* All return 0 or a negative errno with `ret_error` (WIRE_ERROR_MAX bytes) naming field and limits. After an
 * error in a record the batch is gone: nothing of it is applied. */
int apply_begin(struct apply *apply, const struct wire_BEGIN *begin, char *ret_error);
int apply_record(struct apply *apply, enum wire_type type, const void *record, char *ret_error);
int apply_commit(struct apply *apply, const struct wire_COMMIT *commit, struct table_times *ret_times, char *ret_error);
void apply_abort(struct apply *apply);

/* How blind the gate is, in permille, from now on: published at once, or with the batch that is open. */
int apply_blind(struct apply *apply, uint32_t permille);

#endif
