/* SPDX-License-Identifier: BSD-3-Clause */
#include "bucket.h"

/* ns per unit, in 2^-11 of a tick, rounded up; what does not fit is as good as never. */
static uint64_t unit_of(const struct limit *limit)
{
	if (limit->amount == 0)
		return UINT64_MAX;
	__uint128_t whole = (__uint128_t)limit->per_ns * BUCKET_TICKS_PER_NS << BUCKET_UNIT_SHIFT;
	__uint128_t unit = (whole + limit->amount - 1) / limit->amount;
	return unit < UINT64_MAX ? (uint64_t)unit : UINT64_MAX;
}

static uint64_t load(const _Atomic uint64_t *field)
{
	return atomic_load_explicit(field, memory_order_relaxed);
}

static void set_rate(struct bucket *bucket, const struct limit *limit, uint64_t unit)
{
	uint64_t full = unit == UINT64_MAX ? 0 : bucket_ticks(unit, limit->burst > 0 ? limit->burst : 1);

	atomic_store_explicit(&bucket->full, full, memory_order_relaxed);
	atomic_store_explicit(&bucket->unit, unit, memory_order_relaxed);
}

/* The same number of units, at their new length. */
static uint64_t rescaled(uint64_t tat, uint64_t now, uint64_t was, uint64_t is)
{
	uint64_t start = now * BUCKET_TICKS_PER_NS;

	if (tat <= start || was == UINT64_MAX || is == UINT64_MAX)
		return tat;
	__uint128_t used = (__uint128_t)(tat - start) * is / was;
	return start + (used < UINT64_MAX >> 2 ? (uint64_t)used : UINT64_MAX >> 2);
}

void bucket_set(struct bucket *bucket, const struct limit *limit, uint64_t now)
{
	uint64_t was = load(&bucket->unit), is = unit_of(limit), tat = load(&bucket->tat);

	set_rate(bucket, limit, is);
	while (!atomic_compare_exchange_weak_explicit(&bucket->tat, &tat, rescaled(tat, now, was, is),
						      memory_order_relaxed, memory_order_relaxed))
		;
}

void bucket_init(struct bucket *bucket, const struct limit *limit, uint64_t start)
{
	uint64_t unit = unit_of(limit);

	set_rate(bucket, limit, unit);
	atomic_store_explicit(&bucket->tat, start * BUCKET_TICKS_PER_NS + load(&bucket->full), memory_order_relaxed);
}

uint64_t bucket_when(const struct bucket *bucket, uint64_t units, uint64_t now)
{
	uint64_t unit = load(&bucket->unit);

	if (unit == UINT64_MAX)
		return BUCKET_NEVER;
	uint64_t start = bucket_max(load(&bucket->tat), now * BUCKET_TICKS_PER_NS);
	return bucket_leave(start + bucket_ticks(unit, units), load(&bucket->full), now);
}

bool bucket_full(const struct bucket *bucket, uint64_t now)
{
	return load(&bucket->tat) <= now * BUCKET_TICKS_PER_NS;
}

void bucket_return(struct bucket *bucket, uint64_t units)
{
	bucket_return_late(bucket, units, 0);
}

void bucket_return_late(struct bucket *bucket, uint64_t units, uint64_t late)
{
	uint64_t unit = load(&bucket->unit), tat = load(&bucket->tat), gone = late * BUCKET_TICKS_PER_NS;

	if (unit == UINT64_MAX)
		return;
	uint64_t cost = bucket_ticks(unit, units);
	if (cost <= gone)
		return;
	cost -= gone;
	while (!atomic_compare_exchange_weak_explicit(&bucket->tat, &tat, tat > cost ? tat - cost : 0,
						      memory_order_relaxed, memory_order_relaxed))
		;
}
