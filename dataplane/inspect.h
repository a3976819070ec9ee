/* SPDX-License-Identifier: BSD-3-Clause */
/* How the control thread looks at what belongs to a worker: it posts a request, and the worker looks through its
 * flows, a few at the end of each turn, so that no packet waits for it (a worker that sleeps wakes within a
 * millisecond). No lock, no shared flow. */
#ifndef SLUICE_INSPECT_H
#define SLUICE_INSPECT_H

#include <stdatomic.h>
#include <stdbool.h>

#include "wire.h"

struct worker;

enum inspect_state { INSPECT_IDLE, INSPECT_ASKED, INSPECT_DONE };

struct inspect {
	_Atomic int state; /* control thread: to ASKED; worker: ASKED->DONE */
	struct wire_QUERY query;
	struct wire_ROW_FLOW *rows; /* room for query.most, the control thread's */
	uint32_t count;
	uint32_t at; /* the next flow the worker looks at */
};

/* What a worker shows all the time; written by it only, read with relaxed loads. */
struct worker_view {
	_Atomic uint64_t counter[COUNTERS];
	_Atomic uint64_t flows, held;
	_Atomic uint64_t busy_ns, total_ns; /* since start */
	struct inspect inspect;
	struct histogram waits[WAIT_UNIT_COUNT][SCOPES]; /* of what waited and went on */
};

/* A figure that another thread writes. */
static inline uint64_t view_load(const _Atomic uint64_t *figure)
{
	return atomic_load_explicit(figure, memory_order_relaxed);
}

/* The worker's part, each turn; true while there is more to look at. */
bool inspect_answer(struct worker *worker, uint64_t now);

#endif
