/* SPDX-License-Identifier: BSD-3-Clause */
/* What every limited thing has used: one meter for each scope key a live flow names. Shared by all
 * workers, so that a limit holds over all of them: found and counted under a bucket's lock when a flow
 * comes or goes, then used by pointer with atomics only. */
#ifndef SLUICE_METERS_H
#define SLUICE_METERS_H

#include <stdatomic.h>
#include <stdint.h>

#include "bucket.h"
#include "limit.h"
#include "scope.h"

struct meter {
	struct scope_key key;
	uint32_t references;	 /* flows that name it; under the bucket's lock */
	_Atomic uint32_t layout; /* of the table its limits come from */
	_Atomic uint32_t has;	 /* bit per limit kind */
	_Atomic uint32_t connections, connections_most;
	struct bucket connection_rate, byte_rate;
	_Atomic uint64_t admitted, refused, bytes;
	struct meter *next;
	uint64_t idle_since; /* ns; 0 while referenced */
};

struct meters;

/* `most` meters, memory from DPDK; `start` is the time since when the gate's buckets fill, in ns. */
struct meters *meters_create(uint32_t most, const uint8_t secret[16], uint64_t start);
void meters_destroy(struct meters *meters);

/* The meter of `key`, made if need be, one reference taken; NULL when all are in use. */
struct meter *meter_acquire(struct meters *meters, const struct scope_key *key);
void meter_release(struct meters *meters, struct meter *meter, uint64_t now);

/* Puts `limits` in force if they come from another layout than the meter's. */
void meter_update(struct meters *meters, struct meter *meter, uint32_t layout, const struct limits *limits);

/* Control thread: calls `each` under a bucket's lock; meters nobody named for `forget_ns` are given back. */
void meters_walk(struct meters *meters, uint64_t now, uint64_t forget_ns,
		 void (*each)(void *context, const struct meter *meter), void *context);

uint32_t meters_used(const struct meters *meters);
uint32_t meters_most(const struct meters *meters);

#endif
