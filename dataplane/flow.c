/* SPDX-License-Identifier: BSD-3-Clause */
#include "flow.h"

#include <emmintrin.h>
#include <string.h>

#include <rte_malloc.h>
#include <rte_prefetch.h>

#include "burst.h"
#include "siphash.h"

#define LINE_TAGS 8
#define LINES_MOST 16 /* looked at from a key's home line on */

/* One cache line. A tag is never 0; `passed` counts entries that went on to a later line from here, so that
 * a search knows when to stop. */
struct line {
	uint16_t tag[LINE_TAGS];
	uint32_t index[LINE_TAGS];
	uint32_t passed;
	uint32_t zero[3];
};

_Static_assert(sizeof(struct line) == 64, "a line of tags is one cache line");

struct flow_table {
	uint8_t secret[16];
	uint32_t most, used, free_count;
	uint32_t line_mask;
	struct line *line;
	struct flow *flow;
	uint32_t *free;
};

static uint32_t power_of_two(uint32_t at_least)
{
	uint32_t power = 1;

	while (power < at_least)
		power *= 2;
	return power;
}

struct flow_table *flow_table_create(uint32_t most, const uint8_t secret[16])
{
	struct flow_table *table = rte_zmalloc("flow_table", sizeof(*table), 64);
	uint32_t lines = power_of_two(most / 4 + 1); /* at most half full */

	if (table == NULL)
		return NULL;
	table->line = rte_zmalloc("flow_lines", lines * sizeof(struct line), 64);
	table->flow = rte_zmalloc("flows", (size_t)most * sizeof(struct flow), 64);
	table->free = rte_zmalloc("flow_free", (size_t)most * sizeof(uint32_t), 64);
	if (table->line == NULL || table->flow == NULL || table->free == NULL) {
		flow_table_destroy(table);
		return NULL;
	}
	memcpy(table->secret, secret, sizeof(table->secret));
	table->most = table->free_count = most;
	table->line_mask = lines - 1;
	for (uint32_t i = 0; i < most; i++)
		table->free[i] = most - 1 - i;
	return table;
}

void flow_table_destroy(struct flow_table *table)
{
	if (table == NULL)
		return;
	rte_free(table->line);
	rte_free(table->flow);
	rte_free(table->free);
	rte_free(table);
}

uint64_t flow_hash(const struct flow_table *table, const struct flow_key *key)
{
	return siphash(1, 3, table->secret, key, sizeof(*key));
}

static uint16_t tag_of(uint64_t hash)
{
	uint16_t tag = (uint16_t)(hash >> 48);
	return tag != 0 ? tag : 1;
}

static uint32_t home_of(const struct flow_table *table, uint64_t hash)
{
	return (uint32_t)hash & table->line_mask;
}

/* Which places of the line have this tag: two bits a place. */
static uint32_t matches(const struct line *line, uint16_t tag)
{
	__m128i tags = _mm_load_si128((const __m128i *)line->tag);
	return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi16(tags, _mm_set1_epi16((short)tag)));
}

struct place {
	struct line *line;
	unsigned slot;
};

/* The place whose tag and flow have this key. */
static bool find_place(struct flow_table *table, const struct flow_key *key, uint64_t hash, struct place *ret_place)
{
	uint32_t home = home_of(table, hash);

	for (uint32_t step = 0; step < LINES_MOST; step++) {
		struct line *line = &table->line[(home + step) & table->line_mask];
		for (uint32_t bits = matches(line, tag_of(hash)); bits != 0; bits &= bits - 1, bits &= bits - 1) {
			unsigned slot = (unsigned)__builtin_ctz(bits) / 2;
			if (memcmp(&table->flow[line->index[slot]].key, key, sizeof(*key)) == 0) {
				*ret_place = (struct place){ line, slot };
				return true;
			}
		}
		if (line->passed == 0)
			return false;
	}
	return false;
}

struct flow *flow_find(struct flow_table *table, const struct flow_key *key, uint64_t hash)
{
	struct place place;

	if (!find_place(table, key, hash, &place))
		return NULL;
	return &table->flow[place.line->index[place.slot]];
}

/* The whole burst at once: first the lines, then the records, then the answers, each fetched ahead. */
void flow_find_burst(struct flow_table *table, struct burst *burst)
{
	for (uint16_t i = 0; i < burst->count; i++)
		if (burst->packet[i].kind == PACKET_SMTP)
			rte_prefetch0(&table->line[home_of(table, burst->packet[i].hash)]);
	for (uint16_t i = 0; i < burst->count; i++) {
		const struct packet *packet = &burst->packet[i];
		if (packet->kind != PACKET_SMTP)
			continue;
		const struct line *line = &table->line[home_of(table, packet->hash)];
		uint32_t bits = matches(line, tag_of(packet->hash));
		if (bits != 0)
			rte_prefetch0(&table->flow[line->index[__builtin_ctz(bits) / 2]]);
	}
	for (uint16_t i = 0; i < burst->count; i++) {
		struct packet *packet = &burst->packet[i];
		if (packet->kind == PACKET_SMTP)
			packet->flow = flow_find(table, &packet->key, packet->hash);
	}
}

/* A free place at or after home; the lines before it note that an entry passed. */
static bool take_place(struct flow_table *table, uint64_t hash, uint32_t index)
{
	uint32_t home = home_of(table, hash);

	for (uint32_t step = 0; step < LINES_MOST; step++) {
		struct line *line = &table->line[(home + step) & table->line_mask];
		uint32_t bits = matches(line, 0);
		if (bits == 0)
			continue;
		unsigned slot = (unsigned)__builtin_ctz(bits) / 2;
		line->tag[slot] = tag_of(hash);
		line->index[slot] = index;
		for (uint32_t before = 0; before < step; before++)
			table->line[(home + before) & table->line_mask].passed++;
		return true;
	}
	return false;
}

struct flow *flow_insert(struct flow_table *table, const struct flow_key *key, uint64_t hash)
{
	if (table->free_count == 0 || !take_place(table, hash, table->free[table->free_count - 1]))
		return NULL;
	uint32_t index = table->free[--table->free_count];
	struct flow *flow = &table->flow[index];
	memset(flow, 0, sizeof(*flow));
	flow->key = *key;
	flow->index = index;
	flow->used = true;
	table->used++;
	return flow;
}

void flow_remove(struct flow_table *table, struct flow *flow)
{
	uint64_t hash = flow_hash(table, &flow->key);
	struct place place;

	if (!find_place(table, &flow->key, hash, &place))
		return;
	for (uint32_t at = home_of(table, hash); &table->line[at] != place.line; at = (at + 1) & table->line_mask)
		table->line[at].passed--;
	place.line->tag[place.slot] = 0;
	flow->used = false;
	table->free[table->free_count++] = flow->index;
	table->used--;
}

uint32_t flow_count(const struct flow_table *table)
{
	return table->used;
}

uint32_t flow_most(const struct flow_table *table)
{
	return table->most;
}

struct flow *flow_at(struct flow_table *table, uint32_t index)
{
	return table->flow[index].used ? &table->flow[index] : NULL;
}
