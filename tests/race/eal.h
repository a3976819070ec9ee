/* SPDX-License-Identifier: BSD-3-Clause */
/* DPDK for the race programs: memory and packets, no port, no lcore but the main one. */
#ifndef SLUICE_RACE_EAL_H
#define SLUICE_RACE_EAL_H

struct rte_mempool;

void eal_start(void);

/* A thread of the program's own becomes one DPDK knows, with a cache in each mempool. */
void eal_join(void);
void eal_leave(void);

/* Packets whose way from one thread to another ThreadSanitizer can follow: DPDK's own pools hand them over inside
 * a library that is not instrumented. */
struct rte_mempool *eal_pool(unsigned count);

#endif
