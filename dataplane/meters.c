/* SPDX-License-Identifier: BSD-3-Clause */
#include "meters.h"

#include <string.h>

#include <rte_malloc.h>
#include <rte_spinlock.h>

#include "decided.h"
#include "memory.h"
#include "multilinear.h"
#include "queue.h"

struct meter_chain {
	rte_spinlock_t lock;
	uint32_t first;
};

struct meter_index {
	struct multilinear hash;
	rte_spinlock_t admission;
	uint64_t start;
	uint32_t most, mask;
	_Atomic uint32_t used;
	rte_spinlock_t free_lock;
	uint32_t free;
	struct meter_chain chain[];
};

struct meters *meters_create(uint32_t most, const uint8_t secret[16], uint64_t start)
{
	struct meters *meters = rte_zmalloc("meters", sizeof(*meters), 64);
	uint32_t chains = power_of_two(most);

	if (meters == NULL)
		return NULL;
	meters->index = rte_zmalloc("meter_chains", sizeof(*meters->index) + chains * sizeof(struct meter_chain), 64);
	meters->meter = rte_zmalloc("meter_pool", ((size_t)most + 1) * sizeof(*meters->meter), 128);
	meters->bytes = rte_zmalloc("meter_bytes", ((size_t)most + 1) * sizeof(*meters->bytes), 64);
	meters->messages = rte_zmalloc("meter_messages", ((size_t)most + 1) * sizeof(*meters->messages), 64);
	meters->decided = decided_create(most);
	for (int kind = 0; kind < QUEUE_KINDS; kind++)
		meters->queues[kind] = queues_create(most, most);
	if (meters->decided == NULL || meters->bytes == NULL || meters->messages == NULL || meters->index == NULL ||
	    meters->meter == NULL || meters->queues[QUEUE_CONNECTIONS] == NULL ||
	    meters->queues[QUEUE_MESSAGES] == NULL) {
		meters_destroy(meters);
		return NULL;
	}
	meters->shared = true;
	multilinear_init(&meters->index->hash, secret);
	meters->index->start = start;
	meters->index->most = most;
	meters->index->mask = chains - 1;
	for (uint32_t i = most; i > 0; i--) {
		meters->meter[i].next = meters->index->free;
		meters->index->free = i;
	}
	return meters;
}

void meters_exhaust(struct meters *meters)
{
	meters->index->free = 0;
}

void meters_destroy(struct meters *meters)
{
	if (meters == NULL)
		return;
	for (int kind = 0; kind < QUEUE_KINDS; kind++)
		queues_destroy(meters->queues[kind]);
	decided_destroy(meters->decided);
	rte_free(meters->index);
	rte_free(meters->bytes);
	rte_free(meters->messages);
	rte_free(meters->meter);
	rte_free(meters);
}

/* Most keys have no address or an IPv4 one, and fit into two words. */
static bool is_long(const struct scope_key *key)
{
	static const struct address mapped = { { [10] = 0xff, 0xff } }, none;

	switch (key->scope) {
	case SCOPE_SOURCE_PROVIDER:
	case SCOPE_REMOTE:
	case SCOPE_SOURCE:
	case SCOPE_DOMAIN:
		return memcmp(&key->address, &mapped, 12) != 0 && memcmp(&key->address, &none, 12) != 0;
	default:
		return false;
	}
}

static uint32_t hash_of(const struct meters *meters, const struct scope_key *key)
{
	const struct meter_index *index = meters->index;
	uint64_t word[MULTILINEAR_WORDS] = { 0 };

	memcpy(word, key, sizeof(*key));
	if (is_long(key))
		return (uint32_t)multilinear_six(&index->hash, word) & index->mask;
	return (uint32_t)multilinear_two(&index->hash, word[0], key->provider | (word[3] & UINT32_MAX) << 32) &
	       index->mask;
}

void meter_hashes(const struct meters *meters, const struct scope_key *keys, unsigned count, uint32_t *ret_hash)
{
	for (unsigned i = 0; i < count; i++) {
		ret_hash[i] = hash_of(meters, &keys[i]);
		fetch(&meters->index->chain[ret_hash[i]]);
	}
}

void meters_fetch(const struct meters *meters, const uint32_t *hash, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		uint32_t first = __atomic_load_n(&meters->index->chain[hash[i]].first, __ATOMIC_RELAXED);
		fetch(&meters->meter[first]);
		fetch(&meters->meter[first].admitted);
	}
}

/* Without the chain's lock: what is read may change meanwhile, and then the wrong line is fetched. */
__attribute__((no_sanitize("thread"))) void meters_fetch_next(const struct meters *meters, const struct scope_key *keys,
							      const uint32_t *hash, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		uint32_t first = __atomic_load_n(&meters->index->chain[hash[i]].first, __ATOMIC_RELAXED);
		const struct meter *meter = &meters->meter[first];
		/* Ids and the ends of addresses tell keys apart. */
		if (meter->key.customer == keys[i].customer && meter->key.provider == keys[i].provider &&
		    memcmp(meter->key.address.byte + 8, keys[i].address.byte + 8, 8) == 0)
			continue;
		fetch(&meters->meter[meter->next]);
		fetch(&meters->meter[meter->next].admitted);
	}
}

static uint32_t take_free(struct meters *meters)
{
	rte_spinlock_lock(&meters->index->free_lock);
	uint32_t index = meters->index->free;
	if (index != 0)
		meters->index->free = meters->meter[index].next;
	rte_spinlock_unlock(&meters->index->free_lock);
	if (index != 0)
		atomic_fetch_add_explicit(&meters->index->used, 1, memory_order_relaxed);
	return index;
}

static void give_back(struct meters *meters, uint32_t index)
{
	rte_spinlock_lock(&meters->index->free_lock);
	meters->meter[index].next = meters->index->free;
	meters->index->free = index;
	rte_spinlock_unlock(&meters->index->free_lock);
	atomic_fetch_sub_explicit(&meters->index->used, 1, memory_order_relaxed);
}

static uint32_t find(const struct meters *meters, const struct meter_chain *chain, const struct scope_key *key)
{
	uint32_t index = chain->first;

	while (index != 0 && memcmp(&meters->meter[index].key, key, sizeof(*key)) != 0)
		index = meters->meter[index].next;
	return index;
}

static uint32_t make(struct meters *meters, struct meter_chain *chain, const struct scope_key *key)
{
	uint32_t index = take_free(meters);

	if (index == 0)
		return 0;
	struct meter *meter = &meters->meter[index];
	memset(meter, 0, sizeof(*meter));
	meter->key = *key;
	meter->next = chain->first;
	for (int kind = 0; kind < QUEUE_KINDS; kind++)
		queue_reset(meters->queues[kind], index);
	memset(&meters->bytes[index], 0, sizeof(meters->bytes[index]));
	memset(&meters->messages[index], 0, sizeof(meters->messages[index]));
	__atomic_store_n(&chain->first, index, __ATOMIC_RELAXED);
	return index;
}

uint32_t meter_acquire(struct meters *meters, const struct scope_key *key, uint32_t hash)
{
	struct meter_chain *chain = &meters->index->chain[hash];

	rte_spinlock_lock(&chain->lock);
	uint32_t index = find(meters, chain, key);
	if (index == 0)
		index = make(meters, chain, key);
	if (index != 0)
		meter_add(&meters->meter[index].references, 1, meters->shared);
	rte_spinlock_unlock(&chain->lock);
	return index;
}

uint32_t meter_find(const struct meters *meters, const struct scope_key *key, uint32_t hash)
{
	struct meter_chain *chain = &meters->index->chain[hash];

	rte_spinlock_lock(&chain->lock);
	uint32_t index = find(meters, chain, key);
	rte_spinlock_unlock(&chain->lock);
	return index;
}

/* The time first: whoever sees no reference sees since when. */
void meter_release(struct meters *meters, uint32_t index, uint64_t now)
{
	struct meter *meter = &meters->meter[index];

	if (index == 0)
		return;
	atomic_store_explicit(&meter->idle_ms, (uint32_t)(now / 1000000), memory_order_relaxed);
	if (meters->shared)
		atomic_fetch_sub_explicit(&meter->references, 1, memory_order_release);
	else
		atomic_store_explicit(&meter->references,
				      atomic_load_explicit(&meter->references, memory_order_relaxed) - 1,
				      memory_order_release);
}

struct times {
	uint64_t start, now;
};

/* What a kind has used stays used when its rate changes; one that was not limited begins as at the start. A brake's
 * burst shrinks by the hour and at an allowance's end, and nothing is owed for that. */
static void set_rate(struct bucket *bucket, enum limit_kind kind, uint32_t had, const struct limit *limit,
		     const struct times *times)
{
	if (!(had & 1u << kind)) {
		bucket_init(bucket, limit, times->start);
		return;
	}
	bucket_set(bucket, limit, times->now);
	if (had & LIMIT_BRAKED(kind))
		bucket_forgive(bucket, times->now);
}

static void set_limits(struct meters *meters, struct meter *meter, const struct limits *limits,
		       const struct times *times)
{
	uint32_t had = atomic_load_explicit(&meter->has, memory_order_relaxed);
	const struct limit *kind = limits->kind;

	if (limits->has & 1u << LIMIT_CONNECTIONS) {
		uint64_t most = kind[LIMIT_CONNECTIONS].amount;
		atomic_store_explicit(&meter->connections_most, most < UINT32_MAX ? (uint32_t)most : UINT32_MAX,
				      memory_order_relaxed);
	}
	if (limits->has & 1u << LIMIT_CONNECTION_RATE)
		set_rate(&meter->connection_rate, LIMIT_CONNECTION_RATE, had, &kind[LIMIT_CONNECTION_RATE], times);
	if (limits->has & 1u << LIMIT_BYTE_RATE)
		set_rate(meter_bytes(meters, meter), LIMIT_BYTE_RATE, had, &kind[LIMIT_BYTE_RATE], times);
	if (limits->has & 1u << LIMIT_MESSAGE_RATE)
		set_rate(&meter_messages(meters, meter)->rate, LIMIT_MESSAGE_RATE, had, &kind[LIMIT_MESSAGE_RATE],
			 times);
	/* Last: whoever sees the bit sees the figures. */
	atomic_store_explicit(&meter->weight, (uint16_t)limits->weight, memory_order_relaxed);
	atomic_store_explicit(&meter->has, (uint16_t)limits->has, memory_order_release);
}

void meter_update(struct meters *meters, struct meter *meter, uint32_t layout, const struct limits *limits,
		  uint64_t now)
{
	const struct times times = { meters->index->start, now };
	struct meter_chain *chain = &meters->index->chain[hash_of(meters, &meter->key)];

	rte_spinlock_lock(&chain->lock);
	/* A worker still in a turn of the older table must not undo what another one did with the newer. */
	if ((int32_t)(layout - atomic_load_explicit(&meter->layout, memory_order_relaxed)) > 0) {
		set_limits(meters, meter, limits, &times);
		atomic_store_explicit(&meter->layout, layout, memory_order_release);
	}
	rte_spinlock_unlock(&chain->lock);
}

/* Nobody names it, it owes nothing, and long enough has passed that its figures were seen. */
static bool forgettable(const struct meters *meters, uint32_t index, uint64_t now, uint32_t forget_ms)
{
	const struct meter *meter = &meters->meter[index];

	if (atomic_load_explicit(&meter->references, memory_order_acquire) != 0)
		return false;
	uint32_t idle_ms = (uint32_t)(now / 1000000) - atomic_load_explicit(&meter->idle_ms, memory_order_relaxed);
	/* A worker may have been quicker than the clock reading. */
	if ((int32_t)idle_ms < 0 || idle_ms < forget_ms)
		return false;
	return bucket_full(&meter->connection_rate, now) && bucket_full(&meters->bytes[index], now) &&
	       bucket_full(&meters->messages[index].rate, now);
}

static void walk_chain(struct meters *meters, struct meter_chain *chain, uint64_t now, uint32_t forget_ms)
{
	uint32_t *link = &chain->first;

	while (*link != 0) {
		uint32_t index = *link;
		struct meter *meter = &meters->meter[index];
		if (!forgettable(meters, index, now, forget_ms)) {
			link = &meter->next;
			continue;
		}
		__atomic_store_n(link, meter->next, __ATOMIC_RELAXED);
		give_back(meters, index);
	}
}

uint32_t meters_walk(struct meters *meters, uint32_t from, uint32_t chains, uint64_t now, uint32_t forget_ms,
		     void (*each)(void *context, const struct meter *meter), void *context)
{
	uint32_t all = meters->index->mask + 1, end = chains < all - from ? from + chains : all;

	for (uint32_t i = from; i < end; i++) {
		struct meter_chain *chain = &meters->index->chain[i];
		if (__atomic_load_n(&chain->first, __ATOMIC_RELAXED) == 0)
			continue; /* a meter made just now is seen the next time */
		rte_spinlock_lock(&chain->lock);
		walk_chain(meters, chain, now, forget_ms);
		for (uint32_t at = chain->first; each != NULL && at != 0; at = meters->meter[at].next)
			each(context, &meters->meter[at]);
		rte_spinlock_unlock(&chain->lock);
	}
	return end < all ? end : 0;
}

void meters_lock(struct meters *meters)
{
	rte_spinlock_lock(&meters->index->admission);
}

void meters_unlock(struct meters *meters)
{
	rte_spinlock_unlock(&meters->index->admission);
}

uint32_t meters_used(const struct meters *meters)
{
	return atomic_load_explicit(&meters->index->used, memory_order_relaxed);
}

uint32_t meters_most(const struct meters *meters)
{
	return meters->index->most;
}
