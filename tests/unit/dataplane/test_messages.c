/* SPDX-License-Identifier: BSD-3-Clause */
/* The short way for bytes inside a TLS record comes to the same as the long one, however records are cut. */
#include "messages.h"

#include <string.h>

#include <rte_malloc.h>

#include "dice.h"
#include "eal.h"
#include "worker.h"

#define FLOWS 2u
#define STREAM 4000u
#define ROUNDS 300

static struct worker worker;
static struct flow
	*flow[FLOWS]; /* the same connection twice: followed the long way, and the short one where it can be */

static void open_worker(void)
{
	static const uint8_t secret[16] = "messages";

	eal_start();
	worker = (struct worker){ .flows = flow_table_create(FLOWS, secret) };
	worker.messages = rte_zmalloc("messages", FLOWS * sizeof(*worker.messages), 64);
	ck_assert(worker.flows != NULL && worker.messages != NULL);
	for (uint16_t i = 0; i < FLOWS; i++) {
		const struct packet packet = { .inside_port = i, .hash = i + 1ull };
		ck_assert_ptr_nonnull(flow[i] = flow_insert(worker.flows, &packet));
	}
}

static void close_worker(void)
{
	rte_free(worker.messages);
	flow_table_destroy(worker.flows);
}

static uint32_t put_record(uint8_t *at, struct dice *dice)
{
	uint16_t size = (uint16_t)dice_roll(dice, 400);

	memset(at, (int)dice_roll(dice, 256), 5u + size);
	at[0] = dice_roll(dice, 20) == 0 ? TLS_HANDSHAKE : TLS_APPLICATION_DATA;
	at[1] = 3;
	at[2] = 3;
	at[3] = (uint8_t)(size >> 8);
	at[4] = (uint8_t)size;
	return 5u + size;
}

static void client_long(struct flow *of, const struct speech *speech)
{
	struct recipients recipients = { 0 };

	messages_catch_up(&worker, of);
	dialogue_client(&of->dialogue, speech);
	messages_client(&worker, of, speech, true, &recipients);
}

static bool client_short(struct flow *of, const struct speech *speech)
{
	if (!messages_in_record(of) || !dialogue_in_record(&of->dialogue, speech->seq, speech->size)) {
		client_long(of, speech);
		return false;
	}
	dialogue_goes_on(&of->dialogue, speech->size);
	return true;
}

static void server(struct flow *of, const struct speech *speech)
{
	messages_catch_up(&worker, of);
	dialogue_server(&of->dialogue, speech);
	messages_server(&worker, of, speech, true);
}

/* One flight in segments of any size; returns how many took the short way. */
static uint32_t say(struct dice *dice, const uint8_t *stream, uint32_t size, uint32_t seq, uint32_t ack)
{
	uint32_t most = 1 + (uint32_t)dice_roll(dice, 200), in_short = 0;

	for (uint32_t at = 0; at < size;) {
		uint32_t part = 1 + (uint32_t)dice_roll(dice, most);
		part = part < size - at ? part : size - at;
		const struct speech speech = { seq + at, ack, stream + at, part, 0 };
		client_long(flow[0], &speech);
		in_short += client_short(flow[1], &speech);
		at += part;
	}
	return in_short;
}

static void check_same(void)
{
	const struct messages *of[FLOWS] = { &worker.messages[flow_index(worker.flows, flow[0])],
					     &worker.messages[flow_index(worker.flows, flow[1])] };

	for (uint32_t i = 0; i < FLOWS; i++)
		messages_catch_up(&worker, flow[i]);
	ck_assert_mem_eq(&flow[0]->dialogue, &flow[1]->dialogue, sizeof(struct dialogue));
	ck_assert_mem_eq(&of[0]->tls, &of[1]->tls, sizeof(struct tls_infer));
	ck_assert_uint_eq(messages_may_begin(&worker, flow[0]), messages_may_begin(&worker, flow[1]));
	ck_assert_uint_eq(messages_count(&worker, flow[0]).inferred, messages_count(&worker, flow[1]).inferred);
}

START_TEST(the_short_way_is_the_long_one)
{
	static uint8_t stream[STREAM + 500];
	struct dice dice = { 11 };
	uint32_t in_short = 0, seq = 1, ack = 0;

	open_worker();
	for (uint32_t i = 0; i < FLOWS; i++) {
		dialogue_open(&flow[i]->dialogue, 0);
		messages_open(&worker, flow[i]);
	}
	for (int round = 0; round < ROUNDS; round++) {
		uint32_t size = 0, cut;
		for (uint64_t records = 1 + dice_roll(&dice, 8); records > 0; records--)
			size += put_record(stream + size, &dice);
		/* Now and then the server speaks in the middle of a record. */
		cut = dice_roll(&dice, 4) == 0 ? 1 + (uint32_t)dice_roll(&dice, size) : size;
		in_short += say(&dice, stream, cut, seq, ack);
		if (dice_roll(&dice, 3) == 0)
			check_same();
		uint8_t reply[512];
		const struct speech speech = { ack, seq + cut, reply, put_record(reply, &dice), 0 };
		for (uint32_t i = 0; i < FLOWS; i++)
			server(flow[i], &speech);
		check_same();
		seq += cut;
		ack += speech.size;
	}
	ck_assert_uint_gt(in_short, 1000);
	close_worker();
}
END_TEST

UNIT_MAIN("messages", the_short_way_is_the_long_one)
