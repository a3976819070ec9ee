/* SPDX-License-Identifier: BSD-3-Clause */
/* Connections opened and closed a second, on one core: seven packets each, a record made and forgotten, a slot and a
 * token in four limited scopes. Each connection is a new five-tuple. Records of closed connections stay for ten
 * seconds, so virtual time passes as slowly as the table's size asks for: the sweep then looks at as many records for
 * each connection as it would at full speed, with a table as large as that would ask for. */
#include <rte_malloc.h>

#include "bench.h"
#include "expire.h"
#include "messages.h"
#include "traffic.h"

#define AT_ONCE 65536u
#define FLOWS (1u << 20)
#define BURST 64
#define GAP_NS 2400u /* 60 thousand connections a virtual second: a table's fill in 17 s */

static const struct step {
	const char *name;
	enum side side;
	uint8_t flags;
	const char *text;
} steps[] = {
	{ "syn", INSIDE, TCP_SYN, "" },		  { "syn_ack", OUTSIDE, TCP_SYN | TCP_ACK, "" },
	{ "ack", INSIDE, TCP_ACK, "" },		  { "data", INSIDE, TCP_ACK | TCP_PSH, "EHLO a\r\n" },
	{ "fin", INSIDE, TCP_FIN | TCP_ACK, "" }, { "fin_ack", OUTSIDE, TCP_FIN | TCP_ACK, "" },
	{ "last_ack", INSIDE, TCP_ACK, "" },
};

#define PACKETS_EACH RTE_DIM(steps)

struct spent {
	uint64_t made, ran, step[PACKETS_EACH];
};

static void run_burst(struct traffic *traffic, size_t number, uint32_t first, struct spent *spent)
{
	const struct step *step = &steps[number];
	struct burst burst = { .count = 0 };
	uint64_t before = rte_rdtsc();

	for (uint32_t i = 0; i < BURST; i++)
		traffic_say(traffic, &burst, &traffic->connection[first + i], step->side, step->flags,
			    (const uint8_t *)step->text, (uint16_t)strlen(step->text));
	uint64_t now = rig_pass(traffic->rig, BURST * GAP_NS), between = rte_rdtsc();
	traffic_turn(traffic, &burst, now);
	expire_some(traffic->worker, now);
	uint64_t took = rte_rdtsc() - between;
	spent->step[number] += took;
	spent->ran += took;
	spent->made += between - before;
}

static void name_anew(struct traffic *traffic)
{
	static uint64_t number;

	for (uint32_t i = 0; i < traffic->count; i++, number++) {
		uint64_t mix = bench_mix(number + 1);
		traffic->connection[i] =
			(struct connection){ .source = (uint32_t)(mix % traffic->rig->config.things),
					     .remote = (uint32_t)((mix >> 32) % traffic->rig->config.things),
					     .port = (uint16_t)(1024 + number % 60000),
					     .client_seq = (uint32_t)mix,
					     .server_seq = (uint32_t)(mix >> 16) };
	}
}

/* All of one step, then all of the next: what is looked at again is cold by then. Returns ns a connection. */
static double run(struct traffic *traffic, struct spent *spent)
{
	*spent = (struct spent){ 0 };
	name_anew(traffic);
	double start = bench_cpu_ns();
	for (size_t step = 0; step < PACKETS_EACH; step++)
		for (uint32_t first = 0; first < traffic->count; first += BURST)
			run_burst(traffic, step, first, spent);
	double ns = bench_cpu_ns() - start;
	return ns * (double)spent->ran / (double)(spent->ran + spent->made) / traffic->count;
}

static void report_steps(double step[PACKETS_EACH][BENCH_ROUNDS_MOST])
{
	char key[64];

	for (size_t i = 0; i < PACKETS_EACH; i++) {
		snprintf(key, sizeof(key), "connection_%s_cycles", steps[i].name);
		bench_report(key, step[i], bench_rounds());
	}
}

/* The table is as full as it gets after some seventeen virtual seconds. */
static void measure(struct traffic *traffic)
{
	double second[BENCH_ROUNDS_MOST], cycles[BENCH_ROUNDS_MOST], step[PACKETS_EACH][BENCH_ROUNDS_MOST];
	struct spent spent;
	unsigned warm = FLOWS / AT_ONCE + 2;

	for (unsigned i = 0; i < warm; i++)
		run(traffic, &spent);
	bench_report_one("churn_flows", flow_count(traffic->worker->flows));
	for (unsigned round = 0; round < bench_rounds(); round++) {
		double ghz = bench_core_ghz(), ns = run(traffic, &spent);
		second[round] = 1e9 / ns;
		cycles[round] = ns * ghz;
		for (size_t i = 0; i < PACKETS_EACH; i++)
			step[i][round] = cycles[round] * (double)spent.step[i] / (double)spent.ran;
	}
	report_steps(step);
	bench_report("connections_per_second", second, bench_rounds());
	bench_report("connection_cycles", cycles, bench_rounds());
	uint64_t closed = traffic->worker->view.counter[COUNT_FLOWS_CLOSED];
	if (closed != (uint64_t)AT_ONCE * (warm + bench_rounds()))
		bench_die("not all connections were opened and closed");
}

static size_t allocated(void)
{
	struct rte_malloc_socket_stats stats;

	rte_malloc_get_socket_stats(0, &stats);
	return stats.heap_allocsz_bytes;
}

/* Memory of a table that is full, by DPDK's own account, and of what is known of each flow's messages. */
static void report_bytes(const struct rig *rig)
{
	const uint32_t flows = 100000;
	size_t before = allocated();
	struct flow_table *table = flow_table_create(flows, rig->gate.secret);

	if (table == NULL)
		bench_die("not enough memory for another table");
	bench_report_one("bytes_per_flow", (double)(allocated() - before) / flows + sizeof(struct messages));
	flow_table_destroy(table);
}

int main(void)
{
	const struct rig_config config = { .flows = FLOWS, .things = 262144, .held = 4096, .more = 32 };
	const struct limits limits = { .has = 1u << LIMIT_CONNECTIONS | 1u << LIMIT_CONNECTION_RATE,
				       .kind = { [LIMIT_CONNECTIONS] = { 1000000, 1, 1 },
						 [LIMIT_CONNECTION_RATE] = { 1000000, 1000000000u, 1000000 } } };
	static struct rig rig;
	struct traffic traffic;

	rig_start(&rig, &config);
	report_bytes(&rig);
	rig_begin(&rig);
	rig_limit_four(&rig, &limits);
	rig_commit(&rig);
	traffic_create(&traffic, &rig, rig_enter(&rig, 0), AT_ONCE, false);
	measure(&traffic);
	return 0;
}
