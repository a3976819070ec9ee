/* SPDX-License-Identifier: BSD-3-Clause */
/* A question about many meters is answered in steps, each of them counted once. */
#include "report_meters.h"

#include <errno.h>

#include "control.h"
#include "ctl.h"
#include "eal.h"
#include "frame.h"
#include "meters.h"
#include "questions.h"
#include "report.h"
#include "table_write.h"

#define CUSTOMERS 10000u

static struct control_config config;
static struct frame_buffer out;

static struct scope_key customer(uint32_t id)
{
	return scope_key_of(SCOPE_CUSTOMER, id, 0);
}

static struct meter *meter_of(uint32_t id)
{
	const struct scope_key key = customer(id);
	uint32_t hash;

	meter_hashes(config.meters, &key, 1, &hash);
	return meter_at(config.meters, meter_acquire(config.meters, &key, hash));
}

static void setup(void)
{
	static const uint8_t secret[16] = "tally";

	eal_start();
	config = (struct control_config){ .meters = meters_create(2 * CUSTOMERS, secret, 0),
					  .store = table_store_create() };
	ck_assert(config.meters != NULL && config.store != NULL);
	for (uint32_t id = 1; id <= CUSTOMERS; id++)
		atomic_store(&meter_of(id)->bytes, (uint64_t)id * 7919 % CUSTOMERS);
}

static void teardown(void)
{
	frame_buffer_finish(&out);
	meters_destroy(config.meters);
	table_store_destroy(config.store);
}

/* Until it is over; returns how many steps that took. */
static unsigned ask(const struct wire_QUERY *query, uint32_t *ret_rows)
{
	struct tally *tally;
	unsigned steps = 1;
	int ret;

	ck_assert_int_eq(tally_begin(&config, query, 1, &tally), 0);
	while ((ret = tally_step(tally, &out, ret_rows)) == 0)
		steps++;
	ck_assert_int_eq(ret, 1);
	tally_finish(tally);
	return steps;
}

static const void *next_row(enum wire_type type)
{
	char error[WIRE_ERROR_MAX] = "";
	enum wire_type is;
	const void *row;

	ck_assert_int_eq(frame_next(&out, WIRE_TO_DAEMON, &is, &row, error), 1);
	ck_assert_int_eq(is, type);
	return row;
}

static struct wire_QUERY query_of(uint32_t what)
{
	return (struct wire_QUERY){ .what = what, .customer = ID_ANY, .provider = ID_ANY, .scope = SCOPES };
}

START_TEST(all_of_them_once)
{
	static bool seen[CUSTOMERS + 1];
	const struct wire_QUERY queries[] = { query_of(QUERY_METERS), query_of(QUERY_VOLUMES) };
	uint32_t rows;

	for (int i = 0; i < 2; i++) {
		memset(seen, 0, sizeof(seen));
		ck_assert_uint_gt(ask(&queries[i], &rows), 1);
		ck_assert_uint_eq(rows, CUSTOMERS);
		while (rows-- > 0) {
			uint32_t id = i == 0 ? ((const struct wire_ROW_METER *)next_row(WIRE_ROW_METER))->key.customer
					     : ((const struct wire_ROW_VOLUME *)next_row(WIRE_ROW_VOLUME))->customer;
			ck_assert(id >= 1 && id <= CUSTOMERS && !seen[id]);
			seen[id] = true;
		}
	}
}
END_TEST

/* The first of them lie in different steps. */
START_TEST(first_by_bytes)
{
	struct wire_QUERY query = query_of(QUERY_METERS);
	uint32_t rows;

	query.order = ORDER_BYTES;
	query.most = 100;
	ck_assert_uint_gt(ask(&query, &rows), 1);
	ck_assert_uint_eq(rows, 100);
	for (uint64_t bytes = CUSTOMERS - 1; rows-- > 0; bytes--)
		ck_assert_uint_eq(((const struct wire_ROW_METER *)next_row(WIRE_ROW_METER))->bytes, bytes);
}
END_TEST

START_TEST(exact_ones_at_once)
{
	struct wire_QUERY query = query_of(QUERY_METERS);
	uint32_t rows;

	query.exact = 1;
	query.key[SCOPE_CUSTOMER] = customer(4711);
	query.key[SCOPE_PROVIDER] = scope_key_of(SCOPE_PROVIDER, 0, 3); /* nobody sends there */
	ck_assert_uint_eq(ask(&query, &rows), 1);
	ck_assert_uint_eq(rows, 1);
	ck_assert_uint_eq(((const struct wire_ROW_METER *)next_row(WIRE_ROW_METER))->key.customer, 4711);
}
END_TEST

/* Given up half way. */
START_TEST(given_up)
{
	struct wire_QUERY query = query_of(QUERY_METERS);
	struct tally *tally;
	uint32_t rows;

	query.order = ORDER_BYTES;
	query.most = 10;
	ck_assert_int_eq(tally_begin(&config, &query, 1, &tally), 0);
	ck_assert_int_eq(tally_step(tally, &out, &rows), 0);
	tally_finish(tally);
	tally_finish(NULL);
}
END_TEST

/* The client reads all there is, each time, or nothing any more. */
static struct client *question(struct questions *questions, struct client *client, bool reads, uint64_t *now, int *ret)
{
	const struct wire_QUERY query = query_of(QUERY_METERS);
	struct client *answered = NULL;
	char error[WIRE_ERROR_MAX] = "";
	enum wire_type type;
	const void *row;

	ck_assert_int_eq(questions_ask(questions, client, &query), 0);
	for (int i = 0; i < 100 && answered == NULL; i++, *now += 1000000) {
		answered = questions_answer(questions, *now, ret);
		while (reads && frame_next(&client->out, WIRE_TO_DAEMON, &type, &row, error) == 1)
			out.room += type == WIRE_ROW_METER; /* counts: it is no buffer here */
	}
	return answered;
}

/* More rows than may be queued at once wait for who reads them; who does not is sent away, so that others have their
 * turn. */
START_TEST(as_fast_as_it_is_read)
{
	struct report report;
	struct questions questions;
	struct client client = { 0 };
	uint64_t now = 3600ull * 1000000000;
	int ret;

	config.workers = 0;
	ck_assert_int_eq(report_init(&report, &config, 1, 0), 0);
	ck_assert_int_eq(questions_init(&questions, &report), 0);
	ck_assert_ptr_eq(question(&questions, &client, true, &now, &ret), &client);
	ck_assert_int_eq(ret, 0);
	ck_assert_uint_eq(out.room, CUSTOMERS);
	out.room = 0;
	ck_assert_ptr_null(question(&questions, &client, false, &now, &ret));
	ck_assert_int_eq(questions_wait(&questions), 1);
	ck_assert_uint_lt(client.out.end - client.out.start, 2u << 20);
	ck_assert_ptr_eq(questions_answer(&questions, now + 6000000000, &ret), &client);
	ck_assert_int_eq(ret, -ENOBUFS);
	questions_finish(&questions);
	report_finish(&report);
	frame_buffer_finish(&client.out);
}
END_TEST

FIXTURE_MAIN("tally", setup, teardown, all_of_them_once, first_by_bytes, exact_ones_at_once, given_up,
	     as_fast_as_it_is_read)
