/* SPDX-License-Identifier: BSD-3-Clause */
#include "admit.h"

#include "usage.h"
#include "worker.h"

/* A slot comes free when some connection ends: nobody can tell when, so ask again so often. */
#define SLOT_POLL_NS 5000000u

static enum admission later(const struct flow *flow, uint64_t when, uint64_t *ret_when)
{
	*ret_when = when;
	return when > flow->hold_until ? ADMIT_NEVER : ADMIT_LATER;
}

enum admission admit(struct worker *worker, struct flow *flow, uint64_t now, uint64_t *ret_when)
{
	uint64_t when = usage_when(flow, LIMIT_CONNECTION_RATE, 1, now);

	if (when > now)
		return later(flow, when, ret_when);
	if (!usage_take_slots(flow))
		return later(flow, now + SLOT_POLL_NS, ret_when);
	/* Another worker may have been quicker since. */
	if (!usage_try(flow, LIMIT_CONNECTION_RATE, 1, now, &when)) {
		usage_give_slots(flow);
		return later(flow, when, ret_when);
	}
	usage_admitted(flow);
	count(worker, COUNT_FLOWS_OPENED, 1);
	return ADMIT_NOW;
}
