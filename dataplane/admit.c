/* SPDX-License-Identifier: BSD-3-Clause */
#include "admit.h"

#include "usage.h"
#include "worker.h"

/* A slot comes free when some connection ends: nobody can tell when, so ask again so often. */
#define SLOT_POLL_NS 5000000u

enum admission admit(struct worker *worker, struct flow *flow, uint64_t now, uint64_t *ret_when)
{
	uint64_t when = usage_when(flow, LIMIT_CONNECTION_RATE, 1, now);

	if (when > flow->hold_until)
		return ADMIT_NEVER;
	if (when > now) {
		*ret_when = when;
		return ADMIT_LATER;
	}
	if (!usage_take_slots(flow)) {
		*ret_when = now + SLOT_POLL_NS;
		return *ret_when > flow->hold_until ? ADMIT_NEVER : ADMIT_LATER;
	}
	/* Another worker may have taken the token since: then this one is for later, and kept. */
	usage_take(flow, LIMIT_CONNECTION_RATE, 1, now);
	usage_admitted(flow);
	count(worker, COUNT_FLOWS_OPENED, 1);
	return ADMIT_NOW;
}
