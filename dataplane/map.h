/* SPDX-License-Identifier: BSD-3-Clause */
/* Records found by their scope: open addressing over a dense array. A record's first field is its
 * struct scope_key. The writer changes it before it is published; readers then only find. */
#ifndef SLUICE_MAP_H
#define SLUICE_MAP_H

#include <stddef.h>
#include <stdint.h>

#include "scope.h"

struct map {
	uint32_t references; /* tables that share it; the writer's */
	uint32_t count, room;
	uint32_t of_scope[SCOPES]; /* records of each */
	size_t size;		   /* of a record */
	uint8_t *record;
	uint32_t mask;
	uint32_t *slot; /* index + 1; 0: free */
	uint8_t secret[16];
};

struct map *map_create(size_t size, const uint8_t secret[16]);
struct map *map_copy(const struct map *map);
void map_destroy(struct map *map);

/* NULL when there is none. */
const void *map_find(const struct map *map, const struct scope_key *key);

/* Adds or replaces; 0 or -ENOMEM. */
int map_put(struct map *map, const void *record);

/* 0 or -ENOENT. */
int map_delete(struct map *map, const struct scope_key *key);

static inline const void *map_at(const struct map *map, uint32_t index)
{
	return map->record + (size_t)index * map->size;
}

#endif
