/* SPDX-License-Identifier: BSD-3-Clause */
/* How punctual departures are: a worker runs as in the gate, on the real clock, with its naps, and is not overloaded.
 * Each connection has a bucket of its own, with a period of its own, and always segments that wait; the buckets begin
 * to fill at a known moment. So each departure's due time is known without asking the gate: the start, and so many
 * whole periods. Only where the worker was stopped for longer than the gate makes up for (HOLD_LATE_NS) the gate is
 * asked when it means to go on: the bucket has filled meanwhile, so one packet more may leave at once, and counts as
 * part of the stop. The moment of departure is when the packet is handed to the port. All of them count, also those
 * that were late because something else ran on the worker's core; for how long that was is said beside.
 *
 * bench_pacing NAME CONNECTIONS SECONDS */
#include <unistd.h>

#include <rte_eth_ring.h>
#include <rte_ethdev.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_ring.h>

#include "bench.h"
#include "clock.h"
#include "hold.h"
#include "loop.h"
#include "traffic.h"

#define MILLISECOND 1000000ull
#define SECOND 1000000000ull
#define PAYLOAD 10
#define IP_BYTES (40u + PAYLOAD)
#define PERIOD_LEAST_NS (15 * MILLISECOND) /* and up to ten more */
#define PERIOD_STEP_NS (10 * MILLISECOND)
#define PORT_FIRST 1024
#define TCP_AT 34
#define RING 16384u
#define DEPTH 6
#define CONNECTIONS_MOST 20000u
#define SAMPLES_MOST (1u << 22)

/* What one connection does, and the worker's thread tells of it. */
struct watch_of {
	const struct flow *flow;
	uint64_t period_ns; /* of a packet; a whole number of ns a byte */
	uint64_t due;	    /* of the next departure; 0: not known any more, nothing waited */
	uint64_t stopped;   /* when a stop ended with the last departure */
	uint64_t sent;
	_Atomic uint64_t left;
};

static struct pacing {
	struct rig rig;
	struct traffic traffic;
	struct rte_ring *receive, *transmit[SIDES];
	struct watch_of connection[CONNECTIONS_MOST];
	uint64_t start;
	uint64_t stalls, lost;
	uint64_t kept_off_ns; /* the worker was to run, and something else did */
	_Atomic uint32_t samples;
	int32_t late_ns[SAMPLES_MOST];
} pacing;

static void note(int64_t late)
{
	uint32_t sample = atomic_load_explicit(&pacing.samples, memory_order_relaxed);

	if (sample == SAMPLES_MOST)
		return;
	pacing.late_ns[sample] = late > INT32_MAX ? INT32_MAX : (int32_t)late;
	atomic_store_explicit(&pacing.samples, sample + 1, memory_order_release);
}

static void depart(struct watch_of *watch, uint64_t now)
{
	const struct wait *wait = hold_of(pacing.rig.worker[0], watch->flow);
	int64_t late = (int64_t)(now - watch->due);

	bool stopped = watch->due == 0 || late > (int64_t)HOLD_LATE_NS / 2;

	atomic_fetch_add_explicit(&watch->left, 1, memory_order_relaxed);
	if (wait == NULL)
		pacing.lost++;
	if (watch->due != 0 && watch->stopped != now)
		note(late);
	if (stopped || watch->stopped == now) {
		watch->due = wait != NULL ? wait->due : 0;
		watch->stopped = now;
		pacing.stalls += stopped;
	} else {
		watch->due = wait != NULL ? watch->due + watch->period_ns : 0;
	}
}

/* In the worker, as a packet is handed to the port. */
static uint16_t on_transmit(uint16_t port, uint16_t queue, struct rte_mbuf **mbufs, uint16_t count, void *context)
{
	uint64_t now = clock_now();

	(void)port;
	(void)queue;
	(void)context;
	for (uint16_t i = 0; i < count; i++) {
		const uint8_t *tcp = rte_pktmbuf_mtod_offset(mbufs[i], const uint8_t *, TCP_AT);
		depart(&pacing.connection[(tcp[0] << 8 | tcp[1]) - PORT_FIRST], now);
	}
	return count;
}

static void open_port(enum side side, struct rte_ring *receive, struct rte_ring *transmit)
{
	struct port *port = &pacing.rig.port[side];
	const char *name = side == INSIDE ? "inside" : "outside";
	const struct rte_eth_conf conf = { 0 };
	int id = rte_eth_from_rings(name, &receive, 1, &transmit, 1, SOCKET_ID_ANY);

	if (id < 0 || rte_eth_dev_configure((uint16_t)id, 1, 1, &conf) != 0 ||
	    rte_eth_rx_queue_setup((uint16_t)id, 0, 1024, 0, NULL, pacing.rig.gate.pool) != 0 ||
	    rte_eth_tx_queue_setup((uint16_t)id, 0, 1024, 0, NULL) != 0 || rte_eth_dev_start((uint16_t)id) != 0)
		bench_die("no port");
	port->name = name;
	port->id = (uint16_t)id;
	port->rx_queues = port->tx_queues = 1;
}

static void open_ports(void)
{
	struct rte_ring *nothing = rte_ring_create("nothing", 64, 0, 0);

	pacing.receive = rte_ring_create("receive", RING, 0, 0);
	pacing.transmit[INSIDE] = rte_ring_create("to-inside", RING, 0, 0);
	pacing.transmit[OUTSIDE] = rte_ring_create("to-outside", RING, 0, 0);
	if (nothing == NULL || pacing.receive == NULL || pacing.transmit[OUTSIDE] == NULL)
		bench_die("no rings");
	open_port(INSIDE, pacing.receive, pacing.transmit[INSIDE]);
	open_port(OUTSIDE, nothing, pacing.transmit[OUTSIDE]);
	rte_eth_add_tx_callback(pacing.rig.port[OUTSIDE].id, 0, on_transmit, NULL);
}

/* A limit for each source: its period is the packet's bytes, each so many whole ns. */
static void limit_each(void)
{
	rig_begin(&pacing.rig);
	for (uint32_t i = 0; i < pacing.traffic.count; i++) {
		uint64_t per_byte = (PERIOD_LEAST_NS + bench_mix(i + 1) % PERIOD_STEP_NS) / IP_BYTES;
		struct wire_PUT_LIMITS record;
		memset(&record, 0, sizeof(record));
		record.key = scope_key_of(SCOPE_SOURCE, 0, 0);
		record.key.address = rig_source(i);
		record.limits.has = 1u << LIMIT_BYTE_RATE;
		record.limits.kind[LIMIT_BYTE_RATE] = (struct limit){ 1, per_byte, IP_BYTES };
		rig_put(&pacing.rig, WIRE_PUT_LIMITS, &record);
		pacing.connection[i].period_ns = per_byte * IP_BYTES;
		pacing.connection[i].due = pacing.rig.config.start + per_byte * IP_BYTES;
	}
	rig_commit(&pacing.rig);
}

static void find_flows(void)
{
	struct flow_table *flows = pacing.rig.worker[0]->flows;

	for (uint32_t i = 0; i < flow_most(flows); i++) {
		const struct flow *flow = flow_at(flows, i);
		if (flow != NULL)
			pacing.connection[flow->inside_port - PORT_FIRST].flow = flow;
	}
}

/* Keeps some segments of each connection in the gate: one that is due next, the others behind it. */
static void feed(void)
{
	for (uint32_t i = 0; i < pacing.traffic.count; i++) {
		struct watch_of *watch = &pacing.connection[i];
		while (watch->sent < atomic_load_explicit(&watch->left, memory_order_relaxed) + DEPTH) {
			struct rte_mbuf *mbuf = traffic_frame(&pacing.traffic, &pacing.traffic.connection[i], INSIDE,
							      TCP_ACK | TCP_PSH, traffic_record(PAYLOAD), PAYLOAD);
			if (rte_ring_enqueue(pacing.receive, mbuf) != 0)
				bench_die("the worker does not keep up");
			watch->sent++;
		}
	}
}

static void drain(void)
{
	void *mbufs[64];
	unsigned count;

	for (int side = 0; side < SIDES; side++)
		while ((count = rte_ring_dequeue_burst(pacing.transmit[side], mbufs, 64, NULL)) > 0)
			rte_pktmbuf_free_bulk((struct rte_mbuf **)mbufs, count);
}

/* Of a thread that can run: how long it waited for a core. 0 where the kernel does not say. */
static uint64_t waited_for_core(void)
{
	unsigned long long ran, waited = 0;
	FILE *file = fopen("/proc/thread-self/schedstat", "r");

	if (file != NULL && fscanf(file, "%llu %llu", &ran, &waited) != 2)
		waited = 0;
	if (file != NULL)
		fclose(file);
	return waited;
}

static int work(void *worker)
{
	uint64_t before = waited_for_core();
	int ret = worker_main(worker);

	pacing.kept_off_ns = waited_for_core() - before;
	return ret;
}

static int by_value(const void *a, const void *b)
{
	int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
	return x < y ? -1 : x > y;
}

static void report_one(const char *name, const char *what, double value)
{
	char key[64];

	snprintf(key, sizeof(key), "%s_%s", name, what);
	bench_report_one(key, value);
}

static void report(const char *name, double seconds)
{
	uint32_t count = atomic_load(&pacing.samples), early = 0;
	const struct worker_view *view = &pacing.rig.worker[0]->view;

	if (count < 100)
		bench_die("too little departed");
	for (uint32_t i = 0; i < count; i++)
		early += pacing.late_ns[i] < 0;
	qsort(pacing.late_ns, count, sizeof(*pacing.late_ns), by_value);
	report_one(name, "error_p50_us", pacing.late_ns[count / 2] / 1e3);
	report_one(name, "error_p99_us", pacing.late_ns[(uint64_t)count * 99 / 100] / 1e3);
	report_one(name, "error_max_us", pacing.late_ns[count - 1] / 1e3);
	report_one(name, "early", early);
	report_one(name, "stalls", (double)pacing.stalls);
	report_one(name, "starved", (double)pacing.lost);
	report_one(name, "packets_per_second", count / seconds);
	report_one(name, "kept_off_percent", 100.0 * (double)pacing.kept_off_ns / (double)view->total_ns);
	report_one(name, "busy_percent", 100.0 * (double)view->busy_ns / (double)view->total_ns);
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "pacing";
	uint32_t connections = argc > 2 ? (uint32_t)atoi(argv[2]) : 2000;
	double seconds = argc > 3 ? atof(argv[3]) : 5;
	uint64_t now = clock_now();
	const struct rig_config config = { .lcores = 2,
					   .flows = connections * 2,
					   .things = connections,
					   .held = connections * 10 + 1024,
					   .start = now + 2 * SECOND,
					   .now = now - SECOND };

	if (connections > CONNECTIONS_MOST)
		bench_die("too many connections");
	rig_start(&pacing.rig, &config);
	open_ports();
	traffic_create(&pacing.traffic, &pacing.rig, rig_enter(&pacing.rig, 0), connections, true);
	traffic_open(&pacing.traffic);
	limit_each();
	find_flows();
	rig_leave();
	pacing.start = config.start;
	rte_eal_remote_launch(work, pacing.rig.worker[0], 1);
	for (uint64_t end = pacing.start + (uint64_t)(seconds * 1e9); clock_now() < end; usleep(1000)) {
		feed();
		drain();
	}
	atomic_store(&pacing.rig.stop, true);
	rte_eal_wait_lcore(1);
	report(name, seconds);
	return 0;
}
