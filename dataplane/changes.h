/* SPDX-License-Identifier: BSD-3-Clause */
/* The keys on which a batch decides something else than before: told once it is published, so that only those
 * connections look again whom it may concern. The writer's. */
#ifndef SLUICE_CHANGES_H
#define SLUICE_CHANGES_H

#include <stdint.h>

#include "scope.h"

struct changes {
	struct scope_key *key;
	uint32_t count, room;
};

typedef void changes_watcher(void *context, const struct scope_key *keys, uint32_t count);

/* 0 or -ENOMEM. */
int changes_add(struct changes *changes, const struct scope_key *key);

/* None; memory is kept for the next batch, unless that was a large one. */
void changes_clear(struct changes *changes);

void changes_free(struct changes *changes);

#endif
