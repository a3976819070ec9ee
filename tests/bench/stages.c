/* SPDX-License-Identifier: BSD-3-Clause */
/* Where the cycles go, with the clock read between the stages of a burst. A run of its own, for reading the clock
 * disturbs the whole. The pipeline itself is compiled in here, to have its parts by name; what runs below is
 * pipeline_run(), stage by stage.
 *
 * bench_stages NAME FLOWS THINGS [waiting] */
#include "../../dataplane/pipeline.c"

#include "bench.h"
#include "release.h"
#include "traffic.h"

#define BURST 64
#define PAYLOAD 10u
#define GAP_NS 70u
#define WARM 3000000u

#define STAGES(X) X(release) X(parse) X(hash) X(steer) X(find) X(prefetch) X(handle) X(file) X(transmit)

enum stage {
#define X(name) STAGE_##name,
	STAGES(X)
#undef X
		STAGE_COUNT
};

static const char *const stage_name[STAGE_COUNT] = {
#define X(name) #name,
	STAGES(X)
#undef X
};

static uint64_t spent[STAGE_COUNT];

static void note(enum stage stage, uint64_t *since)
{
	uint64_t now = rte_rdtsc();

	spent[stage] += now - *since;
	*since = now;
}

static void handle_all(struct worker *worker, struct burst *burst)
{
	count_kinds(worker, burst);
	for (uint16_t i = 0; i < burst->count; i++) {
		struct packet *packet = &burst->packet[i];
		if (packet->kind == PACKET_OTHER)
			transmit_forward(worker, packet);
		else if (packet->kind == PACKET_SMTP)
			smtp(worker, packet, burst->now);
	}
}

static void run_timed(struct worker *worker, struct burst *burst)
{
	uint64_t since = rte_rdtsc();

	release_due(worker, burst->now, 256);
	rig_drain(worker);
	note(STAGE_release, &since);
	parse(worker, burst);
	note(STAGE_parse, &since);
	flow_hash_burst(worker->flows, burst);
	note(STAGE_hash, &since);
	steer(worker, burst);
	note(STAGE_steer, &since);
	flow_find_burst(worker->flows, burst);
	note(STAGE_find, &since);
	arrive(worker, burst);
	look_up_fetch(worker, burst);
	usage_prefetch(worker, burst);
	note(STAGE_prefetch, &since);
	handle_all(worker, burst);
	note(STAGE_handle, &since);
	hold_file(worker);
	note(STAGE_file, &since);
	rig_drain(worker);
	note(STAGE_transmit, &since);
}

static void run(struct traffic *traffic, uint32_t packets)
{
	struct burst burst;

	for (uint32_t done = 0; done < packets; done += BURST) {
		burst.count = 0;
		traffic_random(traffic, &burst, BURST, 256, PAYLOAD);
		burst.now = rig_pass(traffic->rig, BURST * GAP_NS);
		run_timed(traffic->worker, &burst);
	}
}

/* Two readings of the clock in a row, in its ticks. */
static double reading(void)
{
	uint64_t least = UINT64_MAX;

	for (int i = 0; i < 1000; i++) {
		uint64_t before = rte_rdtsc(), took = rte_rdtsc() - before;
		least = took < least ? took : least;
	}
	return (double)least;
}

static void measure(struct traffic *traffic, const char *name)
{
	double rounds[STAGE_COUNT][BENCH_ROUNDS_MOST], cost = reading();
	uint32_t packets = bench_setting("BENCH_PACKETS", 2000000);
	char key[64];

	run(traffic, packets > WARM ? packets : WARM);
	for (unsigned round = 0; round < bench_rounds(); round++) {
		double cycles = bench_core_ghz() * 1e9 / (double)rte_get_tsc_hz();
		memset(spent, 0, sizeof(spent));
		run(traffic, packets);
		for (int stage = 0; stage < STAGE_COUNT; stage++)
			rounds[stage][round] = ((double)spent[stage] / packets - cost / BURST) * cycles;
	}
	for (int stage = 0; stage < STAGE_COUNT; stage++) {
		snprintf(key, sizeof(key), "stage_%s_%s_cycles", stage_name[stage], name);
		bench_report(key, rounds[stage], bench_rounds());
	}
}

static void limit(struct rig *rig, uint64_t bytes_a_second, uint64_t burst)
{
	const struct limits limits = { .has = 1u << LIMIT_BYTE_RATE,
				       .kind[LIMIT_BYTE_RATE] = { bytes_a_second, 1000000000u, burst } };

	rig_begin(rig);
	rig_limit_four(rig, &limits);
	rig_commit(rig);
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "cold";
	bool waits = argc > 4;
	const struct rig_config config = { .flows = argc > 2 ? (uint32_t)atoi(argv[2]) : 1000000,
					   .things = argc > 3 ? (uint32_t)atoi(argv[3]) : 262144,
					   .held = waits ? 524288 : 1024 };
	static struct rig rig;
	struct traffic traffic;

	rig_start(&rig, &config);
	limit(&rig, 100000000000u, 1000000);
	traffic_create(&traffic, &rig, rig_enter(&rig, 0), config.flows, false);
	traffic_open(&traffic);
	if (waits) /* as in pipeline.c */
		limit(&rig, 2400000000ull * (40 + PAYLOAD) / GAP_NS / config.things, 1);
	worker_read_table(traffic.worker);
	measure(&traffic, name);
	if (traffic.worker->view.counter[COUNT_DROP_HOLD_FULL] + traffic.worker->view.counter[COUNT_DROP_HOLD_BUDGET] >
	    0)
		bench_die("more came than may leave");
	return 0;
}
