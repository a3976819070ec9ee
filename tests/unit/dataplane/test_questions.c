/* SPDX-License-Identifier: BSD-3-Clause */
/* Who asks is answered in turn, whoever goes away or hangs meanwhile. The workers are played here. */
#include <errno.h>
#include <string.h>

#include "control.h"
#include "ctl.h"
#include "fixture.h"
#include "frame.h"
#include "questions.h"
#include "report.h"
#include "table_write.h"

#define WORKERS 2
#define SECOND 1000000000u

static struct worker_view view[WORKERS];
static struct worker_view *views[WORKERS] = { &view[0], &view[1] };
static struct control_config config = { .workers = WORKERS, .worker = views };
static struct client one, other;
static struct report report;
static struct questions questions;

static void setup(void)
{
	memset(view, 0, sizeof(view));
	config.store = table_store_create();
	ck_assert_int_eq(report_init(&report, &config, 1, 0), 0);
	ck_assert_int_eq(questions_init(&questions, &report), 0);
}

static void teardown(void)
{
	questions_finish(&questions);
	report_finish(&report);
	frame_buffer_finish(&one.out);
	frame_buffer_finish(&other.out);
	table_store_destroy(config.store);
}

static void ask(struct client *client, uint32_t what)
{
	const struct wire_QUERY query = { .what = what, .customer = ID_ANY, .provider = ID_ANY, .scope = SCOPES };

	ck_assert_int_eq(questions_ask(&questions, client, &query), 0);
}

static struct client *answered(uint64_t now)
{
	int ret = 0;
	struct client *client = questions_answer(&questions, now, &ret);

	ck_assert_int_eq(ret, 0);
	return client;
}

/* A worker that was asked tells of so many flows. */
static void tell(int worker, uint32_t flows)
{
	struct inspect *inspect = &view[worker].inspect;

	ck_assert_int_eq(inspect->state, INSPECT_ASKED);
	memset(inspect->rows, 0, flows * sizeof(*inspect->rows));
	inspect->count = flows;
	inspect->state = INSPECT_DONE;
}

/* Rows up to END of one answer; its question in *ret_what. */
static uint32_t read_answer(struct client *client, uint32_t *ret_what)
{
	char error[WIRE_ERROR_MAX] = "";
	enum wire_type type;
	const void *row;

	for (uint32_t rows = 0;; rows++) {
		ck_assert_int_eq(frame_next(&client->out, WIRE_TO_DAEMON, &type, &row, error), 1);
		if (type != WIRE_END)
			continue;
		*ret_what = ((const struct wire_END *)row)->what;
		ck_assert_uint_eq(((const struct wire_END *)row)->rows, rows);
		return rows;
	}
}

START_TEST(nobody_asked)
{
	ck_assert_ptr_null(answered(1));
	ck_assert_int_lt(questions_wait(&questions), 0);
}
END_TEST

START_TEST(at_once)
{
	uint32_t what;

	ask(&one, QUERY_COUNTERS);
	ck_assert_ptr_eq(answered(1), &one);
	ck_assert_uint_eq(read_answer(&one, &what), 1);
	ck_assert_uint_eq(what, QUERY_COUNTERS);
}
END_TEST

START_TEST(in_turn)
{
	uint32_t what;

	ask(&one, QUERY_FLOWS);
	ask(&other, QUERY_STATUS);
	ck_assert_ptr_null(answered(1));
	tell(0, 3);
	ck_assert_ptr_null(answered(2));
	tell(1, 4);
	ck_assert_ptr_eq(answered(3), &one);
	ck_assert_ptr_eq(answered(3), &other);
	ck_assert_uint_eq(read_answer(&one, &what), 7);
	ck_assert_uint_eq(read_answer(&other, &what), 1);
	ck_assert_int_lt(questions_wait(&questions), 0);
}
END_TEST

START_TEST(at_most)
{
	const struct wire_QUERY query = { .what = QUERY_FLOWS, .most = 5, .customer = ID_ANY, .provider = ID_ANY };
	uint32_t what;

	ck_assert_int_eq(questions_ask(&questions, &one, &query), 0);
	ck_assert_ptr_null(answered(1));
	tell(0, 3);
	tell(1, 3);
	ck_assert_ptr_eq(answered(2), &one);
	ck_assert_uint_eq(read_answer(&one, &what), 5);
}
END_TEST

/* The workers are at it already: the answer is thrown away, and the next one gets its own. */
START_TEST(gone)
{
	uint32_t what;

	ask(&one, QUERY_FLOWS);
	ask(&other, QUERY_FLOWS);
	ck_assert_ptr_null(answered(1));
	questions_forget(&questions, &one);
	tell(0, 9);
	tell(1, 9);
	ck_assert_ptr_null(answered(2));
	tell(0, 1);
	tell(1, 1);
	ck_assert_ptr_eq(answered(3), &other);
	ck_assert_uint_eq(read_answer(&other, &what), 2);
}
END_TEST

START_TEST(stuck_worker)
{
	uint32_t what;

	ask(&one, QUERY_FLOWS);
	ck_assert_ptr_null(answered(1));
	tell(0, 2);
	ck_assert_ptr_null(answered(1 + SECOND));
	ck_assert_ptr_eq(answered(2 + SECOND), &one);
	ck_assert_uint_eq(read_answer(&one, &what), 2);

	/* It is asked again only when the old question is off its table. */
	ask(&one, QUERY_FLOWS);
	ck_assert_ptr_null(answered(3 + SECOND));
	tell(0, 2);
	tell(1, 8);
	ck_assert_ptr_null(answered(4 + SECOND));
	ck_assert_int_eq(view[1].inspect.state, INSPECT_ASKED);
	tell(1, 5);
	ck_assert_ptr_eq(answered(5 + SECOND), &one);
	ck_assert_uint_eq(read_answer(&one, &what), 7);
}
END_TEST

START_TEST(none_it_knows)
{
	const struct wire_QUERY what = { .what = QUERIES }, scope = { .what = QUERY_STATUS, .scope = SCOPES + 1 };

	ck_assert_int_eq(questions_ask(&questions, &one, &what), -EINVAL);
	ck_assert_int_eq(questions_ask(&questions, &one, &scope), -EINVAL);
}
END_TEST

START_TEST(too_many)
{
	const struct wire_QUERY query = { .what = QUERY_FLOWS };
	int ret = 0;

	for (int i = 0; ret == 0 && i < 100000; i++)
		ret = questions_ask(&questions, &one, &query);
	ck_assert_int_eq(ret, -EAGAIN);
}
END_TEST

FIXTURE_MAIN("questions", setup, teardown, nobody_asked, at_once, in_turn, at_most, gone, stuck_worker, none_it_knows,
	     too_many)
