/* SPDX-License-Identifier: BSD-3-Clause */
/* Arithmetic of a rate limit: a virtual-scheduling token bucket (GCRA, ITU-T I.371). Time is an argument, in
 * nanoseconds of one monotonic clock.
 *
 * `tat` is the theoretical arrival time of the next unit. With T = ns per unit, n units may leave together when
 * the last of them conforms: with tat' = max(tat, now) then tat = tat' + n T, and they leave at
 * max(now, tat - burst T). So in any interval of length t at most burst + t / T units leave, and no unit leaves
 * early.
 *
 * Kept in 1/16 ns, each take rounded up: never above the rate, and below it by at most 1/16 ns a take (0.2 % for
 * 40-byte packets at 10 Gbit/s, the worst there is). The slowest is a unit each 6.5 days; 2^64 / 16 ns is 36 years.
 *
 * Four buckets fit in a cache line, for it is these lines a segment waits for: T and the burst share a word, T to 34
 * bits (rounded up, by less than 10^-10), the burst to 19 (exact up to half a million units, rounded down by less than
 * 10^-5 above). And who reads a rate while another is set reads one of the two.
 *
 * `shared`: several workers use the bucket at once, so it is changed by compare-and-swap; a single worker
 * saves the locked instruction. Its functions are inline because every client segment calls them. */
#ifndef SLUICE_BUCKET_H
#define SLUICE_BUCKET_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "limit.h"

#define BUCKET_NEVER UINT64_MAX
#define BUCKET_TICKS_PER_NS 16u
#define BUCKET_UNIT_SHIFT 11

struct bucket {
	_Atomic uint64_t tat;  /* 1/16 ns */
	_Atomic uint64_t rate; /* from the low bits: T (34, shifted left by the next 5), burst (19, by 6); 0: never */
};

_Static_assert(sizeof(struct bucket) == 16, "four buckets are a cache line");

#define BUCKET_UNIT_BITS 34
#define BUCKET_UNIT_EXPONENT_BITS 5
#define BUCKET_BURST_BITS 19
#define BUCKET_BURST_AT (BUCKET_UNIT_BITS + BUCKET_UNIT_EXPONENT_BITS)

/* Empty at `start`, so that a restart grants no second burst; full once burst * T has passed. */
void bucket_init(struct bucket *bucket, const struct limit *limit, uint64_t start);

/* Another rate from now on; so many units as were used stay used. */
void bucket_set(struct bucket *bucket, const struct limit *limit, uint64_t now);

/* When `units` may leave, in ns, without taking them; BUCKET_NEVER if they never may. */
uint64_t bucket_when(const struct bucket *bucket, uint64_t units, uint64_t now);

/* So many units may leave now, at once. */
uint64_t bucket_left(const struct bucket *bucket, uint64_t now);

/* Nothing of the burst is used: a bucket made anew would be the same. */
bool bucket_full(const struct bucket *bucket, uint64_t now);

/* Gives back `units` that were taken and never left. */
void bucket_return(struct bucket *bucket, uint64_t units);

/* The same of units that could have left `late` ns ago: as much of them as has not passed unused. What could have
 * been used then and was not would be too much now. */
void bucket_return_late(struct bucket *bucket, uint64_t units, uint64_t late);

static inline uint64_t bucket_max(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static inline uint64_t bucket_ticks(uint64_t unit, uint64_t units)
{
	const uint64_t round = (1u << BUCKET_UNIT_SHIFT) - 1;
	uint64_t product;

	if (__builtin_expect(!__builtin_mul_overflow(unit, units, &product) && product < UINT64_MAX - round, 1))
		return (product + round) >> BUCKET_UNIT_SHIFT;
	__uint128_t ticks = ((__uint128_t)unit * units + round) >> BUCKET_UNIT_SHIFT;
	return ticks > (UINT64_MAX >> 2) ? UINT64_MAX >> 2 : (uint64_t)ticks;
}

/* T in 2^-11 of 1/16 ns. */
static inline uint64_t bucket_unit(uint64_t rate)
{
	return (rate & ((1ull << BUCKET_UNIT_BITS) - 1))
	       << (rate >> BUCKET_UNIT_BITS & ((1u << BUCKET_UNIT_EXPONENT_BITS) - 1));
}

static inline uint64_t bucket_burst(uint64_t rate)
{
	return (rate >> BUCKET_BURST_AT & ((1u << BUCKET_BURST_BITS) - 1))
	       << (rate >> (BUCKET_BURST_AT + BUCKET_BURST_BITS));
}

/* tat' + cost, at most as good as never. */
static inline uint64_t bucket_after(uint64_t tat, uint64_t cost, uint64_t now)
{
	uint64_t start = bucket_max(tat, now * BUCKET_TICKS_PER_NS);

	return start < UINT64_MAX >> 1 ? start + cost : start;
}

/* When units that end at `end` (tat' + n T) conform, rounded up so that nothing is early. */
static inline uint64_t bucket_leave(uint64_t end, uint64_t full, uint64_t now)
{
	if (end <= full + now * BUCKET_TICKS_PER_NS)
		return now;
	return (end - full + BUCKET_TICKS_PER_NS - 1) / BUCKET_TICKS_PER_NS;
}

/* Takes `units`, and returns when they may leave. */
static inline uint64_t bucket_take(struct bucket *bucket, uint64_t units, uint64_t now, bool shared)
{
	uint64_t rate = atomic_load_explicit(&bucket->rate, memory_order_relaxed);
	uint64_t tat = atomic_load_explicit(&bucket->tat, memory_order_relaxed);

	if (rate == 0)
		return BUCKET_NEVER;
	uint64_t unit = bucket_unit(rate), cost = bucket_ticks(unit, units);
	uint64_t fresh = bucket_after(tat, cost, now);
	if (!shared)
		atomic_store_explicit(&bucket->tat, fresh, memory_order_relaxed);
	else
		while (!atomic_compare_exchange_weak_explicit(&bucket->tat, &tat, fresh, memory_order_relaxed,
							      memory_order_relaxed))
			fresh = bucket_after(tat, cost, now);
	return bucket_leave(fresh, bucket_ticks(unit, bucket_burst(rate)), now);
}

#endif
