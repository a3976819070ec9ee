/* SPDX-License-Identifier: BSD-3-Clause */
/* The whole packet path, from a burst of received packets to the packets handed to the port: core cycles a
 * packet. The generator runs outside the timing. */
#include <stdio.h>

#include "bench.h"
#include "pipeline.h"
#include "rig.h"

#ifndef PACKETS
#define PACKETS 2000000u
#endif
#define BURST 64

struct figure {
	double ns, cycles, generator_ns;
	uint32_t waiting;
};

static struct figure measure(struct rig *rig, const struct bench_clock *clock, unsigned client, uint64_t gap_ns)
{
	double path[ROUNDS], generator[ROUNDS];
	struct burst burst;

	for (int round = -1; round < ROUNDS; round++) {
		uint64_t made = 0, ran = 0;
		double start = bench_cpu();
		for (uint32_t done = 0; done < PACKETS; done += BURST) {
			uint64_t before = rte_rdtsc();
			burst.count = 0;
			rig_packets(rig, &burst, BURST, client, 10);
			uint64_t between = rte_rdtsc();
			burst.now = rig->now += BURST * gap_ns;
			pipeline_release(rig->worker, rig->now, 256);
			pipeline_run(rig->worker, &burst);
			rig_transmit(rig);
			ran += rte_rdtsc() - between;
			made += between - before;
		}
		double ns = (bench_cpu() - start) * 1e9 / PACKETS;
		if (round < 0)
			continue; /* caches and the wheel are filled first */
		path[round] = ns * (double)ran / (double)(ran + made);
		generator[round] = ns - path[round];
	}
	double ns = bench_median(path, ROUNDS);
	return (struct figure){ ns, ns * clock->core_ghz, bench_median(generator, ROUNDS), rig->worker->held };
}

static void show(const char *what, const struct figure *figure)
{
	printf("%-46s %7.1f ns %7.0f cycles %6.2f Mpps  (waiting %u, generator %.1f ns)\n", what, figure->ns,
	       figure->cycles, 1e3 / figure->ns, figure->waiting, figure->generator_ns);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "conforming";
	const struct rig_config config = { .flows = argc > 2 ? (uint32_t)atoi(argv[2]) : 1000000,
					   .things = argc > 3 ? (uint32_t)atoi(argv[3]) : 262144,
					   .byte_rate = 100000000000u,
					   .memory_mb = argc > 4 ? (unsigned)atoi(argv[4]) : 2000,
					   .held = 262144 };
	static struct rig rig;
	struct figure figure;

	rig_start(&rig, &config);
	const struct bench_clock clock = bench_calibrate();
	printf("core clock %.2f GHz, TSC %.2f GHz, flow %zu B, meter %zu B\n", clock.core_ghz, clock.tsc_ghz,
	       sizeof(struct flow), sizeof(struct meter));
	rig_open(&rig);
	printf("flows %u\n", flow_count(rig.worker->flows));
	figure = measure(&rig, &clock, 256, 50);
	show(what, &figure);
	figure = measure(&rig, &clock, 128, 50);
	show("both directions", &figure);
	return 0;
}
