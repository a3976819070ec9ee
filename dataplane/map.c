/* SPDX-License-Identifier: BSD-3-Clause */
#include "map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "siphash.h"

#define ROOM_FIRST 16u
#define SLOTS_A_RECORD 4u /* at most a quarter full */

static int make_room(struct map *map, uint32_t room)
{
	uint8_t *record = realloc(map->record, (size_t)room * map->size);

	if (record == NULL)
		return -ENOMEM;
	map->record = record;
	uint32_t *slot = calloc((size_t)room * SLOTS_A_RECORD, sizeof(*slot));
	if (slot == NULL)
		return -ENOMEM;
	free(map->slot);
	map->slot = slot;
	map->room = room;
	map->mask = room * SLOTS_A_RECORD - 1;
	return 0;
}

static uint32_t home_of(const struct map *map, const void *key)
{
	return (uint32_t)siphash(1, 3, map->secret, key, sizeof(struct scope_key)) & map->mask;
}

/* The slot that has the key, or the free one where it would go. */
static uint32_t slot_of(const struct map *map, const void *key)
{
	uint32_t at = home_of(map, key);

	while (map->slot[at] != 0 && memcmp(map_at(map, map->slot[at] - 1), key, sizeof(struct scope_key)) != 0)
		at = (at + 1) & map->mask;
	return at;
}

static void index_all(struct map *map)
{
	memset(map->slot, 0, ((size_t)map->mask + 1) * sizeof(*map->slot));
	for (uint32_t i = 0; i < map->count; i++)
		map->slot[slot_of(map, map_at(map, i))] = i + 1;
}

struct map *map_create(size_t size, const uint8_t secret[16])
{
	struct map *map = calloc(1, sizeof(*map));

	if (map == NULL)
		return NULL;
	map->references = 1;
	map->size = size;
	memcpy(map->secret, secret, sizeof(map->secret));
	if (make_room(map, ROOM_FIRST) == 0)
		return map;
	map_destroy(map);
	return NULL;
}

struct map *map_copy(const struct map *map)
{
	struct map *copy = map_create(map->size, map->secret);

	if (copy == NULL || make_room(copy, map->room) < 0) {
		map_destroy(copy);
		return NULL;
	}
	copy->count = map->count;
	memcpy(copy->of_scope, map->of_scope, sizeof(copy->of_scope));
	memcpy(copy->record, map->record, (size_t)map->count * map->size);
	memcpy(copy->slot, map->slot, ((size_t)map->mask + 1) * sizeof(*map->slot));
	return copy;
}

void map_destroy(struct map *map)
{
	if (map == NULL)
		return;
	free(map->record);
	free(map->slot);
	free(map);
}

const void *map_find(const struct map *map, const struct scope_key *key)
{
	uint32_t index = map->slot[slot_of(map, key)];

	return index != 0 ? map_at(map, index - 1) : NULL;
}

int map_put(struct map *map, const void *record)
{
	uint32_t at = slot_of(map, record);

	if (map->slot[at] == 0) {
		if (map->count == map->room) {
			if (map->room > UINT32_MAX / SLOTS_A_RECORD / 2 || make_room(map, map->room * 2) < 0)
				return -ENOMEM;
			index_all(map);
			at = slot_of(map, record);
		}
		map->slot[at] = ++map->count;
		map->of_scope[((const struct scope_key *)record)->scope]++;
	}
	memcpy(map->record + (size_t)(map->slot[at] - 1) * map->size, record, map->size);
	return 0;
}

/* What stands after a freed slot may have wanted to stand before: moves up, so that searches need no marks. */
static void close_gap(struct map *map, uint32_t gap)
{
	for (uint32_t at = (gap + 1) & map->mask; map->slot[at] != 0; at = (at + 1) & map->mask) {
		uint32_t home = home_of(map, map_at(map, map->slot[at] - 1));
		if (((at - home) & map->mask) < ((at - gap) & map->mask))
			continue;
		map->slot[gap] = map->slot[at];
		gap = at;
	}
	map->slot[gap] = 0;
}

int map_delete(struct map *map, const struct scope_key *key)
{
	uint32_t at = slot_of(map, key), index = map->slot[at], last = map->count;

	if (index == 0)
		return -ENOENT;
	map->of_scope[key->scope]--;
	close_gap(map, at);
	if (index != last) {
		/* The array stays dense: the last record takes the place. */
		uint32_t moved = slot_of(map, map_at(map, last - 1));
		memcpy(map->record + (size_t)(index - 1) * map->size, map_at(map, last - 1), map->size);
		map->slot[moved] = index;
	}
	map->count--;
	return 0;
}
