/* SPDX-License-Identifier: BSD-3-Clause */
/* A worker's life: made, turn after turn, gone. */
#ifndef SLUICE_LOOP_H
#define SLUICE_LOOP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct gate;
struct worker;

struct worker *worker_create(struct gate *gate, unsigned index, unsigned lcore, uint32_t flows, _Atomic bool *stop);
void worker_destroy(struct worker *worker);

/* Runs until *stop; for rte_eal_remote_launch(). */
int worker_main(void *worker);

/* One turn: receive, run the pipeline, release what is due, transmit, sweep. Returns how many packets
 * moved. Time is an argument, so that tests can run it in virtual time. */
unsigned worker_turn(struct worker *worker, uint64_t now);

#endif
