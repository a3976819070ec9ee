/* SPDX-License-Identifier: BSD-3-Clause */
#include "bucket.h"

/* Nobody waits for more at once: five hundred terabytes. */
#define BURST_MOST (1ull << 49)

uint64_t bucket_unit(uint64_t rate)
{
	if (bucket_is_fast(rate))
		return rate & BUCKET_UNIT_MOST;
	return (rate & BUCKET_UNIT_MOST) << (rate >> BUCKET_UNIT_BITS & ((1u << BUCKET_EXPONENT_BITS) - 1));
}

uint64_t bucket_burst(uint64_t rate)
{
	if (bucket_is_fast(rate))
		return rate >> BUCKET_UNIT_BITS;
	return (rate >> BUCKET_BURST_AT & ((1u << BUCKET_BURST_BITS) - 1))
	       << (rate >> (BUCKET_BURST_AT + BUCKET_BURST_BITS) & ((1u << BUCKET_EXPONENT_BITS) - 1));
}

uint64_t bucket_ticks(uint64_t unit, uint64_t units)
{
	const uint64_t round = (1u << BUCKET_UNIT_SHIFT) - 1;
	__uint128_t ticks = ((__uint128_t)unit * units + round) >> BUCKET_UNIT_SHIFT;

	return ticks > (UINT64_MAX >> 2) ? UINT64_MAX >> 2 : (uint64_t)ticks;
}

struct bucket_cost bucket_cost(uint64_t rate, uint64_t units)
{
	uint64_t unit = bucket_unit(rate);

	return (struct bucket_cost){ bucket_ticks(unit, units), bucket_ticks(unit, bucket_burst(rate)) };
}

/* A number of `bits` bits and how far it is shifted left: the next one at or above `value`, or at or below it. */
static uint64_t shortened(uint64_t value, unsigned bits, bool up)
{
	unsigned has = value != 0 ? 64 - (unsigned)__builtin_clzll(value) : 0, exponent = has > bits ? has - bits : 0;
	uint64_t number = value >> exponent;

	if (up && number << exponent != value && ++number >> bits != 0) {
		number >>= 1;
		exponent++;
	}
	return (uint64_t)exponent << bits | number;
}

/* ns per unit, in 2^-11 of a tick, rounded up; 0: what does not fit is as good as never. */
static uint64_t unit_of(const struct limit *limit)
{
	if (limit->amount == 0)
		return 0;
	__uint128_t whole = (__uint128_t)limit->per_ns * BUCKET_TICKS_PER_NS << BUCKET_UNIT_SHIFT;
	__uint128_t unit = (whole + limit->amount - 1) / limit->amount;
	return unit < UINT64_MAX ? (uint64_t)unit : 0;
}

static uint64_t rate_of(const struct limit *limit)
{
	uint64_t unit = unit_of(limit), burst = limit->burst > 0 ? limit->burst : 1;

	burst = burst < BURST_MOST ? burst : BURST_MOST;
	if (unit == 0)
		return 0;
	if (unit <= BUCKET_UNIT_MOST && burst < BUCKET_SLOW >> BUCKET_UNIT_BITS)
		return burst << BUCKET_UNIT_BITS | unit;
	uint64_t parts = shortened(unit, BUCKET_UNIT_BITS, true), most = shortened(burst, BUCKET_BURST_BITS, false);
	if (parts >> BUCKET_BURST_AT != 0 || bucket_unit(BUCKET_SLOW | parts) < unit)
		return 0;
	return BUCKET_SLOW | most << BUCKET_BURST_AT | parts;
}

static uint64_t load(const _Atomic uint64_t *field)
{
	return atomic_load_explicit(field, memory_order_relaxed);
}

/* tat' + cost, at most as good as never. */
static uint64_t after(uint64_t tat, uint64_t cost, uint64_t now_ticks)
{
	uint64_t start = bucket_max(tat, now_ticks);

	return start < UINT64_MAX >> 1 ? start + cost : start;
}

uint64_t bucket_take_ticks(struct bucket *bucket, uint64_t units, uint64_t now_ticks)
{
	uint64_t rate = load(&bucket->rate), tat = load(&bucket->tat), end;
	struct bucket_cost cost = bucket_cost(rate, units);

	if (rate == 0)
		return BUCKET_NEVER;
	do
		end = after(tat, cost.units, now_ticks);
	while (!atomic_compare_exchange_weak_explicit(&bucket->tat, &tat, end, memory_order_relaxed,
						      memory_order_relaxed));
	return end > cost.full ? end - cost.full : 0;
}

/* The same number of units, at their new length. */
static uint64_t rescaled(uint64_t tat, uint64_t now, uint64_t was, uint64_t is)
{
	uint64_t start = now * BUCKET_TICKS_PER_NS;

	if (tat <= start || was == 0 || is == 0)
		return tat;
	__uint128_t used = (__uint128_t)(tat - start) * is / was;
	return start + (used < UINT64_MAX >> 2 ? (uint64_t)used : UINT64_MAX >> 2);
}

void bucket_set(struct bucket *bucket, const struct limit *limit, uint64_t now)
{
	uint64_t rate = rate_of(limit), tat = load(&bucket->tat);
	uint64_t was = bucket_unit(load(&bucket->rate)), is = bucket_unit(rate);

	atomic_store_explicit(&bucket->rate, rate, memory_order_relaxed);
	while (!atomic_compare_exchange_weak_explicit(&bucket->tat, &tat, rescaled(tat, now, was, is),
						      memory_order_relaxed, memory_order_relaxed))
		;
}

void bucket_forgive(struct bucket *bucket, uint64_t now)
{
	uint64_t rate = load(&bucket->rate), tat = load(&bucket->tat);
	uint64_t empty = now * BUCKET_TICKS_PER_NS + bucket_ticks(bucket_unit(rate), bucket_burst(rate));

	while (tat > empty && !atomic_compare_exchange_weak_explicit(&bucket->tat, &tat, empty, memory_order_relaxed,
								     memory_order_relaxed))
		;
}

void bucket_init(struct bucket *bucket, const struct limit *limit, uint64_t start)
{
	uint64_t rate = rate_of(limit), full = bucket_ticks(bucket_unit(rate), bucket_burst(rate));

	atomic_store_explicit(&bucket->rate, rate, memory_order_relaxed);
	atomic_store_explicit(&bucket->tat, start * BUCKET_TICKS_PER_NS + full, memory_order_relaxed);
}

uint64_t bucket_when(const struct bucket *bucket, uint64_t units, uint64_t now)
{
	uint64_t rate = load(&bucket->rate), unit = bucket_unit(rate);

	if (rate == 0)
		return BUCKET_NEVER;
	uint64_t start = bucket_max(load(&bucket->tat), now * BUCKET_TICKS_PER_NS);
	return bucket_leave(start + bucket_ticks(unit, units), bucket_ticks(unit, bucket_burst(rate)), now);
}

uint64_t bucket_left(const struct bucket *bucket, uint64_t now)
{
	uint64_t rate = load(&bucket->rate), tat = load(&bucket->tat), unit = bucket_unit(rate);
	uint64_t burst = bucket_burst(rate), ticks = now * BUCKET_TICKS_PER_NS;

	if (rate == 0 || unit == 0)
		return 0;
	__uint128_t behind = tat > ticks ? (__uint128_t)(tat - ticks) << BUCKET_UNIT_SHIFT : 0;
	__uint128_t used = (behind + unit - 1) / unit;
	return used < burst ? burst - (uint64_t)used : 0;
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
	uint64_t rate = load(&bucket->rate), tat = load(&bucket->tat), gone = late * BUCKET_TICKS_PER_NS;

	if (rate == 0)
		return;
	uint64_t cost = bucket_ticks(bucket_unit(rate), units);
	if (cost <= gone)
		return;
	cost -= gone;
	while (!atomic_compare_exchange_weak_explicit(&bucket->tat, &tat, tat > cost ? tat - cost : 0,
						      memory_order_relaxed, memory_order_relaxed))
		;
}
