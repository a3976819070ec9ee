/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "burst.h"
#include "dice.h"
#include "eal.h"
#include "flow.h"
#include "frames.h"

#define KEYS 4000u
#define LINE 10u       /* tags in a line, */
#define LINE_FILL 6u   /* of them in use when the table is full, */
#define LINES_MOST 16u /* and lines looked at: as in flow.c */

static const uint8_t secret[16] = "the flow secret";

static struct flow_key key_of(uint32_t number)
{
	struct flow_key key = { .inside_port = (uint16_t)(number % 60000), .outside_port = 25, .vlan = 3 };

	memcpy(key.inside.byte + 12, &number, sizeof(number));
	key.outside.byte[15] = 1;
	return key;
}

static struct packet packet_with(const struct flow_key *key, uint64_t hash)
{
	return (struct packet){
		.inside_port = key->inside_port, .outside_port = key->outside_port, .vlan = key->vlan, .hash = hash
	};
}

static struct packet packet_of(const struct flow_table *table, uint32_t number)
{
	const struct flow_key key = key_of(number);

	return packet_with(&key, flow_hash(table, &key));
}

static struct flow *find(struct flow_table *table, uint32_t number)
{
	const struct packet packet = packet_of(table, number);

	return flow_find(table, &packet);
}

static struct flow *insert(struct flow_table *table, uint32_t number)
{
	const struct packet packet = packet_of(table, number);

	return flow_insert(table, &packet);
}

START_TEST(a_fresh_record)
{
	struct flow_table *table = flow_table_create(100, secret);
	const struct packet packet = packet_of(table, 1);
	static const struct flow zero;

	ck_assert_uint_eq(flow_count(table), 0);
	ck_assert_uint_eq(flow_most(table), 100);
	ck_assert_ptr_null(find(table, 1));
	struct flow *flow = insert(table, 1);
	ck_assert_ptr_eq(find(table, 1), flow);
	ck_assert_uint_eq(flow->id, packet.hash);
	ck_assert(flow->inside_port == 1 && flow->outside_port == 25 && flow->vlan == 3);
	uint32_t index = flow_index(table, flow);
	ck_assert_ptr_eq(flow_at(table, index), flow);
	ck_assert_ptr_eq(flow_place(table, index), flow);
	/* all but what it is found by, and that it is used */
	memset(&flow->byte_scopes, 0x55, sizeof(*flow) - offsetof(struct flow, byte_scopes));
	flow_remove(table, flow);
	ck_assert_ptr_null(find(table, 1));
	ck_assert_ptr_null(flow_at(table, index));
	ck_assert_ptr_eq(flow_place(table, index), flow); /* a place is one, used or not */
	flow_remove(table, flow);			  /* once is enough */
	ck_assert_uint_eq(flow_count(table), 0);
	flow = insert(table, 1); /* the same record, as good as new */
	ck_assert_uint_eq(flow_index(table, flow), index);
	ck_assert(flow->used && !flow->counted && !flow->quarantined && flow->state == 0);
	ck_assert_uint_eq(flow->vlan, 3);
	flow->vlan = 0;
	ck_assert_mem_eq(&flow->byte_scopes, &zero.byte_scopes, sizeof(zero) - offsetof(struct flow, byte_scopes));
	flow_table_destroy(table);
	flow_table_destroy(NULL);
}
END_TEST

/* IPv4 is hashed in fewer words than IPv6: neither is blind anywhere. */
START_TEST(every_byte_of_the_key_counts)
{
	struct flow_table *table = flow_table_create(100, secret);
	struct flow_key keys[] = { key_of(1), key_of(2) };

	keys[1].inside = (struct address){ { [10] = 0xff, 0xff, 10, 0, 0, 1 } };
	keys[1].outside = (struct address){ { [10] = 0xff, 0xff, 192, 0, 2, 1 } };
	for (int i = 0; i < 2; i++) {
		const uint64_t hash = flow_hash(table, &keys[i]);
		for (size_t bit = 0; bit < sizeof(keys[i]) * 8; bit++) {
			struct flow_key other = keys[i];
			((uint8_t *)&other)[bit / 8] ^= (uint8_t)(1u << bit % 8);
			ck_assert_msg(flow_hash(table, &other) != hash, "key %d, bit %zu", i, bit);
		}
	}
	flow_table_destroy(table);
}
END_TEST

/* Addresses and VLAN are known by the hash alone, ports by themselves too. */
START_TEST(what_makes_a_flow)
{
	struct flow_table *table = flow_table_create(100, secret);
	const struct packet packet = packet_of(table, 1);
	struct packet others[] = { packet, packet, packet, packet, packet };

	struct flow *flow = insert(table, 1);
	others[0].hash ^= 1;
	others[1].hash ^= 1ull << 40;
	others[2].hash ^= 1ull << 63;
	others[3].inside_port ^= 1;
	others[4].outside_port ^= 0x100;
	ck_assert_ptr_eq(flow_find(table, &packet), flow);
	for (size_t i = 0; i < RTE_DIM(others); i++)
		ck_assert_msg(flow_find(table, &others[i]) == NULL, "row %zu", i);
	for (size_t i = 0; i < RTE_DIM(others); i++)
		ck_assert_ptr_nonnull(flow_insert(table, &others[i]));
	ck_assert_ptr_eq(flow_find(table, &packet), flow);
	flow_table_destroy(table);
}
END_TEST

/* All places are taken: no more, and nobody else is hurt. Of every size, small ones too. */
START_TEST(full)
{
	static const uint32_t mosts[] = { 1, 2, 3, 4, 5, 6, 7, 10, 11, 33, 1000, 20000 };

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

/* Of a table of `most`: how many lines a hash may lead to, and one that leads to `home`. */
static uint32_t homes_of(uint32_t most)
{
	return most / LINE_FILL + 1;
}

static uint64_t hash_to(uint32_t home, uint32_t most, uint64_t tag)
{
	return (((uint64_t)home << 32) / homes_of(most) + 1) | tag << 48;
}

static struct packet attacker(uint32_t number, uint32_t home, uint32_t most, bool one_tag)
{
	const struct flow_key key = key_of(number);

	return packet_with(&key, hash_to(home, most, one_tag ? 7 : number + 1));
}

/* Whoever knew the secret could send keys of one line only: what it takes is bounded, and the others are not
 * hurt beyond those lines. The tags differ or not. */
static void attack(uint32_t most, uint32_t home, bool one_tag)
{
	struct flow_table *table = flow_table_create(most, secret);
	uint32_t taken = 0;

	for (; taken < 1000; taken++) {
		const struct packet packet = attacker(taken, home, most, one_tag);
		struct flow *flow = flow_insert(table, &packet);
		if (flow == NULL)
			break;
		ck_assert_ptr_eq(flow_find(table, &packet), flow);
	}
	ck_assert_uint_eq(taken, LINE * LINES_MOST);
	ck_assert_uint_eq(flow_count(table), LINE * LINES_MOST);
	for (uint32_t number = 0; number < taken; number++) {
		const struct packet packet = attacker(number, home, most, one_tag);
		ck_assert_ptr_nonnull(flow_find(table, &packet));
	}
	const struct packet absent = attacker(5000, home, most, true);
	ck_assert_ptr_null(flow_find(table, &absent));
	if (home > 0) { /* the line before has room of its own */
		const struct packet other = attacker(5001, home - 1, most, true);
		ck_assert_ptr_nonnull(flow_insert(table, &other));
	}
	if (home + LINES_MOST < homes_of(most)) {
		const struct packet other = attacker(5002, home + LINES_MOST, most, true);
		ck_assert_ptr_nonnull(flow_insert(table, &other));
	}
	flow_table_destroy(table);
}

START_TEST(all_at_one_line)
{
	const uint32_t homes[] = { 0, 100, homes_of(4000) - 1 };

	for (size_t i = 0; i < sizeof(homes) / sizeof(homes[0]); i++)
		for (int one_tag = 0; one_tag < 2; one_tag++)
			attack(4000, homes[i], one_tag);
}
END_TEST

/* A burst finds what one by one finds: with hashes as they come, and all of one hash, told apart by their ports. */
static void find_burst(bool one_hash)
{
	static struct burst burst;
	struct flow_table *table = flow_table_create(100, secret);

	memset(&burst, 0, sizeof(burst));
	burst.count = BURST_MAX;
	for (uint32_t number = 0; number < BURST_MAX; number++) {
		struct packet *packet = &burst.packet[number];
		*packet = packet_of(table, number);
		packet->hash = one_hash ? 0x1234567890abcdef : packet->hash;
		packet->kind = number % 5 == 0 ? PACKET_OTHER : PACKET_SMTP;
		if (number % 2 == 0)
			ck_assert_ptr_nonnull(flow_insert(table, packet));
	}
	flow_find_burst(table, &burst);
	for (uint32_t number = 0; number < BURST_MAX; number++) {
		const struct packet *packet = &burst.packet[number];
		struct flow *flow = flow_find(table, packet);
		ck_assert((flow != NULL) == (number % 2 == 0));
		ck_assert(flow == NULL || flow->inside_port == number);
		ck_assert_ptr_eq(packet->flow, number % 5 == 0 ? NULL : flow);
	}
	flow_table_destroy(table);
}

START_TEST(a_burst_at_once)
{
	find_burst(false);
	find_burst(true);
}
END_TEST

/* From the frame's bytes, and from either side the same. */
START_TEST(hash_of_a_burst)
{
	static struct burst burst;
	static struct frame_bytes bytes[4];
	static struct rte_mbuf mbuf[4];
	struct flow_table *table = flow_table_create(100, secret);
	struct flow_key key;

	burst.count = 4;
	for (int i = 0; i < 4; i++) {
		const struct frame frame = { .ipv6 = i % 2 };
		frame_make(&frame, &bytes[i]);
		mbuf[i] = (struct rte_mbuf){ .buf_addr = bytes[i].byte };
		burst.packet[i] = (struct packet){ .mbuf = &mbuf[i],
						   .kind = PACKET_SMTP,
						   .ipv6 = i % 2,
						   .ip_at = bytes[i].ip_at,
						   .inside_port = 40000,
						   .outside_port = 25 };
		if (i < 2)
			continue;
		uint8_t *source = bytes[i].byte + bytes[i].ip_at + (i % 2 ? 8 : 12), swap[16];
		size_t size = i % 2 ? 16 : 4;
		burst.packet[i].side = OUTSIDE;
		memcpy(swap, source, size);
		memcpy(source, source + size, size);
		memcpy(source + size, swap, size);
	}
	flow_hash_burst(table, &burst);
	packet_key(&burst.packet[0], &key);
	ck_assert_uint_eq(burst.packet[0].hash, flow_hash(table, &key));
	ck_assert_uint_eq(burst.packet[2].hash, burst.packet[0].hash);
	ck_assert_uint_eq(burst.packet[3].hash, burst.packet[1].hash);
	ck_assert_uint_ne(burst.packet[1].hash, burst.packet[0].hash);
	burst.packet[0].hash = 0;
	burst.packet[0].kind = PACKET_OTHER;
	flow_hash_burst(table, &burst);
	ck_assert_uint_eq(burst.packet[0].hash, 0);
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

FIXTURE_MAIN("flow", eal_start, NULL, a_fresh_record, every_byte_of_the_key_counts, what_makes_a_flow, full,
	     as_the_model, all_at_one_line, a_burst_at_once, hash_of_a_burst, no_memory)
