/* SPDX-License-Identifier: BSD-3-Clause */
#include "usage.h"

#include <string.h>

#include "worker.h"

static bool limited(const struct meter *meter, enum limit_kind kind)
{
	return (atomic_load_explicit(&meter->has, memory_order_acquire) & 1u << kind) != 0;
}

static void refresh(struct worker *worker, struct meter *meter)
{
	uint32_t layout = table_layout(worker->table);
	struct limits limits;

	if (atomic_load_explicit(&meter->layout, memory_order_acquire) == layout)
		return;
	table_limits(&worker->rcu, worker->table, &meter->key, &limits);
	meter_update(worker->gate->meters, meter, layout, &limits);
}

static void release(struct worker *worker, struct meter *meter[], int count, uint64_t now)
{
	for (int scope = 0; scope < count; scope++)
		meter_release(worker->gate->meters, meter[scope], now);
}

bool usage_join(struct worker *worker, struct flow *flow, const struct scopes *scopes, uint64_t now)
{
	struct meter *meter[SCOPES];
	bool counted = flow->counted;

	for (int scope = 0; scope < SCOPES; scope++) {
		meter[scope] = meter_acquire(worker->gate->meters, &scopes->key[scope]);
		if (meter[scope] == NULL) {
			release(worker, meter, scope, now);
			return false;
		}
		refresh(worker, meter[scope]);
	}
	usage_leave(worker, flow, now);
	memcpy(flow->meter, meter, sizeof(meter));
	if (counted)
		usage_count_slots(flow);
	return true;
}

static bool joined(const struct flow *flow)
{
	return flow->meter[0] != NULL; /* all or none */
}

void usage_leave(struct worker *worker, struct flow *flow, uint64_t now)
{
	usage_give_slots(flow);
	if (!joined(flow))
		return;
	release(worker, flow->meter, SCOPES, now);
	memset(flow->meter, 0, sizeof(flow->meter));
}

void usage_refresh(struct worker *worker, struct flow *flow)
{
	for (int scope = 0; scope < SCOPES; scope++)
		refresh(worker, flow->meter[scope]);
}

static void leave_slot(struct meter *meter)
{
	atomic_fetch_sub_explicit(&meter->connections, 1, memory_order_relaxed);
}

/* Counts first and asks then, so that two workers never both take the last one. */
static bool take_slot(struct meter *meter)
{
	uint32_t before = atomic_fetch_add_explicit(&meter->connections, 1, memory_order_relaxed);

	if (!limited(meter, LIMIT_CONNECTIONS) ||
	    before < atomic_load_explicit(&meter->connections_most, memory_order_relaxed))
		return true;
	leave_slot(meter);
	return false;
}

bool usage_take_slots(struct flow *flow)
{
	for (int scope = 0; scope < SCOPES; scope++) {
		if (take_slot(flow->meter[scope]))
			continue;
		while (scope-- > 0)
			leave_slot(flow->meter[scope]);
		return false;
	}
	flow->counted = true;
	return true;
}

void usage_count_slots(struct flow *flow)
{
	for (int scope = 0; scope < SCOPES; scope++)
		atomic_fetch_add_explicit(&flow->meter[scope]->connections, 1, memory_order_relaxed);
	flow->counted = true;
}

void usage_give_slots(struct flow *flow)
{
	if (!flow->counted)
		return;
	for (int scope = 0; scope < SCOPES; scope++)
		leave_slot(flow->meter[scope]);
	flow->counted = false;
}

static struct bucket *bucket_of(struct meter *meter, enum limit_kind kind)
{
	return kind == LIMIT_BYTE_RATE ? &meter->byte_rate : &meter->connection_rate;
}

uint64_t usage_when(const struct flow *flow, enum limit_kind kind, uint64_t units, uint64_t now)
{
	uint64_t latest = now;

	for (int scope = 0; scope < SCOPES; scope++) {
		if (!limited(flow->meter[scope], kind))
			continue;
		uint64_t when = bucket_when(bucket_of(flow->meter[scope], kind), units, now);
		latest = when > latest ? when : latest;
	}
	return latest;
}

uint64_t usage_take(struct flow *flow, enum limit_kind kind, uint64_t units, uint64_t now)
{
	uint64_t latest = now;

	for (int scope = 0; scope < SCOPES; scope++) {
		if (!limited(flow->meter[scope], kind))
			continue;
		uint64_t when = bucket_take(bucket_of(flow->meter[scope], kind), units, now);
		latest = when > latest ? when : latest;
	}
	return latest;
}

bool usage_try(struct flow *flow, enum limit_kind kind, uint64_t units, uint64_t now, uint64_t *ret_when)
{
	for (int scope = 0; scope < SCOPES; scope++) {
		if (!limited(flow->meter[scope], kind) ||
		    bucket_try(bucket_of(flow->meter[scope], kind), units, now, ret_when))
			continue;
		while (scope-- > 0)
			if (limited(flow->meter[scope], kind))
				bucket_return(bucket_of(flow->meter[scope], kind), units);
		return false;
	}
	return true;
}

void usage_admitted(struct flow *flow)
{
	for (int scope = 0; scope < SCOPES; scope++)
		atomic_fetch_add_explicit(&flow->meter[scope]->admitted, 1, memory_order_relaxed);
}

void usage_refused(struct flow *flow)
{
	for (int scope = 0; scope < SCOPES && joined(flow); scope++)
		atomic_fetch_add_explicit(&flow->meter[scope]->refused, 1, memory_order_relaxed);
}

void usage_bytes(struct flow *flow, uint32_t bytes)
{
	for (int scope = 0; scope < SCOPES; scope++)
		atomic_fetch_add_explicit(&flow->meter[scope]->bytes, bytes, memory_order_relaxed);
}
