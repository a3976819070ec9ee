/* SPDX-License-Identifier: BSD-3-Clause */
#include "flow.h"

#include <emmintrin.h>
#include <string.h>

#include <rte_malloc.h>

#include "burst.h"
#include "memory.h"
#include "multilinear.h"

#define LINE_TAGS 10
#define LINE_FILL 6   /* tags of a line in use when the table is full, on average */
#define LINES_MOST 16 /* looked at from a key's home line on */

/* One cache line. A tag is never 0; `passed` counts entries that went on to a later line from here, so that
 * a search knows when to stop. */
struct line {
	uint16_t tag[LINE_TAGS];
	uint32_t passed;
	uint32_t index[LINE_TAGS];
};

_Static_assert(sizeof(struct line) == 64, "a line of tags is one cache line");

struct flow_table {
	struct multilinear hash;
	uint32_t most, used, free_count;
	uint32_t lines;
	struct line *line;
	struct flow *flow;
	uint32_t *free;
};

struct flow_table *flow_table_create(uint32_t most, const uint8_t secret[16])
{
	struct flow_table *table = rte_zmalloc("flow_table", sizeof(*table), 64);

	if (table == NULL)
		return NULL;
	table->lines = most / LINE_FILL + LINES_MOST;
	table->line = rte_zmalloc("flow_lines", table->lines * sizeof(struct line), 64);
	table->flow = rte_zmalloc("flows", (size_t)most * sizeof(struct flow), 128);
	table->free = rte_zmalloc("flow_free", (size_t)most * sizeof(uint32_t), 64);
	if (table->line == NULL || table->flow == NULL || table->free == NULL) {
		flow_table_destroy(table);
		return NULL;
	}
	multilinear_init(&table->hash, secret);
	table->most = table->free_count = most;
	for (uint32_t i = 0; i < most; i++)
		table->free[i] = most - 1 - i;
	return table;
}

void flow_table_exhaust(struct flow_table *table)
{
	table->free_count = 0;
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

/* IPv4 is most of it, and its addresses are half of one word each. */
uint64_t flow_hash(const struct flow_table *table, const struct flow_key *key)
{
	static const struct address mapped = { { [10] = 0xff, 0xff } };
	uint64_t word[MULTILINEAR_WORDS] = { 0 };

	memcpy(&word[4], &key->inside_port, 8);
	if (memcmp(&key->inside, &mapped, 12) == 0 && memcmp(&key->outside, &mapped, 12) == 0) {
		memcpy(&word[3], &key->inside.byte[12], 4);
		memcpy((char *)&word[3] + 4, &key->outside.byte[12], 4);
		return multilinear_two(&table->hash, word[3], word[4]);
	}
	memcpy(word, &key->inside, 16);
	memcpy(word + 2, &key->outside, 16);
	return multilinear_six(&table->hash, word);
}

static uint64_t hash_packet(const struct flow_table *table, const struct packet *packet)
{
	struct flow_key key;
	uint32_t source, target;

	if (packet->ipv6) {
		packet_key(packet, &key);
		return flow_hash(table, &key);
	}
	memcpy(&source, packet_bytes(packet, packet->ip_at) + 12, 4);
	memcpy(&target, packet_bytes(packet, packet->ip_at) + 16, 4);
	uint32_t inside = packet->side == INSIDE ? source : target, outside = packet->side == INSIDE ? target : source;
	return multilinear_two(&table->hash, inside | (uint64_t)outside << 32,
			       packet->inside_port | (uint64_t)packet->outside_port << 16 |
				       (uint64_t)packet->vlan << 32);
}

/* Low bits choose the line, high ones the tag; those between the worker (steer.c). */
static uint32_t home_of(const struct flow_table *table, uint64_t hash)
{
	return (uint32_t)(((hash & UINT32_MAX) * (table->lines - LINES_MOST + 1)) >> 32);
}

static uint16_t tag_of(uint64_t hash)
{
	uint16_t tag = (uint16_t)(hash >> 48);
	return tag != 0 ? tag : 1;
}

/* A bit for each place of the line with this tag. */
static uint32_t matches(const struct line *line, uint16_t tag)
{
	const __m128i wanted = _mm_set1_epi16((short)tag);
	__m128i first = _mm_cmpeq_epi16(_mm_load_si128((const __m128i *)line), wanted);
	uint32_t bits = (uint32_t)_mm_movemask_epi8(_mm_packs_epi16(first, _mm_setzero_si128()));

	return bits | (uint32_t)(line->tag[8] == tag) << 8 | (uint32_t)(line->tag[9] == tag) << 9;
}

static bool is_flow(const struct flow *flow, const struct packet *packet)
{
	return flow->id == packet->hash && flow->inside_port == packet->inside_port &&
	       flow->outside_port == packet->outside_port;
}

void flow_hash_burst(const struct flow_table *table, struct burst *burst)
{
	for (uint16_t i = 0; i < burst->count; i++) {
		struct packet *packet = &burst->packet[i];
		if (packet->kind != PACKET_SMTP)
			continue;
		packet->hash = hash_packet(table, packet);
		fetch(&table->line[home_of(table, packet->hash)]);
	}
}

void flow_fetch_rest(const struct flow *flow)
{
	fetch((const char *)flow + 64);
}

struct flow *flow_find(struct flow_table *table, const struct packet *packet)
{
	uint32_t home = home_of(table, packet->hash);
	uint16_t tag = tag_of(packet->hash);

	for (uint32_t step = 0; step < LINES_MOST; step++) {
		const struct line *line = &table->line[home + step];
		for (uint32_t bits = matches(line, tag); bits != 0; bits &= bits - 1) {
			struct flow *flow = &table->flow[line->index[__builtin_ctz(bits)]];
			if (is_flow(flow, packet))
				return flow;
		}
		if (line->passed == 0)
			return NULL;
	}
	return NULL;
}

/* First the records the tags name, each fetched ahead, then the answers. */
void flow_find_burst(struct flow_table *table, struct burst *burst)
{
	for (uint16_t i = 0; i < burst->count; i++) {
		struct packet *packet = &burst->packet[i];
		if (packet->kind != PACKET_SMTP)
			continue;
		const struct line *line = &table->line[home_of(table, packet->hash)];
		uint32_t bits = matches(line, tag_of(packet->hash));
		if (bits == 0)
			continue;
		packet->flow = &table->flow[line->index[__builtin_ctz(bits)]];
		fetch(packet->flow);
	}
	for (uint16_t i = 0; i < burst->count; i++) {
		struct packet *packet = &burst->packet[i];
		if (packet->kind == PACKET_SMTP && (packet->flow == NULL || !is_flow(packet->flow, packet)))
			packet->flow = flow_find(table, packet);
	}
}

/* A free place at or after home; the lines before it note that an entry passed. */
static bool take_place(struct flow_table *table, uint64_t hash, uint32_t index)
{
	uint32_t home = home_of(table, hash);

	for (uint32_t step = 0; step < LINES_MOST; step++) {
		struct line *line = &table->line[home + step];
		uint32_t bits = matches(line, 0);
		if (bits == 0)
			continue;
		unsigned slot = (unsigned)__builtin_ctz(bits);
		line->tag[slot] = tag_of(hash);
		line->index[slot] = index;
		for (uint32_t before = 0; before < step; before++)
			table->line[home + before].passed++;
		return true;
	}
	return false;
}

struct flow *flow_insert(struct flow_table *table, const struct packet *packet)
{
	if (table->free_count == 0 || !take_place(table, packet->hash, table->free[table->free_count - 1]))
		return NULL;
	struct flow *flow = &table->flow[table->free[--table->free_count]];
	memset(flow, 0, sizeof(*flow));
	flow->id = packet->hash;
	flow->inside_port = packet->inside_port;
	flow->outside_port = packet->outside_port;
	flow->vlan = packet->vlan;
	flow->used = 1;
	table->used++;
	return flow;
}

bool flow_fetch_free(const struct flow_table *table, uint32_t before, uint32_t *ret_index)
{
	if (table->free_count <= before)
		return false;
	*ret_index = table->free[table->free_count - 1 - before];
	fetch(&table->flow[*ret_index]);
	flow_fetch_rest(&table->flow[*ret_index]);
	return true;
}

void flow_fetch_place(const struct flow_table *table, const struct flow *flow)
{
	fetch(&table->line[home_of(table, flow->id)]);
}

void flow_remove(struct flow_table *table, struct flow *flow)
{
	uint32_t home = home_of(table, flow->id), index = flow_index(table, flow);

	for (uint32_t step = 0; step < LINES_MOST; step++) {
		struct line *line = &table->line[home + step];
		for (uint32_t bits = matches(line, tag_of(flow->id)); bits != 0; bits &= bits - 1) {
			unsigned slot = (unsigned)__builtin_ctz(bits);
			if (line->index[slot] != index)
				continue;
			line->tag[slot] = 0;
			for (uint32_t before = 0; before < step; before++)
				table->line[home + before].passed--;
			flow->used = 0;
			table->free[table->free_count++] = index;
			table->used--;
			return;
		}
	}
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

struct flow *flow_place(struct flow_table *table, uint32_t index)
{
	return &table->flow[index];
}

uint32_t flow_index(const struct flow_table *table, const struct flow *flow)
{
	return (uint32_t)(flow - table->flow);
}
