/* SPDX-License-Identifier: BSD-3-Clause */
/* Where a flow sits: its meters, one for each scope. Who they stand for, and what is counted on them at once. */
#ifndef SLUICE_SEAT_H
#define SLUICE_SEAT_H

#include "domain.h"
#include "flow.h"
#include "meters.h"
#include "worker.h"

static inline struct meter *seat(const struct worker *worker, const struct flow *flow, int scope)
{
	return meter_at(worker->gate->meters, flow_meter(flow, scope));
}

/* Where it does not matter which scope's it is. */
static inline struct meter *seat_at(const struct worker *worker, const struct flow *flow, unsigned place)
{
	return meter_at(worker->gate->meters, flow_meter_at(flow, place));
}

/* Whose it is and where it goes; of a domain only where it is known. */
static inline const struct scope_key *seat_key(const struct worker *worker, const struct flow *flow, enum scope scope)
{
	return &seat(worker, flow, (int)scope)->key;
}

/* The domain its mail is for; DOMAIN_NONE where that is not known. */
static inline uint64_t seat_domain(const struct worker *worker, const struct flow *flow)
{
	return flow_meter(flow, SCOPE_DOMAIN) != 0 ? domain_in(seat_key(worker, flow, SCOPE_DOMAIN)) : DOMAIN_NONE;
}

/* A slot in each, whatever the limits say: for who was let in, or runs already. */
void seat_count_slots(struct worker *worker, struct flow *flow);

/* The server answered a message 4xx or 5xx: rare, so they hear of it at once. */
void seat_declined(struct worker *worker, const struct flow *flow);

/* A connection was refused. */
void seat_refused(struct worker *worker, const struct flow *flow);

/* Something of this kind is made to wait for that scope: if by the spike brake, which is a customer's, its meter is
 * told. */
void seat_waits_for_customer(struct worker *worker, const struct flow *flow, enum limit_kind kind);

static inline void seat_waits(struct worker *worker, const struct flow *flow, unsigned scope, enum limit_kind kind)
{
	if (scope == SCOPE_CUSTOMER)
		seat_waits_for_customer(worker, flow, kind);
}

#endif
