/* SPDX-License-Identifier: BSD-3-Clause */
#include "bucket.h"

#define TICKS_PER_NS 16u
#define UNIT_SHIFT 16

/* One reading of a bucket's rate. */
struct rate {
	uint64_t unit, step, tau; /* step: T in ticks */
};

/* ns per unit, in 2^-16 of a tick; beyond 2^62 it is as good as never. */
static uint64_t unit_of(const struct limit *limit)
{
	if (limit->amount == 0)
		return UINT64_MAX;
	__uint128_t unit = ((__uint128_t)limit->per_ns * TICKS_PER_NS << UNIT_SHIFT) / limit->amount;
	return unit > (UINT64_MAX >> 2) ? UINT64_MAX : (uint64_t)unit;
}

static uint64_t ticks_for(uint64_t unit, uint64_t units)
{
	__uint128_t ticks = (__uint128_t)unit * units >> UNIT_SHIFT;
	return ticks > (UINT64_MAX >> 2) ? UINT64_MAX >> 2 : (uint64_t)ticks;
}

static uint64_t max_of(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* When the last of units that are `cost` in all conforms, rounded up so that nothing is early. */
static uint64_t leave_at(uint64_t tat, uint64_t cost, const struct rate *rate, uint64_t now)
{
	uint64_t start = max_of(tat, now * TICKS_PER_NS);
	uint64_t last = start + (cost > rate->step ? cost - rate->step : 0);

	return last > rate->tau ? max_of((last - rate->tau + TICKS_PER_NS - 1) / TICKS_PER_NS, now) : now;
}

void bucket_set(struct bucket *bucket, const struct limit *limit)
{
	uint64_t unit = unit_of(limit);
	uint64_t tau = unit == UINT64_MAX ? 0 : ticks_for(unit, limit->burst > 0 ? limit->burst - 1 : 0);

	atomic_store_explicit(&bucket->tau, tau, memory_order_relaxed);
	atomic_store_explicit(&bucket->unit, unit, memory_order_relaxed);
}

void bucket_init(struct bucket *bucket, const struct limit *limit, uint64_t start)
{
	bucket_set(bucket, limit);
	uint64_t unit = atomic_load_explicit(&bucket->unit, memory_order_relaxed);
	uint64_t full = unit == UINT64_MAX ? 0 : ticks_for(unit, limit->burst > 0 ? limit->burst : 1);
	atomic_store_explicit(&bucket->tat, start * TICKS_PER_NS + full, memory_order_relaxed);
}

static struct rate rate_of(const struct bucket *bucket)
{
	struct rate rate = { .unit = atomic_load_explicit(&bucket->unit, memory_order_relaxed),
			     .tau = atomic_load_explicit(&bucket->tau, memory_order_relaxed) };

	rate.step = ticks_for(rate.unit, 1);
	return rate;
}

uint64_t bucket_when(const struct bucket *bucket, uint64_t units, uint64_t now)
{
	struct rate rate = rate_of(bucket);

	if (rate.unit == UINT64_MAX)
		return BUCKET_NEVER;
	uint64_t tat = atomic_load_explicit(&bucket->tat, memory_order_relaxed);
	return leave_at(tat, ticks_for(rate.unit, units), &rate, now);
}

bool bucket_full(const struct bucket *bucket, uint64_t now)
{
	return atomic_load_explicit(&bucket->tat, memory_order_relaxed) <= now * TICKS_PER_NS;
}

uint64_t bucket_take(struct bucket *bucket, uint64_t units, uint64_t now)
{
	struct rate rate = rate_of(bucket);
	uint64_t tat = atomic_load_explicit(&bucket->tat, memory_order_relaxed);

	if (rate.unit == UINT64_MAX)
		return BUCKET_NEVER;
	uint64_t cost = ticks_for(rate.unit, units), fresh;
	do
		fresh = max_of(tat, now * TICKS_PER_NS) + cost;
	while (!atomic_compare_exchange_weak_explicit(&bucket->tat, &tat, fresh, memory_order_relaxed,
						      memory_order_relaxed));
	return leave_at(tat, cost, &rate, now);
}

bool bucket_try(struct bucket *bucket, uint64_t units, uint64_t now, uint64_t *ret_when)
{
	struct rate rate = rate_of(bucket);
	uint64_t tat = atomic_load_explicit(&bucket->tat, memory_order_relaxed);

	if (rate.unit == UINT64_MAX) {
		*ret_when = BUCKET_NEVER;
		return false;
	}
	uint64_t cost = ticks_for(rate.unit, units), fresh;
	do {
		uint64_t when = leave_at(tat, cost, &rate, now);
		if (when > now) {
			*ret_when = when;
			return false;
		}
		fresh = max_of(tat, now * TICKS_PER_NS) + cost;
	} while (!atomic_compare_exchange_weak_explicit(&bucket->tat, &tat, fresh, memory_order_relaxed,
							memory_order_relaxed));
	return true;
}

void bucket_return(struct bucket *bucket, uint64_t units)
{
	uint64_t unit = atomic_load_explicit(&bucket->unit, memory_order_relaxed);

	if (unit != UINT64_MAX)
		atomic_fetch_sub_explicit(&bucket->tat, ticks_for(unit, units), memory_order_relaxed);
}
