/* SPDX-License-Identifier: BSD-3-Clause */
/* How exactly limits are kept: more is offered than may leave, in virtual time, for ten seconds or twenty units; what
 * left between the first departure and the last is compared with the rate. One and two workers, all of them looked
 * after in turn here.
 *
 * bench_limits WORKERS */
#include <rte_mbuf.h>
#include <rte_ring.h>

#include "admission.h"
#include "bench.h"
#include "pipeline.h"
#include "release.h"
#include "traffic.h"
#include "usage.h"

#define SECOND 1000000000u
#define LEAST_NS (10ull * SECOND)
#define LEAST_UNITS 20u
#define STEPS_MOST 100000000u
#define PASSES_MOST 10000
#define BANNER 20
#define CONNECTIONS 8 /* that want to send, in all */
#define PAYLOAD 1446
#define IP_BYTES (40u + PAYLOAD)
#define TCP_AT 34
#define SOURCE_LAST_AT 29

struct subject {
	const char *name;
	enum limit_kind kind;
	struct limit limit;
	uint32_t units; /* a packet or connection takes */
	uint32_t skip;	/* departures before it is steady: what the burst lets go at once */
};

#define BYTES(name, amount, per)                                                                                       \
	{                                                                                                              \
		name, LIMIT_BYTE_RATE, { amount, per, 15000 }, IP_BYTES, 12                                            \
	}
#define OPENED(name, amount, per)                                                                                      \
	{                                                                                                              \
		name, LIMIT_CONNECTION_RATE, { amount, per, 1 }, 1, 2                                                  \
	}

static const struct subject subjects[] = {
	BYTES("1486_bytes_a_minute", IP_BYTES, 60ull * SECOND),
	BYTES("10_kbit_s", 1250, SECOND),
	BYTES("1_mbit_s", 125000, SECOND),
	BYTES("100_mbit_s", 12500000, SECOND),
	BYTES("10_gbit_s", 1250000000, SECOND),
	OPENED("1_connection_a_minute", 1, 60ull * SECOND),
	OPENED("600_connections_a_minute", 600, 60ull * SECOND),
	OPENED("1000_connections_s", 1000, SECOND),
	OPENED("10000_connections_s", 10000, SECOND),
};

struct test {
	struct rig *rig;
	const struct subject *subject;
	struct traffic traffic[RIG_WORKERS];
	struct connection connection[CONNECTIONS];
	unsigned owner[CONNECTIONS];
	uint64_t now, first, last; /* departures */
	uint64_t seen, units;	   /* units after the first one counted */
};

/* The source is the customer, its limit the only one. */
static void limit(struct rig *rig, uint32_t thing, const struct subject *subject)
{
	struct wire_PUT_LIMITS record;

	memset(&record, 0, sizeof(record));
	record.key = scope_key_of(SCOPE_CUSTOMER, thing + 1, 0);
	record.limits.has = 1u << subject->kind;
	record.limits.kind[subject->kind] = subject->limit;
	rig_put(rig, WIRE_PUT_LIMITS, &record);
}

/* As many connections for each worker. */
static void choose(struct test *test, uint32_t thing)
{
	unsigned workers = test->rig->config.workers, have[RIG_WORKERS] = { 0 }, all = 0;

	for (uint16_t port = 1024; all < CONNECTIONS; port++) {
		const struct connection candidate = {
			.source = thing, .remote = thing, .port = port, .client_seq = port * 1000u, .server_seq = 1
		};
		for (unsigned i = 0; i < workers; i++) {
			if (have[i] == CONNECTIONS / workers || !traffic_owns(&test->traffic[i], &candidate))
				continue;
			test->connection[all] = candidate;
			test->owner[all++] = i;
			have[i]++;
			break;
		}
	}
}

static void say(struct test *test, unsigned index, enum side side, uint8_t flags, uint16_t payload)
{
	struct traffic *traffic = &test->traffic[test->owner[index]];
	struct burst burst = { .now = test->now };
	static uint8_t text[PAYLOAD]; /* of a message */

	memset(text, 'a', sizeof(text));
	traffic_say(traffic, &burst, &test->connection[index], side, flags, text, payload);
	pipeline_run(traffic->worker, &burst);
}

/* The next segment; or, after a reset, the next connection. */
static void say_next(struct test *test, unsigned index)
{
	if (test->subject->kind == LIMIT_BYTE_RATE) {
		say(test, index, INSIDE, TCP_ACK, PAYLOAD);
		return;
	}
	say(test, index, INSIDE, TCP_RST, 0);
	test->connection[index].client_seq += 1000;
	say(test, index, INSIDE, TCP_SYN, 0);
}

/* What wants to leave from the beginning: connections, or so many segments of each that is open already. */
static void begin(struct test *test, int segments)
{
	for (unsigned i = 0; i < CONNECTIONS; i++) {
		say(test, i, INSIDE, TCP_SYN, 0);
		if (test->subject->kind != LIMIT_BYTE_RATE)
			continue;
		say(test, i, OUTSIDE, TCP_SYN | TCP_ACK, 0);
		say(test, i, OUTSIDE, TCP_ACK | TCP_PSH, BANNER);
		rig_drain(test->traffic[test->owner[i]].worker);
	}
	for (unsigned i = 0; i < CONNECTIONS && test->subject->kind == LIMIT_BYTE_RATE; i++)
		for (int j = 0; j < segments; j++)
			say(test, i, INSIDE, TCP_ACK, PAYLOAD);
}

static void count_unit(struct test *test)
{
	if (++test->seen <= test->subject->skip)
		return;
	if (test->first == 0)
		test->first = test->now;
	else
		test->units += test->subject->units;
	test->last = test->now;
}

/* Whose it was; -1 for a reset, which is none of what is limited, and for what an earlier subject left behind. */
static int take(struct test *test, struct rte_mbuf *mbuf)
{
	const uint8_t *frame = rte_pktmbuf_mtod(mbuf, const uint8_t *), *tcp = frame + TCP_AT;
	uint16_t port = (uint16_t)(tcp[0] << 8 | tcp[1]);
	bool ours = frame[SOURCE_LAST_AT] == test->connection[0].source && (tcp[13] & TCP_RST) == 0;

	rte_pktmbuf_free(mbuf);
	for (int i = 0; ours && i < CONNECTIONS; i++)
		if (test->connection[i].port == port)
			return i;
	return -1;
}

/* Counts what left, and has those who sent it send again. */
static void collect(struct test *test, struct worker *worker)
{
	struct rte_mbuf *mbufs[TX_MOST];
	uint16_t count;

	for (int pass = 0; (count = rig_take(worker, mbufs)) > 0; pass++) {
		if (pass == PASSES_MOST)
			bench_die("nothing is held back");
		for (uint16_t i = 0; i < count; i++) {
			int index = take(test, mbufs[i]);
			if (index < 0)
				continue;
			count_unit(test);
			say_next(test, (unsigned)index);
		}
	}
}

static void serve(struct test *test)
{
	for (unsigned i = 0; i < test->rig->config.workers; i++) {
		struct worker *worker = test->traffic[i].worker;
		admission_answer_calls(worker, test->now);
		release_due(worker, test->now, 64);
		collect(test, worker);
	}
}

static uint64_t next_due(const struct test *test)
{
	uint64_t next = UINT64_MAX;

	for (unsigned i = 0; i < test->rig->config.workers; i++) {
		const struct worker *worker = test->traffic[i].worker;
		uint64_t due = rte_ring_empty(worker->called) ? wheel_next(worker->wheel) : test->now;
		next = due < next ? due : next;
	}
	return next;
}

static bool enough(const struct test *test)
{
	return test->units >= (uint64_t)LEAST_UNITS * test->subject->units && test->last - test->first >= LEAST_NS;
}

/* Time passes to what is due next; a worker that is called comes within a microsecond. Percent of the rate; negative:
 * less than it. */
static double run(struct test *test)
{
	const struct limit *limit = &test->subject->limit;

	begin(test, limit->per_ns == SECOND ? 16 : 1);
	serve(test);
	for (uint32_t step = 0; step < STEPS_MOST && !enough(test); step++) {
		uint64_t next = next_due(test);
		test->now = next > test->now && next != UINT64_MAX ? next : test->now + 1000;
		serve(test);
	}
	if (!enough(test))
		bench_die("too little was let through");
	double wanted = (double)limit->amount / (double)limit->per_ns * (double)(test->last - test->first);
	test->rig->clock = test->now;
	return ((double)test->units / wanted - 1) * 100;
}

int main(int argc, char **argv)
{
	unsigned workers = argc > 1 ? (unsigned)atoi(argv[1]) : 1;
	const struct rig_config config = { .workers = workers,
					   .lcores = 1,
					   .flows = 1024,
					   .held = 4096,
					   .things = RTE_DIM(subjects),
					   .payload = PAYLOAD };
	static struct rig rig;
	char key[96];

	rig_start(&rig, &config);
	rig_begin(&rig);
	for (uint32_t i = 0; i < RTE_DIM(subjects); i++)
		limit(&rig, i, &subjects[i]);
	rig_commit(&rig);
	for (uint32_t i = 0; i < RTE_DIM(subjects); i++) {
		struct test test = { .rig = &rig, .subject = &subjects[i], .now = rig.clock + SECOND };
		for (unsigned w = 0; w < workers; w++)
			test.traffic[w] = (struct traffic){ .rig = &rig, .worker = rig_enter(&rig, w) };
		choose(&test, i);
		snprintf(key, sizeof(key), "limit_%s_%u_error_percent", subjects[i].name, workers);
		bench_report_one(key, run(&test));
	}
	return 0;
}
