/* SPDX-License-Identifier: BSD-3-Clause */
/* The whole packet path, from a burst of received packets to the packets handed to the port, in core cycles a
 * packet: traffic within its limits, from clients only and in both directions, then with limits so low that all of
 * it waits. Frames come with their checksums verified, as from a NIC that is asked to (port.c); once as from one that
 * cannot. The generator runs outside the timing.
 *
 * bench_pipeline FLOWS THINGS WORKERS [conforming] */
#include <pthread.h>

#include <rte_launch.h>
#include <rte_lcore.h>

#include "bench.h"
#include "pipeline.h"
#include "traffic.h"

#define BURST 64
#define PAYLOAD 10u
#define IP_BYTES (40u + PAYLOAD)

/* Virtual time between two packets of a worker: about what the path takes, so that a turn of the wheel holds as
 * many packets as it would. */
#define GAP_NS 70u

/* With a burst below one packet each packet waits; with rates of 2.4 times what comes, some 250 thousand at once. */
#define ROOM_TENTHS 24u

#define WARM 1000000u
#define WARM_WAITING 3000000u /* until as many leave as come */

struct lane {
	struct rig *rig;
	unsigned index;
	pthread_barrier_t *together;
	struct traffic traffic;
	unsigned client;
	uint32_t warm; /* packets before the first round */
	double waited; /* share of the packets since */
	double cycles[BENCH_ROUNDS_MOST], ns[BENCH_ROUNDS_MOST];
	bool open;
};

static double run(struct traffic *traffic, unsigned client, uint32_t packets)
{
	struct burst burst = { .count = 0 };
	uint64_t made = 0, ran = 0, gap = BURST * GAP_NS / traffic->rig->config.workers;
	double start = bench_cpu_ns();

	for (uint32_t done = 0; done < packets; done += BURST) {
		uint64_t before = rte_rdtsc();
		traffic_random(traffic, &burst, BURST, client, PAYLOAD);
		uint64_t now = rig_pass(traffic->rig, gap);
		uint64_t between = rte_rdtsc();
		traffic_turn(traffic, &burst, now);
		ran += rte_rdtsc() - between;
		made += between - before;
	}
	return (bench_cpu_ns() - start) / packets * (double)ran / (double)(ran + made);
}

static int measure(void *argument)
{
	struct lane *lane = argument;
	uint32_t packets = bench_setting("BENCH_PACKETS", 2000000);

	struct worker *worker = rig_enter(lane->rig, lane->index);
	if (!lane->open) {
		traffic_create(&lane->traffic, lane->rig, worker, lane->rig->config.flows, false);
		traffic_open(&lane->traffic);
		lane->open = true;
	}
	run(&lane->traffic, lane->client, lane->warm);
	uint64_t held = worker->view.counter[COUNT_HELD_SEGMENT];
	for (unsigned round = 0; round < bench_rounds(); round++) {
		pthread_barrier_wait(lane->together);
		double ghz = bench_core_ghz();
		pthread_barrier_wait(lane->together);
		lane->ns[round] = run(&lane->traffic, lane->client, packets);
		lane->cycles[round] = lane->ns[round] * ghz;
	}
	held = worker->view.counter[COUNT_HELD_SEGMENT] - held;
	lane->waited = (double)held / ((double)packets * bench_rounds());
	rig_leave();
	return 0;
}

/* The mean of the workers, round by round. */
static void report(const char *name, const struct lane *lanes, unsigned workers)
{
	double cycles[BENCH_ROUNDS_MOST] = { 0 }, ns[BENCH_ROUNDS_MOST] = { 0 };
	char key[64];

	for (unsigned round = 0; round < bench_rounds(); round++)
		for (unsigned i = 0; i < workers; i++) {
			cycles[round] += lanes[i].cycles[round] / workers;
			ns[round] += lanes[i].ns[round] / workers;
		}
	snprintf(key, sizeof(key), "%s_cycles", name);
	bench_report(key, cycles, bench_rounds());
	snprintf(key, sizeof(key), "%s_ns", name);
	bench_report(key, ns, bench_rounds());
}

static void measure_all(const char *name, struct lane *lanes, unsigned client, uint32_t warm)
{
	unsigned workers = lanes[0].rig->config.workers;

	for (unsigned i = 0; i < workers; i++) {
		lanes[i].client = client;
		lanes[i].warm = warm;
	}
	if (workers > 1)
		rte_eal_remote_launch(measure, &lanes[1], 1);
	measure(&lanes[0]);
	if (workers > 1)
		rte_eal_wait_lcore(1);
	report(name, lanes, workers);
}

static void limit(struct rig *rig, uint64_t bytes_a_second, uint64_t burst)
{
	const struct limits limits = { .has = 1u << LIMIT_BYTE_RATE,
				       .kind[LIMIT_BYTE_RATE] = { bytes_a_second, 1000000000u, burst } };

	rig_begin(rig);
	rig_limit_four(rig, &limits);
	rig_commit(rig);
}

static void report_waiting(const struct rig *rig, const struct lane *lanes)
{
	uint64_t dropped = 0, held = 0;

	for (unsigned i = 0; i < rig->config.workers; i++) {
		const _Atomic uint64_t *counter = rig->worker[i]->view.counter;
		dropped += counter[COUNT_DROP_HOLD_FULL] + counter[COUNT_DROP_HOLD_BUDGET];
		held += rig->worker[i]->held;
	}
	bench_report_one("waiting_packets", (double)held);
	bench_report_one("waiting_share", lanes[0].waited);
	if (dropped > 0)
		bench_die("more came than may leave");
}

int main(int argc, char **argv)
{
	unsigned workers = argc > 3 ? (unsigned)atoi(argv[3]) : 1;
	bool conforming_only = argc > 4;
	const struct rig_config config = { .flows = argc > 1 ? (uint32_t)atoi(argv[1]) : 1000000,
					   .things = argc > 2 ? (uint32_t)atoi(argv[2]) : 262144,
					   .workers = workers,
					   .held = conforming_only ? 1024 : 524288 };
	static struct rig rig;
	pthread_barrier_t together;
	struct lane lanes[RIG_WORKERS] = { { &rig, 0, &together }, { &rig, 1, &together } };

	rig_start(&rig, &config);
	pthread_barrier_init(&together, NULL, workers);
	limit(&rig, 100000000000u, 1000000);
	measure_all("conforming", lanes, 256, WARM);
	if (conforming_only)
		return 0;
	rig.software_sums = true;
	measure_all("software_sums", lanes, 256, 0);
	rig.software_sums = false;
	measure_all("both_directions", lanes, 128, WARM);
	limit(&rig, 100000000ull * ROOM_TENTHS * IP_BYTES * workers / GAP_NS / config.things, 1);
	measure_all("waiting", lanes, 256, WARM_WAITING);
	report_waiting(&rig, lanes);
	return 0;
}
