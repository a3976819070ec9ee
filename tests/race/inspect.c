/* SPDX-License-Identifier: BSD-3-Clause */
/* The control thread asks for flows, meters, counters and figures while two workers run at full speed on packets made
 * up here (in place of port.c) and tables change. What a row says of a connection must fit its addresses. */
#include <sched.h>
#include <string.h>

#include <rte_mempool.h>

#include "apply.h"
#include "control.h"
#include "ctl.h"
#include "eal.h"
#include "frame.h"
#include "loop.h"
#include "packets.h"
#include "questions.h"
#include "race.h"
#include "report.h"
#include "table_write.h"
#include "worker.h"

#define WORKERS 2
#define FLOWS 2048u

static struct gate gate;
static struct port port[SIDES];
static struct worker *worker[WORKERS];
static struct worker_view *view[WORKERS];
static _Atomic bool stop;

static void *run_worker(void *argument)
{
	eal_join();
	worker_main(argument);
	eal_leave();
	return NULL;
}

static void put(struct apply *apply, enum wire_type type, const void *record)
{
	char error[WIRE_ERROR_MAX] = "";

	require(apply_record(apply, type, record, error) == 0, "%s", error);
}

/* Each second table quarantines a customer, each third moves all customers to other numbers. */
static void put_customers(struct apply *apply, uint64_t number)
{
	for (uint32_t i = 0; i < PACKETS_NAMES; i++) {
		const struct wire_PUT_IDENTITY identity = { .address = packets_inside(i),
							    .port_high = UINT16_MAX,
							    .vlan = WIRE_VLAN_ANY,
							    .plen = 128,
							    .customer = 1 + i + PACKETS_NAMES * (number % 3 == 0) };
		const struct wire_PUT_DESTINATION destination = { .address = packets_outside(i),
								  .provider = 1 + i,
								  .plen = 128 };
		put(apply, WIRE_PUT_IDENTITY, &identity);
		put(apply, WIRE_PUT_DESTINATION, &destination);
	}
	const struct wire_PUT_VERDICT verdict = { .key = { .scope = SCOPE_CUSTOMER, .customer = 1 + number % 5 },
						  .action = ACTION_QUARANTINE,
						  .decision = number,
						  .reason = "race" };
	if (number % 2 == 0)
		put(apply, WIRE_PUT_VERDICT, &verdict);
}

static void publish(struct apply *apply, uint64_t number)
{
	const struct wire_BEGIN begin = { number, WIRE_FULL, 0 };
	const struct wire_COMMIT commit = { number };
	const struct wire_PUT_SETTINGS settings = { .max_hold_ms = 50,
						    .hold_budget_ms = { 50, 50, 50, 50, 50 },
						    .idle_timeout_s = 1,
						    .ports = 1,
						    .port[0] = PACKETS_PORT };
	const struct wire_PUT_LIMITS limits = {
		.key = { SCOPE_CUSTOMER, .customer = ID_ANY },
		.limits = { .has = 7,
			    .kind = { { 100, 1, 1 }, { 5000, 1000000000, 50 }, { 5000000, 1000000000, 60000 } } },
	};
	char error[WIRE_ERROR_MAX] = "";
	struct table_times times;

	require(apply_begin(apply, &begin, error) == 0, "%s", error);
	put(apply, WIRE_PUT_SETTINGS, &settings);
	put(apply, WIRE_PUT_LIMITS, &limits);
	put_customers(apply, number);
	require(apply_commit(apply, &commit, &times, error) == 0, "%s", error);
}

static void check_flow(const struct wire_ROW_FLOW *row)
{
	uint32_t customer = packets_number(&row->source), provider = packets_number(&row->remote);

	require(row->customer % PACKETS_NAMES == (1 + customer) % PACKETS_NAMES && row->provider == 1 + provider,
		"customer %u at %u, provider %u at %u", row->customer, customer, row->provider, provider);
	require(row->state < FLOW_STATE_COUNT && row->phase < PHASES && row->remote_port == PACKETS_PORT,
		"state %u, phase %u, port %u", row->state, row->phase, row->remote_port);
	require(row->idle_ms <= row->age_ms, "idle for %u ms of %u", row->idle_ms, row->age_ms);
}

/* Reads one answer to its END; returns its rows. */
static uint32_t read_answer(struct frame_buffer *in, uint32_t what)
{
	char error[WIRE_ERROR_MAX] = "";
	enum wire_type type;
	const void *row;
	uint32_t rows = 0;

	for (;;) {
		require(frame_next(in, WIRE_TO_DAEMON, &type, &row, error) == 1, "an answer without END: %s", error);
		if (type == WIRE_END)
			break;
		if (type == WIRE_ROW_FLOW)
			check_flow(row);
		rows++;
	}
	const struct wire_END *end = row;
	require(end->what == what && end->rows == rows, "%u rows, END says %u", rows, end->rows);
	return rows;
}

static uint32_t ask(struct questions *questions, uint32_t what, uint32_t customer)
{
	const struct wire_QUERY query = {
		.what = what, .most = 500, .customer = customer, .provider = ID_ANY, .scope = SCOPES
	};
	struct client client = { .descriptor = -1 };
	int ret = 0;

	require(questions_ask(questions, &client, &query) == 0, "not asked");
	while (questions_answer(questions, clock_now(), &ret) == NULL)
		require(sched_yield() == 0, "no turn for the workers");
	require(ret == 0 && questions_wait(questions) < 0, "no answer");
	uint32_t rows = read_answer(&client.out, what);
	frame_buffer_finish(&client.out);
	return rows;
}

/* Rows of flows and of meters seen. */
static void control(struct apply *apply, struct questions *questions, uint64_t end, uint64_t ret_rows[QUERIES])
{
	for (uint64_t number = 2; clock_now() < end; number++) {
		publish(apply, number);
		for (uint32_t what = 0; what < QUERIES; what++)
			ret_rows[what] += ask(questions, what, what == QUERY_FLOWS && number % 4 == 0 ? 3 : ID_ANY);
		meters_walk(gate.meters, 0, METERS_ALL, clock_now(), 1, NULL, NULL);
	}
}

static void start(struct apply *apply)
{
	eal_start();
	gate = (struct gate){ .workers = WORKERS, .port = port, .held_most = 4096, .worker = worker };
	gate.pool = eal_pool(16383);
	gate.meters = meters_create(4096, gate.secret, clock_now());
	gate.store = apply->store = table_store_create();
	require(gate.meters != NULL && gate.store != NULL, "no memory");
	port[OUTSIDE].id = 1;
	packets_start(gate.pool);
	for (unsigned i = 0; i < WORKERS; i++) {
		worker[i] = worker_create(&gate, i, i, FLOWS, &stop);
		require(worker[i] != NULL, "no memory");
		view[i] = &worker[i]->view;
	}
	publish(apply, 1);
}

static void finish(struct apply *apply, struct questions *questions, const pthread_t thread[WORKERS])
{
	atomic_store(&stop, true);
	for (int i = 0; i < WORKERS; i++)
		pthread_join(thread[i], NULL);
	questions_finish(questions);
	report_finish(questions->report);
	for (int i = 0; i < WORKERS; i++)
		worker_destroy(worker[i]);
	table_store_destroy(apply->store);
	meters_destroy(gate.meters);
	rte_mempool_free(gate.pool);
}

int main(void)
{
	struct control_config config = { .workers = WORKERS, .worker = view, .flows_most = FLOWS * WORKERS };
	uint64_t end = race_end(), rows[QUERIES] = { 0 };
	struct apply apply = { 0 };
	pthread_t thread[WORKERS];
	struct questions questions;
	struct report report;

	start(&apply);
	config.meters = gate.meters;
	config.store = apply.store;
	require(report_init(&report, &config, 1, clock_now()) == 0, "no memory");
	require(questions_init(&questions, &report) == 0, "no memory");
	for (int i = 0; i < WORKERS; i++)
		thread[i] = race_start(run_worker, worker[i]);
	control(&apply, &questions, end, rows);
	finish(&apply, &questions, thread);
	require(rows[QUERY_FLOWS] > 100 && rows[QUERY_METERS] > 100,
		"%llu flows, %llu meters: too few to mean anything", (unsigned long long)rows[QUERY_FLOWS],
		(unsigned long long)rows[QUERY_METERS]);
	printf("%llu answers, %llu flows, %llu meters\n", (unsigned long long)rows[QUERY_STATUS],
	       (unsigned long long)rows[QUERY_FLOWS], (unsigned long long)rows[QUERY_METERS]);
	return 0;
}
