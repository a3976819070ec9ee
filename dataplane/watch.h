/* SPDX-License-Identifier: BSD-3-Clause */
/* What an operator should hear of without asking: counters that should stand still and do not. Said at once,
 * then at most once a minute each, with what to do. */
#ifndef SLUICE_WATCH_H
#define SLUICE_WATCH_H

#include <stdint.h>

#include "counters.h"

struct watch {
	uint64_t said[COUNTERS];    /* the count last spoken of */
	uint64_t said_at[COUNTERS]; /* and when; ns */
};

/* `counter`: sums over all workers. Logs what moved. */
void watch_counters(struct watch *watch, const uint64_t counter[COUNTERS], uint64_t now);

#endif
