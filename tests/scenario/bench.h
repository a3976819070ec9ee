/* SPDX-License-Identifier: BSD-3-Clause */
/* The gate under test: two ports made of rings, one or two workers stepped by hand, a clock that is set. Ports
 * and packet pool are made once, the rest anew for each scenario. */
#ifndef SLUICE_SCENARIO_BENCH_H
#define SLUICE_SCENARIO_BENCH_H

#include "apply.h"
#include "worker.h"

#define BENCH_WORKERS 2

struct path;

struct bench_options {
	uint32_t workers, flows, meters, held;
	uint64_t since; /* how long ago the gate started, ns: buckets fill from then on */
	uint64_t clock; /* what its clock shows when the scenario starts, ns */
};

extern const struct bench_options bench_usual;

struct bench {
	struct bench_options options;
	struct gate gate;
	struct worker *worker[BENCH_WORKERS];
	struct table_store *store;
	struct apply apply;
	uint64_t generation;
	uint64_t now;	/* ns since the scenario's start */
	unsigned mbufs; /* in use when it began */
};

/* EAL, pool and ports, for the whole run. 0 or a negative errno, said on stderr. */
int bench_start(const char *program);
void bench_stop(void);

bool bench_open(struct bench *bench, const struct bench_options *options);
void bench_close(struct bench *bench);

/* A frame arrives at a port's queue. */
void bench_put(struct bench *bench, enum side side, unsigned queue, const uint8_t *frame, uint32_t size);

/* What a port sent, oldest first: its size, 0 when there is no more. */
uint32_t bench_take(struct bench *bench, enum side side, uint8_t *frame, uint32_t room);

/* One turn of every worker, and one more for what they handed each other. */
void bench_turn(struct bench *bench);

/* To the next moment anything may happen, not past `until`; a turn there. */
void bench_step(struct bench *bench, uint64_t until, uint64_t stride);

/* Readers are offline meanwhile, as a worker is when it naps. 0 or a negative errno with `ret_error`. */
int bench_begin(struct bench *bench, int mode, char *ret_error);
int bench_commit(struct bench *bench, char *ret_error);

uint64_t bench_count(const struct bench *bench, enum counter counter);
void bench_waits(const struct bench *bench, enum wait_unit unit, enum scope scope, struct histogram *ret_sum);
struct flow *bench_flow(struct bench *bench, const struct path *path);
uint32_t bench_flows(const struct bench *bench);
uint32_t bench_held(const struct bench *bench);

/* Packets that came in and neither left nor wait: 0, or something was lost. */
int bench_missing(const struct bench *bench);

#endif
