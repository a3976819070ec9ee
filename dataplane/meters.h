/* SPDX-License-Identifier: BSD-3-Clause */
/* What every limited thing has used: one meter for each scope key a live flow names. Shared by all
 * workers, so that a limit holds over all of them: found and counted under a chain's lock when a flow
 * comes or goes, then used by index with atomics only. */
#ifndef SLUICE_METERS_H
#define SLUICE_METERS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "bucket.h"
#include "limit.h"
#include "queue.h"
#include "scope.h"

struct meter {
	struct bucket connection_rate;
	_Atomic uint16_t has; /* bit per limit kind, and LIMIT_BRAKED */
	_Atomic uint16_t weight;
	_Atomic uint32_t connections, connections_most;
	_Atomic uint32_t layout; /* of the table its limits come from */
	struct scope_key key;
	_Atomic uint32_t references; /* flows that name it; rises under the chain's lock only */
	_Atomic uint64_t admitted, refused, bytes;
	uint32_t next;		  /* in its chain, or in the list of free ones; 0: none */
	_Atomic uint32_t idle_ms; /* when a flow last let go of it */
	_Atomic uint64_t braked;  /* so often something was made to wait by the spike brake */
} __attribute__((aligned(128)));

_Static_assert(sizeof(struct meter) == 128, "a meter is two cache lines");

/* Beside it, since it is needed once a message: the figures, and the bucket. */
struct meter_messages {
	_Atomic uint64_t all, inferred, declined;
	struct bucket rate;
};

_Static_assert(sizeof(struct meter_messages) == 40, "messages are part of what a meter costs");

struct meters {
	bool shared;	      /* by several workers; a lone one need not lock the bus to count */
	struct meter *meter;  /* [most + 1]; 0 is no meter */
	struct bucket *bytes; /* of byte rates, by the same index: all a segment needs */
	struct meter_messages *messages;
	struct decided *decided;	    /* what was decided on, by the same index */
	struct queues *queues[QUEUE_KINDS]; /* of those who wait for a meter, by the same index */
	struct meter_index *index;
};

/* `most` meters, memory from DPDK; `start` is the time since when the gate's buckets fill, in ns. */
struct meters *meters_create(uint32_t most, const uint8_t secret[16], uint64_t start);
void meters_destroy(struct meters *meters);

/* From now on none is to be had that is not in use already. */
void meters_exhaust(struct meters *meters);

/* Where keys are looked for. That is cold, as the meters are: the first fetches ahead the places, the second what is
 * found there, the third what is behind that where it is another key's: so many are on their way at once. */
void meter_hashes(const struct meters *meters, const struct scope_key *keys, unsigned count, uint32_t *ret_hash);
void meters_fetch(const struct meters *meters, const uint32_t *hash, unsigned count);
void meters_fetch_next(const struct meters *meters, const struct scope_key *keys, const uint32_t *hash, unsigned count);

/* The meter of `key`, made if need be, one reference taken; 0 when all are in use. / Gives it back; 0: nothing. */
uint32_t meter_acquire(struct meters *meters, const struct scope_key *key, uint32_t hash);
void meter_release(struct meters *meters, uint32_t index, uint64_t now);

/* The meter of `key` if somebody has it; for the control thread, which alone could forget it. */
uint32_t meter_find(const struct meters *meters, const struct scope_key *key, uint32_t hash);

static inline struct meter *meter_at(const struct meters *meters, uint32_t index)
{
	return &meters->meter[index];
}

static inline bool meter_limits(const struct meter *meter, enum limit_kind kind)
{
	return (atomic_load_explicit(&meter->has, memory_order_acquire) & 1u << kind) != 0;
}

/* Is it the spike brake that limits this kind? */
static inline bool meter_brakes(const struct meter *meter, enum limit_kind kind)
{
	return (atomic_load_explicit(&meter->has, memory_order_relaxed) & LIMIT_BRAKED(kind)) != 0;
}

/* Those of a flow's seats that limit this kind: a bit per scope. */
static inline uint8_t meters_limiting(const struct meters *meters, const uint32_t seat[SCOPES], enum limit_kind kind)
{
	uint8_t limiting = 0;

	for (int scope = 0; scope < SCOPES; scope++)
		if (meter_limits(meter_at(meters, seat[scope]), kind))
			limiting |= (uint8_t)(1u << scope);
	return limiting;
}

static inline struct bucket *meter_bytes(const struct meters *meters, const struct meter *meter)
{
	return &meters->bytes[meter - meters->meter];
}

static inline struct meter_messages *meter_messages(const struct meters *meters, const struct meter *meter)
{
	return &meters->messages[meter - meters->meter];
}

/* Adds to a cell that workers write and others only read. */
#define meter_add(cell, by, shared)                                                                                    \
	((shared) ? (void)atomic_fetch_add_explicit((cell), (by), memory_order_relaxed)                                \
		  : atomic_store_explicit((cell), atomic_load_explicit((cell), memory_order_relaxed) + (by),           \
					  memory_order_relaxed))

/* Puts `limits` in force if they come from a newer layout than the meter's. */
void meter_update(struct meters *meters, struct meter *meter, uint32_t layout, const struct limits *limits,
		  uint64_t now);

/* Control thread: calls `each` under a chain's lock; meters nobody named for `forget_ms` are given back. Of `chains`
 * chains from `from` on, so that a million of them keep nobody waiting: returns where to go on, 0 when all were seen.
 */
#define METERS_ALL UINT32_MAX
uint32_t meters_walk(struct meters *meters, uint32_t from, uint32_t chains, uint64_t now, uint32_t forget_ms,
		     void (*each)(void *context, const struct meter *meter), void *context);

/* Around the admission of a connection: slots and tokens of all its scopes are looked at and taken as one. Once a
 * connection, so one lock for all. Slots are given back without it. */
void meters_lock(struct meters *meters);
void meters_unlock(struct meters *meters);

uint32_t meters_used(const struct meters *meters);
uint32_t meters_most(const struct meters *meters);

#endif
