/* SPDX-License-Identifier: BSD-3-Clause */
/* Threads take and give slots, tokens and meters for random connections, as workers do, while the control thread
 * publishes other limits, reads every meter and forgets those nobody names. Whoever holds a slot is counted here a
 * second time: never more than the limit. In the end nothing is used. */
#include <string.h>

#include "apply.h"
#include "eal.h"
#include "flow.h"
#include "grants.h"
#include "meters.h"
#include "race.h"
#include "table_write.h"
#include "tables.h"
#include "usage.h"
#include "worker.h"

#define USERS 2
#define FLOWS 8u
#define NAMES 8u /* customers, providers and addresses each */

static struct gate gate;
static _Atomic bool over;
static struct grants granted, granted_provider[NAMES];
static _Atomic uint32_t holds_gate, holds_customer[NAMES];

struct link {
	struct flow flow;
	uint32_t customer, provider;
};

struct user {
	struct worker worker;
	struct link link[FLOWS];
	uint64_t random, used;
};

static struct user user[USERS];

static struct address address_of(uint32_t number)
{
	return (struct address){ { [10] = 0xff, 0xff, 10, 0, 0, (uint8_t)number } };
}

/* One that holds slots may move, but stays its customer's: the limits there are to hold all the time. */
static void random_scopes(struct user *self, struct link *link, struct scopes *scopes)
{
	uint32_t customer, provider = 1 + (link->provider = race_random(&self->random, NAMES));

	if (!link->flow.counted)
		link->customer = race_random(&self->random, NAMES);
	customer = 1 + link->customer;
	struct address source = address_of(race_random(&self->random, NAMES)), remote = address_of(200 + provider);

	*scopes = (struct scopes){ .key = {
					   { SCOPE_CUSTOMER_PROVIDER, .customer = customer, .provider = provider },
					   { SCOPE_SOURCE_PROVIDER, .provider = provider, .address = source },
					   { SCOPE_REMOTE, .provider = provider, .address = remote },
					   { SCOPE_CUSTOMER, .customer = customer },
					   { SCOPE_SOURCE, .address = source },
					   { SCOPE_PROVIDER, .provider = provider },
					   { SCOPE_GATE },
				   } };
}

/* A connection's limits never go back to an older table's. */
static void check_layout(const struct user *self, const struct link *link)
{
	for (int scope = 0; scope < SCOPES; scope++) {
		uint32_t layout = atomic_load(&link->flow.meter[scope]->layout);
		require((int32_t)(layout - table_layout(self->worker.table)) >= 0,
			"a meter went back to the limits of table %u", layout);
	}
}

static void join(struct user *self, struct link *link, uint64_t now)
{
	struct scopes scopes;

	random_scopes(self, link, &scopes);
	require(usage_join(&self->worker, &link->flow, &scopes, now), "meters ran out");
	check_layout(self, link);
}

static void take_slots(struct link *link)
{
	if (!usage_take_slots(&link->flow))
		return;
	require(atomic_fetch_add(&holds_gate, 1) < GATE_SLOTS, "more connections than the gate's limit");
	require(atomic_fetch_add(&holds_customer[link->customer], 1) < CUSTOMER_SLOTS,
		"more connections than customer %u's limit", link->customer);
}

static void give_slots(struct link *link)
{
	if (link->flow.counted) {
		atomic_fetch_sub(&holds_gate, 1);
		atomic_fetch_sub(&holds_customer[link->customer], 1);
	}
	usage_give_slots(&link->flow);
}

static void use_tokens(struct user *self, struct link *link, uint64_t now)
{
	uint64_t when;

	if (usage_try(&link->flow, LIMIT_CONNECTION_RATE, 1, now, &when)) {
		grants_note(&granted, now);
		grants_note(&granted_provider[link->provider], now);
		usage_admitted(&link->flow);
	} else {
		require(when > now, "a token now, and yet none");
	}
	require(usage_take(&link->flow, LIMIT_BYTE_RATE, 1 + race_random(&self->random, 1500), now) >= now,
		"bytes leave in the past");
	usage_bytes(&link->flow, 1);
	self->used++;
}

static void act(struct user *self, struct link *link, uint64_t now)
{
	uint32_t what = race_random(&self->random, 8);

	if (link->flow.meter[0] == NULL) {
		join(self, link, now);
	} else if (what == 0) {
		give_slots(link);
		usage_leave(&self->worker, &link->flow, now);
	} else if (what == 1) {
		give_slots(link);
	} else if (what == 2) {
		join(self, link, now);
	} else if (what <= 4 && !link->flow.counted) {
		take_slots(link);
	} else {
		usage_refresh(&self->worker, &link->flow);
		check_layout(self, link);
		use_tokens(self, link, now);
	}
}

static void *use(void *argument)
{
	struct user *self = argument;

	rcu_view_open(&self->worker.rcu);
	while (!atomic_load_explicit(&over, memory_order_relaxed)) {
		uint64_t now = clock_now();
		self->worker.table = table_current(&self->worker.rcu, gate.store);
		for (int i = 0; i < 32; i++)
			act(self, &self->link[race_random(&self->random, FLOWS)], now);
		rcu_quiescent(&self->worker.rcu);
	}
	for (uint32_t i = 0; i < FLOWS; i++) {
		give_slots(&self->link[i]);
		usage_leave(&self->worker, &self->link[i].flow, clock_now());
	}
	rcu_view_close(&self->worker.rcu);
	return NULL;
}

struct sum {
	uint64_t meters, admitted, bytes;
};

static void look(void *context, const struct meter *meter)
{
	struct sum *sum = context;
	uint32_t connections = atomic_load(&meter->connections);

	/* A thread counts first and asks then: each may be one too many for a moment. */
	require(meter->key.scope != SCOPE_GATE || connections <= GATE_SLOTS + USERS, "%u connections", connections);
	require(meter->references <= USERS * (FLOWS + 1), "%u references", meter->references);
	sum->meters++;
	sum->admitted += atomic_load(&meter->admitted);
	sum->bytes += atomic_load(&meter->bytes);
}

static void look_idle(void *context, const struct meter *meter)
{
	struct sum *sum = context;

	require(atomic_load(&meter->connections) == 0, "%u connections left, scope %u",
		atomic_load(&meter->connections), meter->key.scope);
	require(meter->references == 0, "%u references left", meter->references);
	look(sum, meter);
}

/* Publishes and reads until `end`; `forget_ns` as the control thread's, or none at all. */
static void control(struct apply *apply, uint64_t end, uint64_t forget_ns, uint64_t *number)
{
	struct sum sum = { 0 };

	while (clock_now() < end) {
		uint64_t now = clock_now();
		tables_publish(apply, ++*number);
		meters_walk(gate.meters, now, forget_ns, look, &sum);
	}
	require(sum.meters > 100, "%llu meters seen", (unsigned long long)sum.meters);
}

static void run(struct apply *apply, uint64_t end, uint64_t forget_ns, uint64_t *number)
{
	pthread_t thread[USERS];

	atomic_store(&over, false);
	for (int i = 0; i < USERS; i++)
		thread[i] = race_start(use, &user[i]);
	control(apply, end, forget_ns, number);
	atomic_store(&over, true);
	for (int i = 0; i < USERS; i++)
		pthread_join(thread[i], NULL);
	require(holds_gate == 0, "%u slots held", holds_gate);
}

/* Nobody names a meter now: nothing is in use, and all can be forgotten. */
static void check_end(struct sum *ret_sum)
{
	*ret_sum = (struct sum){ 0 };
	meters_walk(gate.meters, 0, UINT64_MAX, look_idle, ret_sum);
	require(meters_used(gate.meters) == ret_sum->meters, "%u meters used, %llu found", meters_used(gate.meters),
		(unsigned long long)ret_sum->meters);
	meters_walk(gate.meters, clock_now() + 3600u * 1000000000ull, 0, NULL, NULL);
	require(meters_used(gate.meters) == 0, "%u meters are never forgotten", meters_used(gate.meters));
}

/* While nothing is forgotten every figure is exact. */
static void check_figures(const struct sum *sum, uint64_t admitted, uint64_t bytes)
{
	require(sum->admitted == SCOPES * admitted && sum->bytes == SCOPES * bytes,
		"%llu admitted of %llu, %llu bytes of %llu: a meter was forgotten before its time",
		(unsigned long long)sum->admitted, (unsigned long long)(SCOPES * admitted),
		(unsigned long long)sum->bytes, (unsigned long long)(SCOPES * bytes));
}

static uint64_t bytes_used(void)
{
	uint64_t used = 0;

	for (int i = 0; i < USERS; i++)
		used += user[i].used;
	return used;
}

/* Forgotten buckets are full, and are taken for it once the last tokens are long gone. */
static void begin_anew(void)
{
	usleep(100000);
	granted.count = 0;
	for (uint32_t i = 0; i < NAMES; i++)
		granted_provider[i].count = 0;
	for (int i = 0; i < USERS; i++)
		user[i].used = 0;
}

static void start(struct apply *apply)
{
	eal_start();
	gate.meters = meters_create(4096, gate.secret, clock_now());
	gate.store = apply->store = table_store_create();
	require(gate.meters != NULL && gate.store != NULL, "no memory");
	for (int i = 0; i < USERS; i++) {
		user[i].worker.gate = &gate;
		user[i].random = (uint64_t)i + 21;
	}
}

int main(void)
{
	uint64_t end = race_end(), half = clock_now() + (end - clock_now()) / 2, number = 0;
	struct apply apply = { 0 };
	struct sum sum;

	start(&apply);
	tables_publish(&apply, ++number);
	run(&apply, half, 1, &number);
	check_end(&sum);
	begin_anew();
	run(&apply, end, 600000000000u, &number);
	check_end(&sum);
	check_figures(&sum, granted.count, bytes_used());
	grants_check(&granted, "the gate", RATE, RATE_BURST);
	for (int i = 0; i < (int)NAMES; i++)
		grants_check(&granted_provider[i], "a provider", PROVIDER_RATE, RATE_BURST);
	printf("%llu tables, %u tokens\n", (unsigned long long)number, granted.count);
	table_store_destroy(apply.store);
	meters_destroy(gate.meters);
	return 0;
}
