/* SPDX-License-Identifier: BSD-3-Clause */
/* Records found by their scope: a directory of small hash tables (shards). A record's first field is its
 * struct scope_key. The writer changes a map before it is published; readers then only find. A copy shares its
 * shards with the original until it changes one, so that a decision costs the same beside ten others as beside a
 * million. */
#ifndef SLUICE_MAP_H
#define SLUICE_MAP_H

#include <stddef.h>
#include <stdint.h>

#include "scope.h"

struct shard;

struct map {
	uint32_t references; /* tables that share it; the writer's */
	uint32_t count;
	uint32_t of_scope[SCOPES]; /* records of each */
	size_t size;		   /* of a record */
	unsigned bits;		   /* of a key's hash that choose its shard */
	struct shard **shard;	   /* [1 << bits]; NULL: empty */
	const struct map *base;	   /* the map this one is a changed copy of, as long as that is there */
	uint8_t secret[16];
};

struct map *map_create(size_t size, const uint8_t secret[16]);

/* At most one copy of a map at a time; it is not copied itself before the original is gone, and the original does not
 * change any more. */
struct map *map_copy(const struct map *map);

/* What `heir` (NULL: none), a copy, has in common with it stays; so does what a copy has of its original. */
void map_destroy(struct map *map, struct map *heir);

/* NULL when there is none. */
const void *map_find(const struct map *map, const struct scope_key *key);

/* Adds or replaces; 0 or -ENOMEM. */
int map_put(struct map *map, const void *record);

/* 0, -ENOENT or -ENOMEM. */
int map_delete(struct map *map, const struct scope_key *key);

/* Calls `each` with every record until one call is not 0; returns what that was. */
int map_walk(const struct map *map, int (*each)(void *context, const void *record), void *context);

#endif
