/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "burst.h"
#include "dice.h"
#include "eal.h"
#include "flow.h"

#define KEYS 4000u
#define LINE 8u	       /* tags in a line, */
#define LINES_MOST 16u /* and lines looked at: as in flow.c */

static const uint8_t secret[16] = "the flow secret";

static struct flow_key key_of(uint32_t number)
{
	struct flow_key key = { .inside_port = (uint16_t)(number % 60000), .outside_port = 25, .vlan = 3 };

	memcpy(key.inside.byte + 12, &number, sizeof(number));
	key.outside.byte[15] = 1;
	return key;
}

static struct flow *find(struct flow_table *table, uint32_t number)
{
	const struct flow_key key = key_of(number);

	return flow_find(table, &key, flow_hash(table, &key));
}

static struct flow *insert(struct flow_table *table, uint32_t number)
{
	const struct flow_key key = key_of(number);

	return flow_insert(table, &key, flow_hash(table, &key));
}

START_TEST(a_fresh_record)
{
	struct flow_table *table = flow_table_create(100, secret);
	const struct flow_key key = key_of(1);

	ck_assert_uint_eq(flow_count(table), 0);
	ck_assert_uint_eq(flow_most(table), 100);
	ck_assert_ptr_null(find(table, 1));
	struct flow *flow = insert(table, 1);
	ck_assert_ptr_eq(find(table, 1), flow);
	ck_assert_mem_eq(&flow->key, &key, sizeof(key));
	ck_assert_ptr_eq(flow_at(table, flow->index), flow);
	uint32_t index = flow->index;
	memset((char *)flow + sizeof(flow->key), 0x55, sizeof(*flow) - sizeof(flow->key));
	flow->index = index;
	flow_remove(table, flow);
	ck_assert_ptr_null(find(table, 1));
	ck_assert_ptr_null(flow_at(table, index));
	flow_remove(table, flow); /* once is enough */
	ck_assert_uint_eq(flow_count(table), 0);
	flow = insert(table, 1); /* the same record, as good as new */
	ck_assert_uint_eq(flow->index, index);
	ck_assert(flow->used && !flow->counted && !flow->quarantined && flow->held_first == NULL);
	ck_assert_uint_eq(flow->generation + flow->bytes_out + flow->customer, 0);
	flow_table_destroy(table);
	flow_table_destroy(NULL);
}
END_TEST

START_TEST(every_byte_of_the_key_counts)
{
	struct flow_table *table = flow_table_create(100, secret);
	const struct flow_key key = key_of(1);

	insert(table, 1);
	for (size_t byte = 0; byte < sizeof(key); byte++) {
		struct flow_key other = key;
		((uint8_t *)&other)[byte] ^= 0x40;
		ck_assert_uint_ne(flow_hash(table, &other), flow_hash(table, &key));
		ck_assert_ptr_null(flow_find(table, &other, flow_hash(table, &other)));
		/* The same hash is not enough either. */
		ck_assert_ptr_null(flow_find(table, &other, flow_hash(table, &key)));
	}
	flow_table_destroy(table);
}
END_TEST

/* All places are taken: no more, and nobody else is hurt. Of every size, small ones too. */
START_TEST(full)
{
	static const uint32_t mosts[] = { 1, 2, 3, 4, 7, 8, 15, 16, 33, 1000 };

	for (size_t i = 0; i < sizeof(mosts) / sizeof(mosts[0]); i++) {
		struct flow_table *table = flow_table_create(mosts[i], secret);
		for (uint32_t number = 0; number < mosts[i]; number++)
			ck_assert_ptr_nonnull(insert(table, number));
		ck_assert_ptr_null(insert(table, mosts[i]));
		ck_assert_uint_eq(flow_count(table), mosts[i]);
		for (uint32_t number = 0; number < mosts[i]; number++)
			ck_assert_ptr_nonnull(find(table, number));
		ck_assert_ptr_null(find(table, mosts[i]));
		flow_remove(table, find(table, 0));
		ck_assert_ptr_nonnull(insert(table, mosts[i]));
		ck_assert_ptr_nonnull(find(table, mosts[i]));
		ck_assert_ptr_null(find(table, 0));
		flow_table_destroy(table);
	}
}
END_TEST

/* The plain model: which record each key has. */
static struct flow *model[KEYS];

static void check_all(struct flow_table *table, uint32_t count)
{
	uint32_t seen = 0;

	ck_assert_uint_eq(flow_count(table), count);
	for (uint32_t number = 0; number < KEYS; number++)
		if (find(table, number) != model[number])
			ck_abort_msg("key %u: %s", number, model[number] != NULL ? "lost" : "back again");
	for (uint32_t index = 0; index < flow_most(table); index++)
		seen += flow_at(table, index) != NULL;
	ck_assert_uint_eq(seen, count);
}

/* Comes and goes at random, mostly near full. */
START_TEST(as_the_model)
{
	struct dice dice = { 10 };
	uint32_t most = 2000, count = 0, refused = 0;
	struct flow_table *table = flow_table_create(most, secret);

	for (int step = 1; step <= 200000; step++) {
		uint32_t number = (uint32_t)dice_roll(&dice, KEYS);
		if (model[number] != NULL && dice_roll(&dice, 100) < (step / 20000 % 2 ? 80 : 30)) {
			flow_remove(table, model[number]);
			model[number] = NULL;
			count--;
		} else if (model[number] == NULL) {
			model[number] = insert(table, number);
			if ((model[number] != NULL) != (count < most))
				ck_abort_msg("step %d: %u of %u flows, and insert %s", step, count, most,
					     model[number] != NULL ? "took one" : "refused");
			refused += model[number] == NULL;
			count += model[number] != NULL;
		}
		if (step % 5000 == 0)
			check_all(table, count);
	}
	ck_assert_uint_gt(refused, 1000);
	flow_table_destroy(table);
}
END_TEST

/* Whoever knew the secret could send keys of one line only: what it takes is bounded, and the others are not
 * hurt beyond that line. The tags differ or not. */
static void attack(struct flow_table *table, uint32_t home, bool one_tag)
{
	uint32_t taken = 0, number = 0;

	for (; number < 1000; number++) {
		const struct flow_key key = key_of(number);
		uint64_t hash = home | (one_tag ? 7ull : number % 65535 + 1ull) << 48;
		if (flow_insert(table, &key, hash) == NULL)
			break;
		taken++;
		ck_assert_ptr_nonnull(flow_find(table, &key, hash));
	}
	ck_assert_uint_eq(taken, LINE * LINES_MOST);
	ck_assert_uint_eq(flow_count(table), LINE * LINES_MOST);
	for (number = 0; number < taken; number++) {
		const struct flow_key key = key_of(number);
		uint64_t hash = home | (one_tag ? 7ull : number % 65535 + 1ull) << 48;
		ck_assert_ptr_nonnull(flow_find(table, &key, hash));
	}
	const struct flow_key absent = key_of(5000);
	ck_assert_ptr_null(flow_find(table, &absent, home | 7ull << 48));
	ck_assert_ptr_nonnull(flow_insert(table, &absent, (home + LINES_MOST) | 7ull << 48));
}

START_TEST(all_at_one_line)
{
	static const uint32_t homes[] = { 0, 100, 1020 /* goes round the end */ };

	for (size_t i = 0; i < sizeof(homes) / sizeof(homes[0]); i++) {
		for (int one_tag = 0; one_tag < 2; one_tag++) {
			struct flow_table *table = flow_table_create(4000, secret); /* 1024 lines */
			attack(table, homes[i], one_tag);
			flow_table_destroy(table);
		}
	}
}
END_TEST

START_TEST(a_burst_at_once)
{
	static struct burst burst;
	struct flow_table *table = flow_table_create(100, secret);

	for (uint32_t number = 0; number < BURST_MAX; number += 2)
		insert(table, number);
	burst.count = BURST_MAX;
	for (uint32_t number = 0; number < BURST_MAX; number++) {
		struct packet *packet = &burst.packet[number];
		packet->kind = number % 5 == 0 ? PACKET_OTHER : PACKET_SMTP;
		packet->key = key_of(number);
		packet->hash = flow_hash(table, &packet->key);
	}
	flow_find_burst(table, &burst);
	for (uint32_t number = 0; number < BURST_MAX; number++)
		ck_assert_ptr_eq(burst.packet[number].flow, number % 5 == 0 ? NULL : find(table, number));
	flow_table_destroy(table);
}
END_TEST

START_TEST(no_memory)
{
	ck_assert_ptr_null(flow_table_create(10000000, secret)); /* 64 MB were given */
	struct flow_table *table = flow_table_create(1000, secret);
	ck_assert_ptr_nonnull(table);
	flow_table_destroy(table);
}
END_TEST

FIXTURE_MAIN("flow", eal_start, NULL, a_fresh_record, every_byte_of_the_key_counts, full, as_the_model, all_at_one_line,
	     a_burst_at_once, no_memory)
