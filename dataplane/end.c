/* SPDX-License-Identifier: BSD-3-Clause */
#include "end.h"

#include "admission.h"
#include "hold.h"
#include "pace.h"
#include "usage.h"
#include "window.h"
#include "worker.h"

void flow_end(struct worker *worker, struct flow *flow, enum flow_state state, uint64_t now)
{
	pace_forget(worker, flow, now);
	admission_withdraw(worker, flow, now);
	hold_purge(worker, flow);
	window_forget(worker, flow, now);
	usage_leave(worker, flow, now);
	flow->state = (uint8_t)state;
	flow->quarantined = 0;
}
