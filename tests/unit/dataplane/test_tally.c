/* SPDX-License-Identifier: BSD-3-Clause */
/* A question about many meters is answered in steps, each of them counted once. */
#include "report_meters.h"

#include "control.h"
#include "eal.h"
#include "frame.h"
#include "meters.h"
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

FIXTURE_MAIN("tally", setup, teardown, all_of_them_once, first_by_bytes, exact_ones_at_once, given_up)
