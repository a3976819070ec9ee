/* SPDX-License-Identifier: BSD-3-Clause */
/* Threads admit, move and end random connections, as workers do, while the control thread publishes other limits,
 * reads every meter and forgets those nobody names. Whoever was admitted is counted here a second time: never more
 * slots than the limit, never more tokens than burst + rate x time. In the end nothing is used. */
#include <sched.h>
#include <string.h>

#include <rte_mempool.h>

#include "admission.h"
#include "apply.h"
#include "domain.h"
#include "eal.h"
#include "flow.h"
#include "grants.h"
#include "hold.h"
#include "loop.h"
#include "meters.h"
#include "race.h"
#include "table_write.h"
#include "tables.h"
#include "usage.h"
#include "window.h"
#include "worker.h"

#define USERS 2
#define FLOWS 8u
#define NAMES 8u /* customers, providers and addresses each */
#define PACKETS 255u

static struct worker *worker[USERS];
static struct gate gate = { .workers = USERS, .held_most = 2 * USERS * FLOWS, .worker = worker };
static _Atomic bool over;
static struct grants granted, granted_provider[NAMES];
static _Atomic uint32_t holds_gate, holds_customer[NAMES];

struct link {
	struct flow *flow;
	uint32_t customer, provider;
};

struct user {
	struct worker *worker;
	struct link link[FLOWS];
	uint64_t random, used, waits[ADMIT_NEVER + 1], turns;
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

	if (!link->flow->counted)
		link->customer = race_random(&self->random, NAMES);
	customer = 1 + link->customer;
	struct address source = address_of(race_random(&self->random, NAMES)), remote = address_of(200 + provider);

	*scopes = (struct scopes){ .key = {
					   { SCOPE_CUSTOMER_PROVIDER, .customer = customer, .provider = provider },
					   { SCOPE_SOURCE_PROVIDER, .provider = provider, .address = source },
					   { SCOPE_REMOTE, .provider = provider, .address = remote },
					   { SCOPE_CUSTOMER, .customer = customer },
					   { SCOPE_SOURCE, .address = source },
					   domain_scope(provider),
					   { SCOPE_PROVIDER, .provider = provider },
					   { SCOPE_GATE },
				   } };
}

/* A connection's limits never go back to an older table's. */
static void check_layout(const struct user *self, const struct link *link)
{
	for (int scope = 0; scope < SCOPES; scope++) {
		uint32_t layout = atomic_load(&meter_at(gate.meters, flow_meter(link->flow, scope))->layout);
		require((int32_t)(layout - table_layout(self->worker->table)) >= 0,
			"a meter went back to the limits of table %u", layout);
	}
}

static void sit(struct user *self, struct link *link, uint64_t now)
{
	struct scopes scopes;
	struct seats seats;

	random_scopes(self, link, &scopes);
	require(usage_acquire(self->worker, &scopes, &seats, now), "meters ran out");
	usage_sit(self->worker, link->flow, &seats, now);
	check_layout(self, link);
}

static void hold_slots(const struct link *link)
{
	require(atomic_fetch_add(&holds_gate, 1) < GATE_SLOTS, "more connections than the gate's limit");
	require(atomic_fetch_add(&holds_customer[link->customer], 1) < CUSTOMER_SLOTS,
		"more connections than customer %u's limit", link->customer);
}

/* The SYN that waits for the answer. */
static struct wait *syn_of(struct user *self, struct link *link, uint64_t now)
{
	struct wait *wait = hold_of(self->worker, link->flow);

	if (wait == NULL) {
		struct packet syn = { .mbuf = rte_pktmbuf_alloc(gate.pool), .flags = TCP_SYN };
		require(syn.mbuf != NULL, "no packet");
		wait = hold_append(self->worker, link->flow, &syn, now, 0);
		wait->until = now + 1000000000u;
	}
	wait->due = now;
	return wait;
}

static void admit(struct user *self, struct link *link, uint64_t now)
{
	uint64_t when;
	struct wait *wait = syn_of(self, link, now);
	enum admission admission =
		admission_ask(self->worker, link->flow, hold_of(self->worker, link->flow), now, &when);

	self->waits[admission]++;
	require((admission == ADMIT_NOW) == link->flow->counted, "slots without admission, or none with it");
	require((admission == ADMIT_NOW) == (wait->ticket == 0), "a ticket and no wait, or a wait without one");
	if (admission != ADMIT_NOW) {
		require(when > now, "a token now, and yet none");
		if (when != WAIT_FOR_CALL)
			hold_wake(self->worker, wait, when);
		return;
	}
	hold_purge(self->worker, link->flow);
	hold_slots(link);
	grants_note(&granted, now);
	grants_note(&granted_provider[link->provider], now);
}

/* A message on a connection that runs: it has its token, or stands in the queue behind a closed window. */
static void ask_again(struct user *self, struct link *link, struct wait *wait, uint64_t now)
{
	uint64_t when;

	if (admission_ask(self->worker, link->flow, wait, now, &when) == ADMIT_NOW) {
		require(wait->ticket == 0, "a token and a ticket");
		window_forget(self->worker, link->flow, now);
		self->turns++;
	} else {
		hold_wake(self->worker, wait, when < wait->until ? when : wait->until);
	}
}

static void begin_message(struct user *self, struct link *link, uint64_t now)
{
	struct flow *flow = link->flow;

	if (flow->window != 0 || flow->message_scopes == 0)
		return;
	usage_goodbye(self->worker, flow, now); /* the one before was not used */
	if (admission_ask_message(self->worker, flow, now))
		return;
	struct wait *wait = hold_window(self->worker, flow);
	require(wait != NULL, "no room for a window");
	wait->due = wait->since = now;
	wait->until = now + 50000000u;
	ask_again(self, link, wait, now);
}

static void give_slots(struct user *self, struct link *link, uint64_t now)
{
	if (link->flow->counted) {
		atomic_fetch_sub(&holds_gate, 1);
		atomic_fetch_sub(&holds_customer[link->customer], 1);
	}
	usage_give_slots(self->worker, link->flow, now);
}

static void leave(struct user *self, struct link *link, uint64_t now)
{
	give_slots(self, link, now);
	admission_withdraw(self->worker, link->flow, now);
	hold_purge(self->worker, link->flow);
	window_forget(self->worker, link->flow, now);
	usage_leave(self->worker, link->flow, now);
	link->flow->told_out = link->flow->fresh_out = 0;
}

/* Those whose turn has come, and those who were called. */
static void wake(struct user *self, uint64_t now)
{
	struct wheel_due due[16];
	unsigned count;

	admission_answer_calls(self->worker, now);
	while ((count = wheel_expire(self->worker->wheel, now, due, 16)) > 0)
		for (unsigned i = 0; i < count; i++) {
			struct wait *wait = &self->worker->waits[due[i].handle];
			if (wait->turn != due[i].turn)
				continue;
			wait->turn = 0;
			require(wait->first != NULL, "a record that is free was called");
			if (wait->window)
				ask_again(self, &self->link[wait->flow], wait, now);
			else
				admit(self, &self->link[wait->flow], now);
		}
}

/* Bytes that leave, and as many that do not after all. */
static void use_bytes(struct user *self, struct link *link, uint64_t now)
{
	uint32_t bytes = 1 + race_random(&self->random, 1500);

	require(usage_take_bytes(self->worker, link->flow, bytes, now).due >= now, "bytes leave in the past");
	if (race_random(&self->random, 4) == 0) {
		usage_return_bytes(self->worker, link->flow, bytes, 0);
		return;
	}
	flow_count_out(link->flow, bytes);
	self->used += bytes;
	usage_tell(self->worker, link->flow);
}

static void act(struct user *self, struct link *link, uint64_t now)
{
	uint32_t what = race_random(&self->random, 8);

	if (flow_meter(link->flow, 0) == 0) {
		sit(self, link, now);
	} else if (what == 0) {
		leave(self, link, now);
	} else if (what == 1) {
		give_slots(self, link, now);
	} else if (what == 2) {
		sit(self, link, now);
	} else {
		usage_refresh(self->worker, link->flow, now);
		check_layout(self, link);
		if (what <= 5 && !link->flow->counted)
			admit(self, link, now);
		else if (what == 6)
			begin_message(self, link, now);
		else
			use_bytes(self, link, now);
	}
}

static void *use(void *argument)
{
	struct user *self = argument;

	rcu_view_open(&self->worker->rcu);
	while (!atomic_load_explicit(&over, memory_order_relaxed)) {
		uint64_t now = clock_now();
		self->worker->table = table_current(&self->worker->rcu, gate.store);
		wake(self, now);
		for (int i = 0; i < 32; i++)
			act(self, &self->link[race_random(&self->random, FLOWS)], now);
		rcu_quiescent(&self->worker->rcu);
		sched_yield(); /* whose turn it is may be the other one's */
	}
	for (uint32_t i = 0; i < FLOWS; i++) {
		leave(self, &self->link[i], clock_now());
	}
	rcu_view_close(&self->worker->rcu);
	return NULL;
}

struct sum {
	uint64_t meters, admitted, bytes;
};

static void look(void *context, const struct meter *meter)
{
	struct sum *sum = context;
	uint32_t connections = atomic_load(&meter->connections);

	/* Who moves is counted twice for a moment. */
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

static uint64_t turns(void)
{
	uint64_t sum = 0;

	for (int i = 0; i < USERS; i++)
		sum += user[i].turns;
	require(sum > 0, "no message ever waited");
	return sum;
}

/* Publishes and reads until `end`; `forget_ms` as the control thread's, or none at all. */
static void control(struct apply *apply, uint64_t end, uint32_t forget_ms, uint64_t *number)
{
	struct sum sum = { 0 };

	while (clock_now() < end) {
		uint64_t now = clock_now();
		tables_publish(apply, ++*number);
		meters_walk(gate.meters, 0, METERS_ALL, now, forget_ms, look, &sum);
	}
	require(sum.meters > 100, "%llu meters seen", (unsigned long long)sum.meters);
}

static void run(struct apply *apply, uint64_t end, uint32_t forget_ms, uint64_t *number)
{
	pthread_t thread[USERS];

	atomic_store(&over, false);
	for (int i = 0; i < USERS; i++)
		thread[i] = race_start(use, &user[i]);
	control(apply, end, forget_ms, number);
	atomic_store(&over, true);
	for (int i = 0; i < USERS; i++)
		pthread_join(thread[i], NULL);
	require(holds_gate == 0, "%u slots held", holds_gate);
}

/* Nobody names a meter now: nothing is in use, and all can be forgotten. */
static void check_end(struct sum *ret_sum)
{
	*ret_sum = (struct sum){ 0 };
	meters_walk(gate.meters, 0, METERS_ALL, 0, UINT32_MAX, look_idle, ret_sum);
	require(meters_used(gate.meters) == ret_sum->meters, "%u meters used, %llu found", meters_used(gate.meters),
		(unsigned long long)ret_sum->meters);
	meters_walk(gate.meters, 0, METERS_ALL, clock_now() + 3600u * 1000000000ull, 0, NULL, NULL);
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

/* Each answer came, or the limits were not felt. */
static void check_answers(void)
{
	uint64_t now = 0, later = 0;

	for (int i = 0; i < USERS; i++) {
		now += user[i].waits[ADMIT_NOW];
		later += user[i].waits[ADMIT_LATER];
	}
	require(now > 100 && later > 100, "%llu admitted at once, %llu had to wait", (unsigned long long)now,
		(unsigned long long)later);
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

static void start_user(struct user *self, unsigned index)
{
	self->worker = worker[index] = worker_create(&gate, index, 0, FLOWS, NULL);
	require(self->worker != NULL, "no memory");
	self->random = index + 21;
	wheel_init(self->worker->wheel, gate.held_most + 1, clock_now());
	for (uint32_t i = 0; i < FLOWS; i++) {
		struct flow *flow = flow_insert(self->worker->flows, &(struct packet){ .hash = i + 1 });
		self->link[flow_index(self->worker->flows, flow)].flow = flow;
	}
}

static void start(struct apply *apply)
{
	eal_start();
	gate.meters = meters_create(4096, gate.secret, clock_now());
	gate.store = apply->store = table_store_create();
	gate.pool = eal_pool(PACKETS);
	require(gate.meters != NULL && gate.store != NULL, "no memory");
	for (unsigned i = 0; i < USERS; i++)
		start_user(&user[i], i);
}

static void finish(struct apply *apply)
{
	require(rte_mempool_avail_count(gate.pool) == PACKETS, "packets are missing");
	for (int i = 0; i < USERS; i++)
		worker_destroy(worker[i]);
	table_store_destroy(apply->store);
	meters_destroy(gate.meters);
	rte_mempool_free(gate.pool);
}

int main(void)
{
	uint64_t end = race_end(), half = clock_now() + (end - clock_now()) / 2, number = 0;
	struct apply apply = { 0 };
	struct sum sum;

	start(&apply);
	tables_publish(&apply, ++number);
	run(&apply, half, 0, &number);
	check_end(&sum);
	begin_anew();
	run(&apply, end, 600000, &number);
	check_end(&sum);
	check_figures(&sum, granted.count, bytes_used());
	check_answers();
	grants_check(&granted, "the gate", RATE, RATE_BURST);
	for (int i = 0; i < (int)NAMES; i++)
		grants_check(&granted_provider[i], "a provider", PROVIDER_RATE, RATE_BURST);
	printf("%llu tables, %u tokens, %llu turns that waited\n", (unsigned long long)number, granted.count,
	       (unsigned long long)turns());
	finish(&apply);
	return 0;
}
