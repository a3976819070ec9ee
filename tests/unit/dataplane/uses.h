/* SPDX-License-Identifier: BSD-3-Clause */
/* A worker without ports, whose flows are opened, moved and admitted by hand. */
#ifndef SLUICE_USES_H
#define SLUICE_USES_H

#include "admission.h"
#include "domain.h"
#include "eal.h"
#include "hold.h"
#include "loop.h"
#include "meters.h"
#include "tables.h"
#include "usage.h"
#include "worker.h"

#define S 1000000000ull
#define START (100 * S)

#define USES_FLOWS 64u
#define USES_PACKETS 255u
#define USES_METERS 500u

static struct worker *worker;
static struct gate gate = { .workers = 1, .held_most = USES_FLOWS, .worker = &worker };
static struct apply apply;

static inline void uses_open(void)
{
	eal_start();
	gate.meters = meters_create(USES_METERS, gate.secret, START);
	gate.store = apply.store = table_store_create();
	gate.pool = rte_pktmbuf_pool_create("uses", USES_PACKETS, 0,
					    RTE_ALIGN(sizeof(struct held), RTE_MBUF_PRIV_ALIGN), 128, SOCKET_ID_ANY);
	worker = worker_create(&gate, 0, 0, USES_FLOWS, NULL);
	ck_assert(gate.meters != NULL && gate.store != NULL && gate.pool != NULL && worker != NULL);
	wheel_init(worker->wheel, USES_FLOWS, START);
	rcu_view_open(&worker->rcu);
	tables_publish_first(&apply);
	worker->table = table_current(&worker->rcu, gate.store);
}

static inline void uses_close(void)
{
	for (uint32_t i = 0; i < USES_FLOWS; i++)
		hold_purge(worker, flow_place(worker->flows, i));
	ck_assert_uint_eq(rte_mempool_avail_count(gate.pool), USES_PACKETS);
	rcu_view_close(&worker->rcu);
	worker_destroy(worker);
	rte_mempool_free(gate.pool);
	meters_destroy(gate.meters);
	table_store_destroy(apply.store);
}

static inline struct flow *uses_flow(void)
{
	static uint64_t hash;
	struct flow *flow = flow_insert(worker->flows, &(struct packet){ .hash = ++hash });

	ck_assert_ptr_nonnull(flow);
	return flow;
}

/* No limit there any more. */
static inline void uses_lift(struct scope_key key)
{
	const struct wire_DEL_LIMITS record = { .key = key };

	tables_change(&apply, WIRE_DEL_LIMITS, &record);
	worker->table = table_current(&worker->rcu, gate.store);
}

static inline void uses_limit(struct scope_key key, enum limit_kind kind, uint64_t amount, uint64_t burst)
{
	struct wire_PUT_LIMITS record = { .key = key, .limits = { .has = 1u << kind } };

	record.limits.kind[kind] = (struct limit){ amount, S, burst };
	tables_change(&apply, WIRE_PUT_LIMITS, &record);
	worker->table = table_current(&worker->rcu, gate.store);
}

/* Of a customer at a provider: each has one address. */
static inline struct scopes uses_scopes(uint32_t customer, uint32_t provider)
{
	const struct address source = V4(10, 0, 0, (uint8_t)customer), remote = V4(192, 0, 2, (uint8_t)provider);

	return (struct scopes){ .key = {
					{ SCOPE_CUSTOMER_PROVIDER, .customer = customer, .provider = provider },
					{ SCOPE_SOURCE_PROVIDER, .provider = provider, .address = source },
					{ SCOPE_REMOTE, .provider = provider, .address = remote },
					{ SCOPE_CUSTOMER, .customer = customer },
					{ SCOPE_SOURCE, .address = source },
					domain_scope(provider + 100),
					{ SCOPE_PROVIDER, .provider = provider },
					{ SCOPE_GATE },
				} };
}

/* Opens the flow, or moves it. */
static inline void uses_sit(struct flow *flow, uint32_t customer, uint32_t provider, uint64_t now)
{
	const struct scopes scopes = uses_scopes(customer, provider);
	struct seats seats;

	ck_assert(usage_acquire(worker, &scopes, &seats, now));
	usage_sit(worker, flow, &seats, now);
}

/* Asks, as of now, to be let in: its SYN waits for the answer. */
static inline enum admission uses_ask(struct flow *flow, uint64_t now, uint64_t *ret_when)
{
	if (hold_of(worker, flow) == NULL) {
		struct packet syn = { .mbuf = rte_pktmbuf_alloc(gate.pool), .flags = TCP_SYN };
		ck_assert_ptr_nonnull(syn.mbuf);
		hold_append(worker, flow, &syn, now + 20 * S, 0)->until = now + 20 * S;
	}
	hold_of(worker, flow)->due = now;
	enum admission admission = admission_ask(worker, flow, hold_of(worker, flow), now, ret_when);
	if (admission == ADMIT_NOW)
		hold_purge(worker, flow);
	return admission;
}

/* As flow_end() does. */
static inline void uses_end(struct flow *flow, uint64_t now)
{
	admission_withdraw(worker, flow, now);
	hold_purge(worker, flow);
	usage_leave(worker, flow, now);
}

#endif
