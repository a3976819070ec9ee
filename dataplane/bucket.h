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
 * Four buckets fit in a cache line, for it is these lines a segment waits for: T and the burst share a word. Nearly all
 * rates that a segment meets are faster than 7.7 thousand units a second, with a burst below 2^31: then the word is T
 * in its low half and the burst in its high one, both as they are. Others are marked slow, and both are shortened: T to
 * 34 bits (rounded up, by less than 10^-10), the burst to 19 (exact up to half a million units, rounded down by less
 * than 10^-5 above). And who reads a rate while another is set reads one of the two.
 *
 * Several workers may use a bucket at once: it is changed by compare-and-swap, but where `shared` says that only one
 * does, which saves the locked instruction for each segment. */
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
	_Atomic uint64_t rate; /* T in 2^-11 ticks and the burst, in one of two forms */
};

_Static_assert(sizeof(struct bucket) == 16, "four buckets are a cache line");

/* Fast: T (34 bits), burst (29), 0. Slow: T (34, shifted left by the next 5), burst (19, by the next 5), 1. 0 lets
 * nothing pass, ever. */
#define BUCKET_SLOW (1ull << 63)
#define BUCKET_UNIT_BITS 34
#define BUCKET_UNIT_MOST ((1ull << BUCKET_UNIT_BITS) - 1)
#define BUCKET_EXPONENT_BITS 5
#define BUCKET_BURST_BITS 19
#define BUCKET_BURST_AT (BUCKET_UNIT_BITS + BUCKET_EXPONENT_BITS)

/* Empty at `start`, so that a restart grants no second burst; full once burst * T has passed. */
void bucket_init(struct bucket *bucket, const struct limit *limit, uint64_t start);

/* Another rate from now on; so many units as were used stay used. */
void bucket_set(struct bucket *bucket, const struct limit *limit, uint64_t now);

/* No debt beyond the burst is left: what was used within a larger one was allowed. */
void bucket_forgive(struct bucket *bucket, uint64_t now);

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

/* T in 2^-11 of 1/16 ns. */
uint64_t bucket_unit(uint64_t rate);
uint64_t bucket_burst(uint64_t rate);

/* What `units` of T last, in ticks, rounded up; at most a quarter of all time. */
uint64_t bucket_ticks(uint64_t unit, uint64_t units);

/* How long `units` and how long a whole burst last, in ticks. */
struct bucket_cost {
	uint64_t units, full;
};

struct bucket_cost bucket_cost(uint64_t rate, uint64_t units);

static inline bool bucket_is_fast(uint64_t rate)
{
	return __builtin_expect((int64_t)rate > 0, 1);
}

/* Of a fast rate, and of so few units that no product overflows. */
#define BUCKET_UNITS_FEW (1u << 29)

static inline struct bucket_cost bucket_fast_cost(uint64_t rate, uint32_t units)
{
	const uint64_t round = (1u << BUCKET_UNIT_SHIFT) - 1, unit = rate & BUCKET_UNIT_MOST;
	const uint64_t burst = rate >> BUCKET_UNIT_BITS;

	return (struct bucket_cost){ (unit * units + round) >> BUCKET_UNIT_SHIFT,
				     (unit * burst + round) >> BUCKET_UNIT_SHIFT };
}

/* When units that end at `end` (tat' + n T) conform, rounded up so that nothing is early. */
static inline uint64_t bucket_leave(uint64_t end, uint64_t full, uint64_t now)
{
	if (end <= full + now * BUCKET_TICKS_PER_NS)
		return now;
	return (end - full + BUCKET_TICKS_PER_NS - 1) / BUCKET_TICKS_PER_NS;
}

/* In ticks: takes `units`, and returns when they conform, which may be past; BUCKET_NEVER. */
uint64_t bucket_take_ticks(struct bucket *bucket, uint64_t units, uint64_t now_ticks);

/* The same of BUCKET_UNITS_FEW at most, nearly always of a fast rate: of a segment's bytes, in several buckets. A take
 * is below 2^50 ticks then: only after years of them would the sum overflow. */
static inline int64_t bucket_take_few(struct bucket *bucket, uint32_t units, uint64_t now_ticks, bool shared)
{
	uint64_t rate = atomic_load_explicit(&bucket->rate, memory_order_relaxed);
	uint64_t tat = atomic_load_explicit(&bucket->tat, memory_order_relaxed);

	if (!bucket_is_fast(rate)) {
		uint64_t when = bucket_take_ticks(bucket, units, now_ticks);
		return when < INT64_MAX ? (int64_t)when : INT64_MAX;
	}
	struct bucket_cost cost = bucket_fast_cost(rate, units);
	uint64_t end = bucket_max(tat, now_ticks) + cost.units;
	if (!shared)
		atomic_store_explicit(&bucket->tat, end, memory_order_relaxed);
	else
		while (!atomic_compare_exchange_weak_explicit(&bucket->tat, &tat, end, memory_order_relaxed,
							      memory_order_relaxed))
			end = bucket_max(tat, now_ticks) + cost.units;
	return (int64_t)(end - cost.full);
}

/* Rounded up, so that nothing is early. */
static inline uint64_t bucket_ns(uint64_t ticks, uint64_t now)
{
	if (ticks <= now * BUCKET_TICKS_PER_NS || ticks == BUCKET_NEVER)
		return ticks == BUCKET_NEVER ? BUCKET_NEVER : now;
	return (ticks + BUCKET_TICKS_PER_NS - 1) / BUCKET_TICKS_PER_NS;
}

static inline uint64_t bucket_few_ns(int64_t ticks, uint64_t now)
{
	return ticks < INT64_MAX ? bucket_ns(ticks > 0 ? (uint64_t)ticks : 0, now) : BUCKET_NEVER;
}

/* Takes `units`, and returns when they may leave. */
static inline uint64_t bucket_take(struct bucket *bucket, uint64_t units, uint64_t now)
{
	return bucket_ns(bucket_take_ticks(bucket, units, now * BUCKET_TICKS_PER_NS), now);
}

#endif
