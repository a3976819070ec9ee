/* SPDX-License-Identifier: BSD-3-Clause */
/* A gate to measure on: workers with or without ports, and a policy for many sources, customers and remotes. */
#ifndef SLUICE_RIG_H
#define SLUICE_RIG_H

#include <stdbool.h>
#include <stdint.h>

#include "worker.h"

#define RIG_WORKERS 2

struct rig_config {
	unsigned workers; /* 0 is 1 */
	unsigned lcores;  /* 0: as many as workers */
	uint32_t flows;	  /* a worker's most */
	uint32_t things;  /* so many sources, customers and remotes */
	uint32_t held;	  /* packets a worker may hold */
	uint32_t payload; /* largest, bytes; 0 is 128 */
	uint32_t packets; /* besides those held; 0 is 8191 */
	unsigned more;	  /* megabytes besides */
	uint64_t start;	  /* since when buckets fill, ns; 0: long ago */
	uint64_t now;	  /* where the clock stands; 0: some day */
};

struct rig {
	struct rig_config config;
	struct gate gate;
	struct worker *worker[RIG_WORKERS];
	struct table_store *store;
	struct port port[SIDES];
	uint64_t generation;
	_Atomic uint64_t clock; /* virtual, ns: one for all workers */
	_Atomic bool stop;
	bool software_sums; /* frames come as from a NIC that sums nothing */
};

/* Starts EAL on as many lcores from core BENCH_CORE (0) on, in huge pages when enough are free; ends the program
 * with a word when there is not enough memory. */
void rig_start(struct rig *rig, const struct rig_config *config);

/* This thread is worker `index` from now on: a reader of its policy. One thread may be several of them. */
struct worker *rig_enter(struct rig *rig, unsigned index);

/* It is none of them any more: nobody who publishes waits for it. */
void rig_leave(void);

/* Begins a difference to the policy; publishes it. Not through apply: that checks each record. */
void rig_begin(struct rig *rig);
void rig_put(struct rig *rig, enum wire_type type, const void *record);
void rig_commit(struct rig *rig);

/* Puts the same limits on each customer, customer at its provider, source and remote. */
void rig_limit_four(struct rig *rig, const struct limits *limits);

struct address rig_source(uint32_t index);
struct address rig_remote(uint32_t index);

/* Lets time pass; returns what it is now. */
uint64_t rig_pass(struct rig *rig, uint64_t ns);

/* What a NIC that frees in bulk does with packets it sends (port.c asks for that): reads what a descriptor needs, then
 * gives them back to the pool without another look. */
void rig_send(struct rte_mbuf **mbufs, unsigned count);

/* Frees what the worker queued for its ports; returns how many. */
unsigned rig_drain(struct worker *worker);

/* Takes what the worker queued for outside, to look at and free; returns how many. */
uint16_t rig_take(struct worker *worker, struct rte_mbuf *ret_mbufs[TX_MOST]);

#endif
