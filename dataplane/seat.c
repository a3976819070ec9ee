/* SPDX-License-Identifier: BSD-3-Clause */
#include "seat.h"

void seat_count_slots(struct worker *worker, struct flow *flow)
{
	for (unsigned place = 0; place < SCOPES; place++)
		if (flow_meter_at(flow, place) != 0)
			meter_add(&seat_at(worker, flow, place)->connections, 1, worker->gate->meters->shared);
	flow->counted = 1;
}

void seat_declined(struct worker *worker, const struct flow *flow)
{
	struct meter_messages *messages = worker->gate->meters->messages;

	for (unsigned place = 0; place < SCOPES; place++)
		if (flow_meter_at(flow, place) != 0)
			atomic_fetch_add_explicit(&messages[flow_meter_at(flow, place)].declined, 1,
						  memory_order_relaxed);
}

void seat_refused(struct worker *worker, const struct flow *flow)
{
	for (unsigned place = 0; place < SCOPES; place++)
		if (flow_meter_at(flow, place) != 0)
			atomic_fetch_add_explicit(&seat_at(worker, flow, place)->refused, 1, memory_order_relaxed);
}

void seat_waits_for_customer(struct worker *worker, const struct flow *flow, enum limit_kind kind)
{
	struct meter *meter = seat(worker, flow, SCOPE_CUSTOMER);

	if (meter_brakes(meter, kind))
		atomic_fetch_add_explicit(&meter->braked, 1, memory_order_relaxed);
}
