/* SPDX-License-Identifier: BSD-3-Clause */
/* Decisions published while a worker forwards as fast as it can: how many a second, one by one and in large batches,
 * what the worker loses by it, and how long it is from a decision's frame at the applier until the first connection is
 * refused. The decisions are on customers who send nothing, a thousand of them stand already; and once more on those
 * who send, decisions that let them: then each connection they concern looks its own up again.
 *
 * bench_updates FLOWS SECONDS */
#include <rte_launch.h>
#include <rte_lcore.h>

#include "apply.h"
#include "bench.h"
#include "clock.h"
#include "pipeline.h"
#include "table_write.h"
#include "traffic.h"

#define BURST 64
#define PAYLOAD 10
#define THINGS 262144u
#define STANDING 1000u
#define SPREAD 7919u	   /* a prime: one sender after the other, all over the table */
#define STRANGER 10000000u /* the first of the customers who send nothing */
#define TRIES 1000u
#define TRY_MOST_NS 1000000000u

/* As many at once, so many a second (0: as many as can be), and under which name. */
static const struct pace_of {
	const char *name;
	uint32_t batch, a_second;
	bool senders; /* on customers who send */
} paces[] = {
	{ "updates_single", 1, 0, false },	    { "updates", 1024, 0, false },
	{ "updates_200k", 1024, 200000, false },    { "updates_1m", 1024, 1000000, false },
	{ "updates_own_200k", 1024, 200000, true },
};

static struct updates {
	struct rig rig;
	struct traffic traffic;
	struct apply apply;
	uint64_t next;		/* decision */
	_Atomic unsigned phase; /* an interval of its own in the worker's account */
	_Atomic unsigned phase_done;
	double path_ns; /* a packet, in the phase that ended */
	_Atomic bool probing;
	_Atomic uint64_t refused_at;
} updates;

struct account {
	uint64_t made, ran, packets;
	double start;
};

static void settle(struct account *account)
{
	double ns = bench_cpu_ns() - account->start;

	if (account->packets > 0)
		updates.path_ns =
			ns / (double)account->packets * (double)account->ran / (double)(account->ran + account->made);
	*account = (struct account){ .start = bench_cpu_ns() };
}

/* One connection asks again and again, so that its refusal is seen with the first burst after the decision. */
static void probe(struct burst *burst)
{
	static struct connection connection = { .source = THINGS - 1, .remote = 1, .port = 61000 };

	connection.client_seq = 1;
	traffic_say(&updates.traffic, burst, &connection, INSIDE, TCP_SYN, NULL, 0);
}

static void note_refusal(uint64_t before)
{
	const struct worker *worker = updates.traffic.worker;

	if (worker->view.counter[COUNT_REFUSED_QUARANTINE] != before)
		atomic_store(&updates.refused_at, clock_now());
}

static void turn(struct account *account)
{
	struct burst burst = { .count = 0 };
	struct worker *worker = updates.traffic.worker;
	bool probing = atomic_load_explicit(&updates.probing, memory_order_relaxed);
	uint64_t before = rte_rdtsc(), refused = worker->view.counter[COUNT_REFUSED_QUARANTINE];

	traffic_random(&updates.traffic, &burst, BURST - 1, 256, PAYLOAD);
	if (probing)
		probe(&burst);
	account->packets += burst.count;
	uint64_t now = clock_now(), between = rte_rdtsc();
	worker_read_table(worker);
	traffic_turn(&updates.traffic, &burst, now);
	rcu_quiescent(&worker->rcu);
	account->ran += rte_rdtsc() - between;
	account->made += between - before;
	if (probing)
		note_refusal(refused);
}

static int forward(void *nothing)
{
	struct account account = { 0 };
	unsigned phase = 0;

	(void)nothing;
	traffic_create(&updates.traffic, &updates.rig, rig_enter(&updates.rig, 0), updates.rig.config.flows, false);
	traffic_open(&updates.traffic);
	while (!atomic_load_explicit(&updates.rig.stop, memory_order_relaxed)) {
		if (phase != atomic_load_explicit(&updates.phase, memory_order_relaxed)) {
			settle(&account);
			phase = atomic_load(&updates.phase);
			atomic_store(&updates.phase_done, phase);
		}
		turn(&account);
	}
	rig_leave();
	return 0;
}

/* The worker's account of the phase that ends. */
static double end_phase(void)
{
	unsigned phase = atomic_fetch_add(&updates.phase, 1) + 1;

	while (atomic_load(&updates.phase_done) != phase)
		rte_pause();
	return updates.path_ns;
}

static void must(int ret, const char *error)
{
	if (ret < 0)
		bench_die(error);
}

static void begin(void)
{
	const struct wire_BEGIN frame = { .generation = ++updates.rig.generation, .mode = WIRE_DELTA };
	char error[WIRE_ERROR_MAX] = "";

	must(apply_begin(&updates.apply, &frame, error), error);
}

static void commit(void)
{
	const struct wire_COMMIT frame = { .generation = updates.rig.generation };
	struct table_times times;
	char error[WIRE_ERROR_MAX] = "";

	must(apply_commit(&updates.apply, &frame, &times, error), error);
}

static void decide_on(uint32_t customer, bool put_it, enum action action)
{
	struct wire_PUT_VERDICT put = { .action = (uint8_t)action, .refuse = REFUSE_RST, .reason = "bench" };
	const struct wire_DEL_VERDICT del = { scope_key_of(SCOPE_CUSTOMER, customer, 0) };
	char error[WIRE_ERROR_MAX] = "";

	put.key = del.key;
	put.decision = ++updates.next;
	must(put_it ? apply_record(&updates.apply, WIRE_PUT_VERDICT, &put, error)
		    : apply_record(&updates.apply, WIRE_DEL_VERDICT, &del, error),
	     error);
}

/* One is decided on and another released, in turn. */
static void publish(const struct pace_of *pace)
{
	begin();
	for (uint32_t i = 0; i < pace->batch; i++) {
		uint64_t number = updates.next + 1;
		if (pace->senders)
			decide_on(1 + (uint32_t)(number / 2 * SPREAD % THINGS), number % 2 == 0, ACTION_PASS);
		else
			decide_on(STRANGER + (uint32_t)(number / 2 % (STANDING * 2)), number % 2 == 0,
				  ACTION_QUARANTINE);
	}
	commit();
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y;
}

static void sleep_ns(double ns)
{
	const struct timespec time = { (time_t)(ns / 1e9), (long)ns % 1000000000 };

	nanosleep(&time, NULL);
}

/* How many a second. */
static double publish_for(const struct pace_of *pace, double seconds)
{
	uint64_t start = clock_now(), published = 0, now;

	while ((now = clock_now()) - start < seconds * 1e9) {
		double due = pace->a_second == 0 ? 0 : (double)published * 1e9 / pace->a_second;
		if (due > (double)(now - start)) {
			sleep_ns(due - (double)(now - start));
			continue;
		}
		publish(pace);
		published += pace->batch;
	}
	return (double)published * 1e9 / (double)(now - start);
}

/* Before anything is published. Returns ns a packet. */
static double measure_calm(double seconds)
{
	double ns[BENCH_ROUNDS_MOST];

	for (unsigned round = 0; round < bench_rounds(); round++) {
		end_phase();
		sleep_ns(seconds * 1e9);
		ns[round] = end_phase();
	}
	bench_report("updates_none_ns", ns, bench_rounds());
	qsort(ns, bench_rounds(), sizeof(*ns), by_value);
	return ns[bench_rounds() / 2];
}

static void measure_rate(const struct pace_of *pace, double calm, double seconds)
{
	double rate[BENCH_ROUNDS_MOST], loss[BENCH_ROUNDS_MOST];
	char key[64];

	for (unsigned round = 0; round < bench_rounds(); round++) {
		end_phase();
		rate[round] = publish_for(pace, seconds);
		loss[round] = 100 * (1 - calm / end_phase());
	}
	snprintf(key, sizeof(key), "%s_per_second", pace->name);
	bench_report(key, rate, bench_rounds());
	snprintf(key, sizeof(key), "%s_loss_percent", pace->name);
	bench_report(key, loss, bench_rounds());
}

/* ns from a decision's frame until its customer is refused. */
static double try_once(void)
{
	atomic_store(&updates.refused_at, 0);
	uint64_t start = clock_now(), refused;
	begin();
	decide_on(THINGS, true, ACTION_QUARANTINE); /* the last source's customer */
	commit();
	while ((refused = atomic_load(&updates.refused_at)) == 0)
		if (clock_now() - start > TRY_MOST_NS)
			bench_die("a decision was not enforced within a second");
	begin();
	decide_on(THINGS, false, ACTION_PASS);
	commit();
	return (double)(refused - start);
}

static void measure_latency(void)
{
	static double ns[TRIES];

	atomic_store(&updates.probing, true);
	for (uint32_t i = 0; i < TRIES; i++)
		ns[i] = try_once();
	atomic_store(&updates.probing, false);
	qsort(ns, TRIES, sizeof(*ns), by_value);
	bench_report_one("refuse_latency_p50_us", ns[TRIES / 2] / 1e3);
	bench_report_one("refuse_latency_p99_us", ns[TRIES * 99 / 100] / 1e3);
}

int main(int argc, char **argv)
{
	double seconds = argc > 2 ? atof(argv[2]) : 1;
	const struct rig_config config = {
		.lcores = 2, .flows = argc > 1 ? (uint32_t)atoi(argv[1]) : 1000000, .things = THINGS, .held = 4096
	};
	const struct limits limits = { .has = 1u << LIMIT_BYTE_RATE,
				       .kind[LIMIT_BYTE_RATE] = { 100000000000u, 1000000000u, 1000000 } };

	rig_start(&updates.rig, &config);
	rig_begin(&updates.rig);
	rig_limit_four(&updates.rig, &limits);
	rig_commit(&updates.rig);
	updates.apply.store = updates.rig.store;
	begin();
	for (uint32_t i = 0; i < STANDING; i++)
		decide_on(STRANGER + STANDING * 2 + i, true, ACTION_QUARANTINE);
	commit();
	rte_eal_remote_launch(forward, NULL, 1);
	end_phase();
	double calm = measure_calm(seconds);
	publish_for(&paces[0], seconds); /* the first time memory is touched */
	for (size_t i = 0; i < RTE_DIM(paces); i++)
		measure_rate(&paces[i], calm, seconds);
	measure_latency();
	atomic_store(&updates.rig.stop, true);
	rte_eal_wait_lcore(1);
	return 0;
}
