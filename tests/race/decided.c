/* SPDX-License-Identifier: BSD-3-Clause */
/* Two workers open, move on and end connections, and look up what is decided on them with each packet, while the
 * control thread decides on a third of the customers after the other. Whenever no publication was under way during a
 * turn, a connection that was looked at in it stands as the table says: no decision is missed, however it crossed the
 * connection's beginning. */
#include <sched.h>
#include <string.h>

#include "announce.h"
#include "apply.h"
#include "eal.h"
#include "look_up.h"
#include "loop.h"
#include "race.h"
#include "seat.h"
#include "table_write.h"
#include "usage.h"

#define USERS 2
#define FLOWS 16u
#define CUSTOMERS 240u /* so many that most have no meter */

static struct worker *worker[USERS];
static struct gate gate = { .workers = USERS, .held_most = 16, .worker = worker };
static _Atomic bool over;
static _Atomic uint64_t begun, done; /* publications */
static _Atomic unsigned long sure, unsure;

static bool is_held(uint32_t customer, uint64_t number)
{
	return (customer + number) % 3 == 0;
}

static void put(struct apply *apply, enum wire_type type, const void *record)
{
	char error[WIRE_ERROR_MAX] = "";

	require(apply_record(apply, type, record, error) == 0, "%s", error);
}

static void decide(struct apply *apply, uint32_t customer, uint64_t number)
{
	struct wire_PUT_VERDICT verdict = { .action = ACTION_QUARANTINE, .decision = number, .reason = "race" };

	verdict.key = scope_key_of(SCOPE_CUSTOMER, customer, 0);
	if (is_held(customer, number))
		put(apply, WIRE_PUT_VERDICT, &verdict);
	else if (is_held(customer, number - 1))
		put(apply, WIRE_DEL_VERDICT, &verdict.key);
}

static void publish(struct apply *apply, uint64_t number)
{
	const struct wire_BEGIN begin = { number, number == 1 ? WIRE_FULL : WIRE_DELTA, 0 };
	const struct wire_COMMIT commit = { number };
	const struct wire_PUT_SETTINGS settings = { .idle_timeout_s = 1, .ports = 1, .port[0] = 25 };
	char error[WIRE_ERROR_MAX] = "";
	struct table_times times;

	atomic_store(&begun, number);
	require(apply_begin(apply, &begin, error) == 0, "%s", error);
	if (number == 1)
		put(apply, WIRE_PUT_SETTINGS, &settings);
	for (uint32_t customer = 1; customer <= CUSTOMERS; customer++)
		decide(apply, customer, number);
	require(apply_commit(apply, &commit, &times, error) == 0, "%s", error);
	atomic_store(&done, number);
}

/* Whose it is the flow itself says: nobody has an address here. */
static void open_flow(struct worker *self, struct flow *flow, uint32_t customer, uint64_t now)
{
	const struct scopes scopes = { .key = { { SCOPE_CUSTOMER_PROVIDER, .customer = customer, .provider = 1 },
						{ SCOPE_SOURCE_PROVIDER, .provider = 1 },
						{ SCOPE_REMOTE, .provider = 1 },
						{ SCOPE_CUSTOMER, .customer = customer },
						{ SCOPE_SOURCE },
						{ SCOPE_PROVIDER, .provider = 1 },
						{ SCOPE_GATE } } };
	struct seats seats;

	require(usage_acquire(self, &scopes, &seats, now), "no meters");
	usage_sit(self, flow, &seats, now);
	flow->layout = table_layout(self->table);
	flow->serial = 0;
	flow->state = FLOW_ESTABLISHED;
}

static void act(struct worker *self, struct flow *flow, uint64_t *random, uint64_t now)
{
	if (flow_meter(flow, 0) == 0)
		open_flow(self, flow, 1 + race_random(random, CUSTOMERS), now);
	else if (race_random(random, 2) == 0)
		usage_leave(self, flow, now);
}

static void look_all(struct worker *self, struct flow *flow[FLOWS], uint64_t first, uint64_t now)
{
	bool held[FLOWS];

	for (uint32_t i = 0; i < FLOWS; i++) {
		if (flow_meter(flow[i], 0) != 0)
			look_up(self, flow[i], now);
		held[i] = flow[i]->quarantined;
	}
	if (atomic_load(&begun) != first || first == 0) {
		atomic_fetch_add(&unsure, 1);
		return;
	}
	atomic_fetch_add(&sure, 1);
	for (uint32_t i = 0; i < FLOWS; i++) {
		if (flow_meter(flow[i], 0) == 0)
			continue;
		uint32_t customer = seat_key(self, flow[i], SCOPE_CUSTOMER)->customer;
		require(held[i] == is_held(customer, first), "customer %u is %sheld in %llu", customer,
			held[i] ? "" : "not ", (unsigned long long)first);
	}
}

static void *use(void *argument)
{
	struct worker *self = argument;
	struct flow *flow[FLOWS];
	uint64_t random = self->index + 77;

	for (uint32_t i = 0; i < FLOWS; i++)
		flow[i] = flow_insert(self->flows, &(struct packet){ .hash = i + 1 });
	rcu_view_open(&self->rcu);
	while (!atomic_load_explicit(&over, memory_order_relaxed)) {
		uint64_t now = clock_now(), first = atomic_load(&done);
		worker_read_table(self);
		for (uint32_t i = 0; self->table != NULL && i < FLOWS; i++)
			act(self, flow[race_random(&random, FLOWS)], &random, now);
		if (self->table != NULL)
			look_all(self, flow, first, now);
		rcu_quiescent(&self->rcu);
	}
	rcu_view_close(&self->rcu);
	return NULL;
}

static void start(struct apply *apply)
{
	eal_start();
	gate.meters = meters_create(1024, gate.secret, clock_now());
	gate.store = apply->store = table_store_create();
	require(gate.meters != NULL && gate.store != NULL, "no memory");
	table_store_watch(apply->store, announce, gate.meters);
	for (unsigned i = 0; i < USERS; i++) {
		worker[i] = worker_create(&gate, i, 0, FLOWS, NULL);
		require(worker[i] != NULL, "no memory");
		wheel_init(worker[i]->wheel, gate.held_most + 1, clock_now());
	}
}

static void finish(struct apply *apply)
{
	for (int i = 0; i < USERS; i++)
		worker_destroy(worker[i]);
	table_store_destroy(apply->store);
	meters_destroy(gate.meters);
}

int main(void)
{
	struct apply apply = { 0 };
	pthread_t thread[USERS];
	uint64_t number = 0;

	start(&apply);
	uint64_t end = race_end();
	for (int i = 0; i < USERS; i++)
		thread[i] = race_start(use, worker[i]);
	while (clock_now() < end) {
		publish(&apply, ++number);
		meters_walk(gate.meters, 0, METERS_ALL, clock_now(), 0, NULL, NULL);
		if (number % 4 == 0)
			sched_yield();
		if (number % 16 == 0)
			usleep(200);
	}
	atomic_store(&over, true);
	for (int i = 0; i < USERS; i++)
		pthread_join(thread[i], NULL);
	require(sure > 100 && unsure > 10, "%lu turns were told from each other, %lu were not", sure, unsure);
	finish(&apply);
	printf("%llu publications, %lu turns without one and %lu with\n", (unsigned long long)number, sure, unsure);
	return 0;
}
