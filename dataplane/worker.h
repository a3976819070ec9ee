/* SPDX-License-Identifier: BSD-3-Clause */
/* One lcore: what belongs to it. Its life is in loop.h. */
#ifndef SLUICE_WORKER_H
#define SLUICE_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include "burst.h"
#include "decided.h"
#include "flow.h"
#include "inspect.h"
#include "meters.h"
#include "port.h"
#include "table.h"
#include "wheel.h"

struct arrival;
struct rte_mempool;
struct messages;
struct rte_ring;
struct wait;

#define TX_MOST 512
#define HANDED_MOST 2048 /* packets other workers received for this one */

struct tx_queue {
	uint16_t count;
	struct rte_mbuf *mbuf[TX_MOST];
};

/* Room for segments that wait: of a flow, and its part of what is free. */
#define HELD_MOST_FLOW 128
#define HELD_SHARE 16

/* What all workers share; set at start, then only read. */
struct gate {
	unsigned workers;
	const struct port *port; /* [SIDES] */
	struct rte_mempool *pool;
	struct meters *meters;
	const struct table_store *store;
	uint8_t secret[16];
	uint32_t held_most; /* segments a worker may hold */
	struct worker **worker;
};

struct worker {
	struct gate *gate;
	unsigned index;
	unsigned lcore;
	struct worker_view view;
	struct rcu_view rcu;
	const struct table *table; /* of this turn; NULL before the first publication */
	uint32_t decided;	   /* the last number, as of this turn; see decided.h */
	uint64_t answered;	   /* ns: when it answered a handshake itself last (refuse.h); 0: never */
	struct flow_table *flows;
	struct messages *messages; /* [flows], by the flow's index */
	struct arrival *arrival;   /* [BURST_MAX], of the burst under way */
	struct wheel *wheel;
	struct wait *waits; /* by index; see hold.h */
	uint16_t to_file;
	uint32_t filing[BURST_MAX]; /* of them, those this burst will put into the wheel */
	uint32_t held;
	uint16_t waited;   /* so many of the last burst */
	uint32_t sweep;	   /* next flow the expiry looks at, */
	uint64_t sweep_at; /* and when */
	struct tx_queue tx[SIDES];
	struct rte_ring *handed; /* packets other workers received for this one */
	struct rte_ring *called; /* connections that wait here, whose turn other workers saw come */
	_Atomic bool *stop;
};

/* Takes up the table published last. In this order: what is noted is decided by this table, or by a newer one. */
static inline void worker_read_table(struct worker *worker)
{
	worker->decided = decided_newest(worker->gate->meters->decided);
	worker->table = table_current(&worker->rcu, worker->gate->store);
}

static inline void count(struct worker *worker, enum counter counter, uint64_t by)
{
	_Atomic uint64_t *cell = &worker->view.counter[counter];
	/* The only writer: a plain add, but readers must see whole words. */
	atomic_store_explicit(cell, atomic_load_explicit(cell, memory_order_relaxed) + by, memory_order_relaxed);
}

/* What waited so long for a scope's limit goes on. */
static inline void count_wait(struct worker *worker, enum wait_unit unit, uint8_t scope, uint64_t ns)
{
	histogram_add(&worker->view.waits[unit][scope], ns);
}

#endif
