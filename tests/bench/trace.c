/* SPDX-License-Identifier: BSD-3-Clause */
/* A fixed trace through the packet path, for counting instructions: see budget. Only trace_turn() is counted; what
 * fills caches and wheel before is not.
 *
 * bench_trace conforming|waiting PACKETS [WARM] */
#include "bench.h"
#include "traffic.h"

#define FLOWS 1000
#define THINGS 256
#define BURST 64
#define PAYLOAD 10
#define IP_BYTES (40u + PAYLOAD)
#define GAP_NS 70u
#define WARM 6400

void trace_turn(struct traffic *traffic, struct burst *burst, uint64_t now);

/* By this name it is found. */
void __attribute__((noinline, used)) trace_turn(struct traffic *traffic, struct burst *burst, uint64_t now)
{
	traffic_turn(traffic, burst, now);
	__asm__ volatile("" ::: "memory"); /* no tail call */
}

static void limit(struct rig *rig, bool waiting)
{
	struct limits limits = { .has = 1u << LIMIT_BYTE_RATE,
				 .kind[LIMIT_BYTE_RATE] = { 100000000000u, 1000000000u, 1000000 } };

	if (waiting)
		limits.kind[LIMIT_BYTE_RATE] =
			(struct limit){ 3ull * IP_BYTES * 1000000000u / GAP_NS / THINGS, 1000000000u, 1 };
	rig_begin(rig);
	rig_limit_four(rig, &limits);
	rig_commit(rig);
}

int main(int argc, char **argv)
{
	bool waiting = argc > 1 && strcmp(argv[1], "waiting") == 0;
	uint32_t packets = argc > 2 ? (uint32_t)atoi(argv[2]) : 12800;
	const struct rig_config config = { .flows = FLOWS, .things = THINGS, .held = 4096 };
	static struct rig rig;
	struct burst burst = { .count = 0 };
	struct traffic traffic;

	rig_start(&rig, &config);
	limit(&rig, false);
	traffic_create(&traffic, &rig, rig_enter(&rig, 0), FLOWS, false);
	traffic_open(&traffic);
	limit(&rig, waiting);
	worker_read_table(traffic.worker);
	for (uint32_t done = 0; done < WARM + packets; done += BURST) {
		traffic_random(&traffic, &burst, BURST, waiting ? 256 : 128, PAYLOAD);
		uint64_t now = rig_pass(&rig, BURST * GAP_NS);
		if (done < WARM)
			traffic_turn(&traffic, &burst, now);
		else
			trace_turn(&traffic, &burst, now);
	}
	bench_report_one("trace_waiting", rig.worker[0]->held);
	return 0;
}
