/* SPDX-License-Identifier: BSD-3-Clause */
#include "admit.h"

#include "admission.h"
#include "hold.h"
#include "worker.h"

bool admit(struct worker *worker, struct flow *flow, uint64_t now, uint64_t *ret_when)
{
	struct wait *wait = hold_of(worker, flow);
	enum admission admission = admission_ask(worker, flow, wait, now, ret_when);

	if (admission == ADMIT_NOW) {
		count(worker, COUNT_FLOWS_OPENED, 1);
		count(worker, COUNT_CONNECTION_DOMAIN_UNKNOWN + flow->domain_way, 1);
		return true;
	}
	bool hopeless = admission == ADMIT_NEVER || now >= wait->until ||
			(*ret_when != WAIT_FOR_CALL && *ret_when > wait->until);
	if (hopeless)
		*ret_when = UINT64_MAX;
	else if (*ret_when == WAIT_FOR_CALL)
		*ret_when = wait->until;
	return false;
}
