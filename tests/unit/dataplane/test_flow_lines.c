/* SPDX-License-Identifier: BSD-3-Clause */
/* The table from within: entries that went on to a later line are taken off the counts again when they go. A
 * count that stayed would only make searches longer, which nothing seen from outside tells. */
#include "flow.c"
#include "messages.h"

#include "eal.h"

static struct flow_key key_of(uint32_t number)
{
	struct flow_key key = { .inside_port = 1, .outside_port = 25 };

	memcpy(key.inside.byte + 12, &number, sizeof(number));
	return key;
}

static struct flow *insert(struct flow_table *table, uint32_t number)
{
	const struct flow_key key = key_of(number);
	const struct packet packet = { .inside_port = 1, .outside_port = 25, .hash = flow_hash(table, &key) };

	return flow_insert(table, &packet);
}

/* Tags in use, and entries that passed a line, over the whole table. */
static uint64_t left(const struct flow_table *table, uint64_t *ret_passed)
{
	uint64_t tags = 0;

	*ret_passed = 0;
	for (uint32_t at = 0; at < table->lines; at++) {
		*ret_passed += table->line[at].passed;
		for (int slot = 0; slot < LINE_TAGS; slot++)
			tags += table->line[at].tag[slot] != 0;
	}
	return tags;
}

START_TEST(nothing_is_left_behind)
{
	static const uint8_t secret[16] = "the flow secret";
	static struct flow *flow[8192];
	struct flow_table *table = flow_table_create(8192, secret);
	uint64_t passed, most_passed = 0;

	for (uint32_t round = 0; round < 20; round++) {
		for (uint32_t i = 0; i < 8192; i++)
			flow[i] = insert(table, round * 8192 + i);
		ck_assert_uint_eq(left(table, &passed), flow_count(table));
		most_passed = passed > most_passed ? passed : most_passed;
		for (uint32_t i = 0; i < 8192; i++)
			flow_remove(table, flow[(i * 4097 + round) % 8192]);
		ck_assert_uint_eq(left(table, &passed), 0);
		ck_assert_uint_eq(passed, 0);
		ck_assert_uint_eq(flow_count(table), 0);
	}
	ck_assert_uint_gt(most_passed, 0); /* or it says nothing */
	flow_table_destroy(table);
}
END_TEST

/* A million of them must fit where a gigabyte or two is all there is: the record, its share of the lines, and of
 * the list of free ones, as DPDK counts what it gave. */
START_TEST(memory_of_a_flow)
{
	static const uint8_t secret[16] = "the flow secret";
	const uint32_t most = 200000;
	struct rte_malloc_socket_stats before, after;

	ck_assert_int_eq(rte_malloc_get_socket_stats(0, &before), 0);
	struct flow_table *table = flow_table_create(most, secret);
	ck_assert_ptr_nonnull(table);
	ck_assert_int_eq(rte_malloc_get_socket_stats(0, &after), 0);
	uint64_t bytes = after.heap_allocsz_bytes - before.heap_allocsz_bytes;
	ck_assert_uint_ge(bytes / most, sizeof(struct flow)); /* or it was counted elsewhere */
	ck_assert_uint_le(bytes / most + sizeof(struct messages), 192);
	flow_table_destroy(table);
}
END_TEST

FIXTURE_MAIN("flow_lines", eal_start, NULL, nothing_is_left_behind, memory_of_a_flow)
