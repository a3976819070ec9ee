/* SPDX-License-Identifier: BSD-3-Clause */
#include "map.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "siphash.h"

#define ROOM_FIRST 8u
#define SLOTS_A_RECORD 4u   /* at most a quarter full */
#define RECORDS_A_SHARD 32u /* on average at most, then there are more shards */
#define BITS_MORE 2u
#define BITS_MOST 24u

/* Open addressing over a dense array, in one piece: this head, the slots, the records. */
struct shard {
	uint32_t count, room;
	uint32_t mask;
	uint32_t zero;
	uint32_t slot[]; /* index + 1; 0: free */
};

static uint64_t hash_of(const struct map *map, const void *key)
{
	return siphash(1, 3, map->secret, key, sizeof(struct scope_key));
}

/* The top of the hash chooses the shard, its bottom the slot. */
static struct shard **place_of(const struct map *map, uint64_t hash)
{
	return &map->shard[map->bits == 0 ? 0 : hash >> (64 - map->bits)];
}

static uint8_t *record_at(const struct map *map, const struct shard *shard, uint32_t index)
{
	return (uint8_t *)(shard->slot + shard->mask + 1) + (size_t)index * map->size;
}

static size_t bytes_of(const struct map *map, uint32_t room)
{
	return sizeof(struct shard) + (size_t)room * (SLOTS_A_RECORD * sizeof(uint32_t) + map->size);
}

/* The slot that has the key, or the free one where it would go. */
static uint32_t slot_of(const struct map *map, const struct shard *shard, const void *key, uint64_t hash)
{
	uint32_t at = (uint32_t)hash & shard->mask;

	while (shard->slot[at] != 0 &&
	       memcmp(record_at(map, shard, shard->slot[at] - 1), key, sizeof(struct scope_key)) != 0)
		at = (at + 1) & shard->mask;
	return at;
}

static struct shard *shard_create(const struct map *map, uint32_t room)
{
	struct shard *shard = calloc(1, bytes_of(map, room));

	if (shard == NULL)
		return NULL;
	shard->room = room;
	shard->mask = room * SLOTS_A_RECORD - 1;
	return shard;
}

static void shard_append(const struct map *map, struct shard *shard, const void *record, uint64_t hash)
{
	memcpy(record_at(map, shard, shard->count), record, map->size);
	shard->slot[slot_of(map, shard, record, hash)] = ++shard->count;
}

/* One with as many records again of room (the first: from nothing); the old one is the caller's still. */
static struct shard *shard_grown(const struct map *map, const struct shard *shard)
{
	struct shard *grown = shard_create(map, shard != NULL ? shard->room * 2 : ROOM_FIRST);

	for (uint32_t i = 0; grown != NULL && shard != NULL && i < shard->count; i++) {
		const void *record = record_at(map, shard, i);
		shard_append(map, grown, record, hash_of(map, record));
	}
	return grown;
}

static struct shard *shard_copy(const struct map *map, const struct shard *shard)
{
	struct shard *copy = malloc(bytes_of(map, shard->room));

	if (copy != NULL)
		memcpy(copy, shard, bytes_of(map, shard->room));
	return copy;
}

static bool is_shared(const struct map *map, size_t index)
{
	return map->base != NULL && map->base->bits == map->bits && map->base->shard[index] == map->shard[index];
}

static void free_shards(struct map *map)
{
	for (size_t i = 0; map->shard != NULL && i < 1ul << map->bits; i++)
		if (!is_shared(map, i))
			free(map->shard[i]);
	free(map->shard);
}

struct map *map_create(size_t size, const uint8_t secret[16])
{
	struct map *map = calloc(1, sizeof(*map));

	if (map == NULL)
		return NULL;
	map->references = 1;
	map->size = size;
	memcpy(map->secret, secret, sizeof(map->secret));
	map->shard = calloc(1, sizeof(struct shard *));
	if (map->shard != NULL)
		return map;
	free(map);
	return NULL;
}

struct map *map_copy(const struct map *map)
{
	struct map *copy = malloc(sizeof(*copy));
	size_t bytes = sizeof(struct shard *) << map->bits;

	if (copy == NULL)
		return NULL;
	*copy = *map;
	copy->references = 1;
	copy->base = map;
	copy->shard = malloc(bytes);
	if (copy->shard == NULL) {
		free(copy);
		return NULL;
	}
	memcpy(copy->shard, map->shard, bytes);
	return copy;
}

void map_destroy(struct map *map, struct map *heir)
{
	if (map == NULL)
		return;
	if (heir != NULL && heir->base == map) {
		for (size_t i = 0; i < 1ul << map->bits; i++)
			if (is_shared(heir, i))
				map->shard[i] = NULL;
		heir->base = NULL;
	}
	free_shards(map);
	free(map);
}

static const void *find(const struct map *map, const struct scope_key *key, uint64_t hash)
{
	const struct shard *shard = *place_of(map, hash);

	if (shard == NULL)
		return NULL;
	uint32_t index = shard->slot[slot_of(map, shard, key, hash)];
	return index != 0 ? record_at(map, shard, index - 1) : NULL;
}

const void *map_find(const struct map *map, const struct scope_key *key)
{
	return find(map, key, hash_of(map, key));
}

int map_walk(const struct map *map, int (*each)(void *context, const void *record), void *context)
{
	int ret = 0;

	for (size_t i = 0; i < 1ul << map->bits; i++)
		for (uint32_t j = 0; ret == 0 && map->shard[i] != NULL && j < map->shard[i]->count; j++)
			ret = each(context, record_at(map, map->shard[i], j));
	return ret;
}

static int put_into(struct map *map, const void *record, uint64_t hash);

static int move(void *context, const void *record)
{
	return put_into(context, record, hash_of(context, record));
}

/* More shards, all of them new. */
static int spread(struct map *map)
{
	struct map wider = *map;

	if (map->bits + BITS_MORE > BITS_MOST)
		return 0;
	wider.bits += BITS_MORE;
	wider.base = NULL;
	wider.shard = calloc(1ul << wider.bits, sizeof(struct shard *));
	int ret = wider.shard != NULL ? map_walk(map, move, &wider) : -ENOMEM;
	if (ret < 0) {
		free_shards(&wider);
		return ret;
	}
	free_shards(map);
	map->bits = wider.bits;
	map->shard = wider.shard;
	map->base = NULL;
	return 0;
}

/* The shard of this hash with room for one more, no other map's; NULL when memory is out. */
static struct shard *own_shard(struct map *map, uint64_t hash, bool more)
{
	struct shard **place = place_of(map, hash), *old = *place, *own = old;
	bool shared = is_shared(map, (size_t)(place - map->shard));

	if (more && (old == NULL || old->count == old->room))
		own = shard_grown(map, old);
	else if (shared)
		own = shard_copy(map, old);
	if (own == NULL || own == old)
		return own;
	if (!shared)
		free(old);
	*place = own;
	return own;
}

static int put_into(struct map *map, const void *record, uint64_t hash)
{
	struct shard *shard = own_shard(map, hash, true);

	if (shard == NULL)
		return -ENOMEM;
	shard_append(map, shard, record, hash);
	return 0;
}

int map_put(struct map *map, const void *record)
{
	uint64_t hash = hash_of(map, record);

	if (find(map, record, hash) != NULL) {
		struct shard *shard = own_shard(map, hash, false);
		if (shard == NULL)
			return -ENOMEM;
		uint32_t index = shard->slot[slot_of(map, shard, record, hash)] - 1;
		memcpy(record_at(map, shard, index), record, map->size);
		return 0;
	}
	int ret = map->count >= RECORDS_A_SHARD << map->bits ? spread(map) : 0;
	if (ret == 0)
		ret = put_into(map, record, hash);
	if (ret < 0)
		return ret;
	map->count++;
	map->of_scope[((const struct scope_key *)record)->scope]++;
	return 0;
}

/* What stands after a freed slot may have wanted to stand before: moves up, so that searches need no marks. */
static void close_gap(const struct map *map, struct shard *shard, uint32_t gap)
{
	for (uint32_t at = (gap + 1) & shard->mask; shard->slot[at] != 0; at = (at + 1) & shard->mask) {
		uint32_t home = (uint32_t)hash_of(map, record_at(map, shard, shard->slot[at] - 1)) & shard->mask;
		if (((at - home) & shard->mask) < ((at - gap) & shard->mask))
			continue;
		shard->slot[gap] = shard->slot[at];
		gap = at;
	}
	shard->slot[gap] = 0;
}

int map_delete(struct map *map, const struct scope_key *key)
{
	uint64_t hash = hash_of(map, key);

	if (find(map, key, hash) == NULL)
		return -ENOENT;
	struct shard *shard = own_shard(map, hash, false);
	if (shard == NULL)
		return -ENOMEM;
	uint32_t at = slot_of(map, shard, key, hash), index = shard->slot[at], last = shard->count;
	close_gap(map, shard, at);
	if (index != last) {
		/* The array stays dense: the last record takes the place. */
		const uint8_t *moved = record_at(map, shard, last - 1);
		uint32_t slot = slot_of(map, shard, moved, hash_of(map, moved));
		memcpy(record_at(map, shard, index - 1), moved, map->size);
		shard->slot[slot] = index;
	}
	shard->count--;
	map->count--;
	map->of_scope[key->scope]--;
	return 0;
}
