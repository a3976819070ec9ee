/* SPDX-License-Identifier: BSD-3-Clause */
/* How the control thread looks at what belongs to a worker: it posts a request, the worker answers at
 * the end of a turn (a worker that sleeps wakes within a millisecond). No lock, no shared flow. */
#ifndef SLUICE_INSPECT_H
#define SLUICE_INSPECT_H

#include <stdatomic.h>

#include "wire.h"

enum inspect_state { INSPECT_IDLE, INSPECT_ASKED, INSPECT_DONE };

struct inspect {
	_Atomic int state; /* control thread: IDLE->ASKED, DONE->IDLE; worker: ASKED->DONE */
	struct wire_QUERY query;
	struct wire_ROW_FLOW *rows; /* room for query.most, the control thread's */
	uint32_t count;
};

/* What a worker shows all the time; written by it only, read with relaxed loads. */
struct worker_view {
	_Atomic uint64_t counter[COUNTERS];
	_Atomic uint64_t flows, held;
	_Atomic uint64_t busy_ns, total_ns; /* since start */
	struct inspect inspect;
	struct histogram waits[WAIT_UNIT_COUNT][SCOPES]; /* of what waited and went on */
};

#endif
