/* SPDX-License-Identifier: BSD-3-Clause */
#include "meters.h"

#include <string.h>

#include <rte_malloc.h>
#include <rte_spinlock.h>

#include "siphash.h"

struct chain {
	rte_spinlock_t lock;
	struct meter *first;
};

struct meters {
	uint8_t secret[16];
	uint64_t start;
	uint32_t most, mask;
	_Atomic uint32_t used;
	struct chain *chain;
	struct meter *meter;
	rte_spinlock_t free_lock;
	struct meter *free;
};

static uint32_t power_of_two(uint32_t at_least)
{
	uint32_t power = 1;

	while (power < at_least)
		power *= 2;
	return power;
}

struct meters *meters_create(uint32_t most, const uint8_t secret[16], uint64_t start)
{
	struct meters *meters = rte_zmalloc("meters", sizeof(*meters), 64);
	uint32_t chains = power_of_two(most);

	if (meters == NULL)
		return NULL;
	meters->chain = rte_zmalloc("meter_chains", chains * sizeof(struct chain), 64);
	meters->meter = rte_zmalloc("meter_pool", (size_t)most * sizeof(struct meter), 64);
	if (meters->chain == NULL || meters->meter == NULL) {
		meters_destroy(meters);
		return NULL;
	}
	memcpy(meters->secret, secret, sizeof(meters->secret));
	meters->start = start;
	meters->most = most;
	meters->mask = chains - 1;
	for (uint32_t i = most; i-- > 0;) {
		meters->meter[i].next = meters->free;
		meters->free = &meters->meter[i];
	}
	return meters;
}

void meters_destroy(struct meters *meters)
{
	if (meters == NULL)
		return;
	rte_free(meters->chain);
	rte_free(meters->meter);
	rte_free(meters);
}

static struct chain *chain_of(struct meters *meters, const struct scope_key *key)
{
	return &meters->chain[siphash(1, 3, meters->secret, key, sizeof(*key)) & meters->mask];
}

static struct meter *take_free(struct meters *meters)
{
	rte_spinlock_lock(&meters->free_lock);
	struct meter *meter = meters->free;
	if (meter != NULL)
		meters->free = meter->next;
	rte_spinlock_unlock(&meters->free_lock);
	if (meter != NULL)
		atomic_fetch_add_explicit(&meters->used, 1, memory_order_relaxed);
	return meter;
}

static void give_back(struct meters *meters, struct meter *meter)
{
	rte_spinlock_lock(&meters->free_lock);
	meter->next = meters->free;
	meters->free = meter;
	rte_spinlock_unlock(&meters->free_lock);
	atomic_fetch_sub_explicit(&meters->used, 1, memory_order_relaxed);
}

static struct meter *find(struct chain *chain, const struct scope_key *key)
{
	struct meter *meter = chain->first;

	while (meter != NULL && memcmp(&meter->key, key, sizeof(*key)) != 0)
		meter = meter->next;
	return meter;
}

static struct meter *make(struct meters *meters, struct chain *chain, const struct scope_key *key)
{
	struct meter *meter = take_free(meters);

	if (meter == NULL)
		return NULL;
	memset(meter, 0, sizeof(*meter));
	meter->key = *key;
	meter->next = chain->first;
	chain->first = meter;
	return meter;
}

struct meter *meter_acquire(struct meters *meters, const struct scope_key *key)
{
	struct chain *chain = chain_of(meters, key);

	rte_spinlock_lock(&chain->lock);
	struct meter *meter = find(chain, key);
	if (meter == NULL)
		meter = make(meters, chain, key);
	if (meter != NULL) {
		meter->references++;
		meter->idle_since = 0;
	}
	rte_spinlock_unlock(&chain->lock);
	return meter;
}

void meter_release(struct meters *meters, struct meter *meter, uint64_t now)
{
	struct chain *chain = chain_of(meters, &meter->key);

	rte_spinlock_lock(&chain->lock);
	if (--meter->references == 0)
		meter->idle_since = now;
	rte_spinlock_unlock(&chain->lock);
}

/* What a kind has used stays used when its rate changes; one that was not limited begins as at the start. */
static void set_rate(struct bucket *bucket, bool was, const struct limit *limit, uint64_t start)
{
	if (was)
		bucket_set(bucket, limit);
	else
		bucket_init(bucket, limit, start);
}

void meter_update(struct meters *meters, struct meter *meter, uint32_t layout, const struct limits *limits)
{
	struct chain *chain = chain_of(meters, &meter->key);
	const struct limit *kind = limits->kind;

	rte_spinlock_lock(&chain->lock);
	uint32_t had = atomic_load_explicit(&meter->has, memory_order_relaxed);
	if (limits->has & 1u << LIMIT_CONNECTIONS) {
		uint64_t most = kind[LIMIT_CONNECTIONS].amount;
		atomic_store_explicit(&meter->connections_most, most < UINT32_MAX ? (uint32_t)most : UINT32_MAX,
				      memory_order_relaxed);
	}
	if (limits->has & 1u << LIMIT_CONNECTION_RATE)
		set_rate(&meter->connection_rate, had & 1u << LIMIT_CONNECTION_RATE, &kind[LIMIT_CONNECTION_RATE],
			 meters->start);
	if (limits->has & 1u << LIMIT_BYTE_RATE)
		set_rate(&meter->byte_rate, had & 1u << LIMIT_BYTE_RATE, &kind[LIMIT_BYTE_RATE], meters->start);
	/* Last: whoever sees the bit sees the figures. */
	atomic_store_explicit(&meter->has, limits->has, memory_order_release);
	atomic_store_explicit(&meter->layout, layout, memory_order_release);
	rte_spinlock_unlock(&chain->lock);
}

/* Nobody names it, it owes nothing, and long enough has passed that its figures were seen. */
static bool forgettable(const struct meter *meter, uint64_t now, uint64_t forget_ns)
{
	return meter->references == 0 && now - meter->idle_since >= forget_ns &&
	       bucket_full(&meter->connection_rate, now) && bucket_full(&meter->byte_rate, now);
}

static void walk_chain(struct meters *meters, struct chain *chain, uint64_t now, uint64_t forget_ns)
{
	struct meter **link = &chain->first;

	while (*link != NULL) {
		struct meter *meter = *link;
		if (!forgettable(meter, now, forget_ns)) {
			link = &meter->next;
			continue;
		}
		*link = meter->next;
		give_back(meters, meter);
	}
}

void meters_walk(struct meters *meters, uint64_t now, uint64_t forget_ns,
		 void (*each)(void *context, const struct meter *meter), void *context)
{
	for (uint32_t i = 0; i <= meters->mask; i++) {
		struct chain *chain = &meters->chain[i];
		if (__atomic_load_n(&chain->first, __ATOMIC_RELAXED) == NULL)
			continue; /* a meter made just now is seen the next time */
		rte_spinlock_lock(&chain->lock);
		walk_chain(meters, chain, now, forget_ns);
		for (struct meter *meter = chain->first; each != NULL && meter != NULL; meter = meter->next)
			each(context, meter);
		rte_spinlock_unlock(&chain->lock);
	}
}

uint32_t meters_used(const struct meters *meters)
{
	return atomic_load_explicit(&meters->used, memory_order_relaxed);
}

uint32_t meters_most(const struct meters *meters)
{
	return meters->most;
}
