/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_eth_ring.h>
#include <rte_ring.h>

#include "announce.h"
#include "hold.h"
#include "loop.h"
#include "packet.h"
#include "table_write.h"
#include "window.h"

#define PACKETS 4095u
#define RING 1024u
#define RTE_ARGUMENTS 12

const struct bench_options bench_usual = {
	.workers = 1, .flows = 64, .meters = 256, .held = 256, .since = 3600000000000ull, .clock = 100000000000000ull
};

/* Made once. */
static struct {
	struct rte_mempool *pool;
	struct port port[SIDES];
	struct rte_ring *receive[SIDES][BENCH_WORKERS], *transmit[SIDES][BENCH_WORKERS];
} lab;

static int start_eal(const char *program)
{
	const char *words[RTE_ARGUMENTS] = { program, "--no-huge", "--no-pci", "--no-shconf", "--no-telemetry",
					     "-m",    "128",	   "-l",       "0",	      "--log-level=lib.*:4" };
	char room[RTE_ARGUMENTS][64], *arguments[RTE_ARGUMENTS];
	int count = 0;

	for (; words[count] != NULL; count++) {
		snprintf(room[count], sizeof(room[count]), "%s", words[count]);
		arguments[count] = room[count];
	}
	return rte_eal_init(count, arguments);
}

static int open_port(enum side side, const char *name)
{
	char text[32];

	for (int queue = 0; queue < BENCH_WORKERS; queue++) {
		snprintf(text, sizeof(text), "%s-rx%d", name, queue);
		lab.receive[side][queue] = rte_ring_create(text, RING, 0, 0);
		snprintf(text, sizeof(text), "%s-tx%d", name, queue);
		lab.transmit[side][queue] = rte_ring_create(text, RING, 0, 0);
		if (lab.receive[side][queue] == NULL || lab.transmit[side][queue] == NULL)
			return -ENOMEM;
	}
	if (rte_eth_from_rings(name, lab.receive[side], BENCH_WORKERS, lab.transmit[side], BENCH_WORKERS, 0) < 0)
		return -rte_errno;
	snprintf(text, sizeof(text), "net_ring_%s", name);
	return port_open(&lab.port[side], text, BENCH_WORKERS, lab.pool);
}

int bench_start(const char *program)
{
	if (start_eal(program) < 0) {
		fprintf(stderr, "DPDK did not start: %s\n", rte_strerror(rte_errno));
		return -rte_errno;
	}
	lab.pool = rte_pktmbuf_pool_create("packets", PACKETS, 0, RTE_ALIGN(sizeof(struct held), RTE_MBUF_PRIV_ALIGN),
					   RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	int ret = lab.pool == NULL ? -ENOMEM : open_port(INSIDE, "inside");
	if (ret == 0)
		ret = open_port(OUTSIDE, "outside");
	if (ret < 0)
		fprintf(stderr, "no ports: %s\n", strerror(-ret));
	return ret;
}

void bench_stop(void)
{
	for (int side = 0; side < SIDES; side++)
		port_close(&lab.port[side]);
	rte_mempool_free(lab.pool);
	rte_eal_cleanup();
}

static bool open_workers(struct bench *bench)
{
	for (unsigned i = 0; i < bench->options.workers; i++) {
		bench->worker[i] = worker_create(&bench->gate, i, 0, bench->options.flows, NULL);
		if (bench->worker[i] == NULL)
			return false;
		bench->worker[i]->rcu.online = 1;
		wheel_init(bench->worker[i]->wheel, bench->gate.held_most + 1, bench->options.clock);
	}
	return true;
}

bool bench_open(struct bench *bench, const struct bench_options *options)
{
	memset(bench, 0, sizeof(*bench));
	bench->options = *options;
	bench->mbufs = rte_mempool_in_use_count(lab.pool);
	bench->store = table_store_create();
	bench->apply.store = bench->store;
	bench->gate = (struct gate){ .workers = options->workers,
				     .port = lab.port,
				     .pool = lab.pool,
				     .store = bench->store,
				     .secret = "not so secret",
				     .held_most = options->held,
				     .worker = bench->worker };
	bench->gate.meters = meters_create(options->meters, bench->gate.secret, options->clock - options->since);
	if (bench->store == NULL || bench->gate.meters == NULL || !open_workers(bench))
		return false;
	bench->gate.meters->shared = options->workers > 1;
	table_store_watch(bench->store, announce, bench->gate.meters);
	/* One thread is all the workers; it reads as they do. */
	rcu_view_open(&bench->worker[0]->rcu);
	return true;
}

static void forget_flow(struct worker *worker, struct flow *flow)
{
	hold_purge(worker, flow);
	window_forget(worker, flow, UINT64_MAX);
}

static void forget_held(struct worker *worker)
{
	for (uint32_t i = 0; i < flow_most(worker->flows); i++)
		if (flow_at(worker->flows, i) != NULL)
			forget_flow(worker, flow_at(worker->flows, i));
}

void bench_close(struct bench *bench)
{
	uint8_t frame[FRAME_MOST];

	rcu_view_close(&bench->worker[0]->rcu);
	for (unsigned i = 0; i < bench->options.workers; i++) {
		forget_held(bench->worker[i]);
		worker_destroy(bench->worker[i]);
	}
	for (int side = 0; side < SIDES; side++)
		while (bench_take(bench, side, frame, sizeof(frame)) > 0)
			continue;
	meters_destroy(bench->gate.meters);
	table_store_destroy(bench->store);
}

void bench_put(struct bench *bench, enum side side, unsigned queue, const uint8_t *frame, uint32_t size)
{
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(bench->gate.pool);
	char *bytes = mbuf == NULL ? NULL : rte_pktmbuf_append(mbuf, (uint16_t)size);

	if (bytes == NULL || rte_ring_enqueue(lab.receive[side][queue], mbuf) != 0)
		rte_exit(EXIT_FAILURE, "no room for a packet: does the gate lose them?\n");
	memcpy(bytes, frame, size);
}

uint32_t bench_take(struct bench *bench, enum side side, uint8_t *frame, uint32_t room)
{
	struct rte_mbuf *mbuf;

	(void)bench;
	for (int queue = 0; queue < BENCH_WORKERS; queue++) {
		if (rte_ring_dequeue(lab.transmit[side][queue], (void **)&mbuf) != 0)
			continue;
		uint32_t size = rte_pktmbuf_pkt_len(mbuf);
		if (size > room)
			rte_exit(EXIT_FAILURE, "a frame longer than any that went in\n");
		memcpy(frame, rte_pktmbuf_mtod(mbuf, uint8_t *), size);
		rte_pktmbuf_free(mbuf);
		return size;
	}
	return 0;
}

void bench_turn(struct bench *bench)
{
	for (unsigned round = 0; round < bench->options.workers; round++)
		for (unsigned i = 0; i < bench->options.workers; i++)
			worker_turn(bench->worker[i], bench->options.clock + bench->now);
}

void bench_step(struct bench *bench, uint64_t until, uint64_t stride)
{
	uint64_t now = bench->options.clock + bench->now, next = now + stride;

	for (unsigned i = 0; i < bench->options.workers; i++) {
		uint64_t due = wheel_next(bench->worker[i]->wheel);
		/* In the slot that is now: somewhere in its 16 us. */
		due = due > now ? due : now + 1000;
		next = due < next ? due : next;
	}
	bench->now = next - bench->options.clock < until ? next - bench->options.clock : until;
	bench_turn(bench);
}

int bench_begin(struct bench *bench, int mode, char *ret_error)
{
	const struct wire_BEGIN begin = { .generation = ++bench->generation, .mode = (uint32_t)mode };

	return apply_begin(&bench->apply, &begin, ret_error);
}

int bench_commit(struct bench *bench, char *ret_error)
{
	const struct wire_COMMIT commit = { .generation = bench->generation };
	struct rcu_view *view = &bench->worker[0]->rcu;
	struct table_times times;

	rcu_offline(view);
	int ret = apply_commit(&bench->apply, &commit, &times, ret_error);
	rcu_online(view);
	return ret;
}

uint64_t bench_count(const struct bench *bench, enum counter counter)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < bench->options.workers; i++)
		sum += atomic_load(&bench->worker[i]->view.counter[counter]);
	return sum;
}

void bench_waits(const struct bench *bench, enum wait_unit unit, enum scope scope, struct histogram *ret_sum)
{
	memset(ret_sum, 0, sizeof(*ret_sum));
	for (unsigned i = 0; i < bench->options.workers; i++) {
		const struct histogram *waits = &bench->worker[i]->view.waits[unit][scope];
		uint64_t most = atomic_load(&waits->most_ns);
		if (most > ret_sum->most_ns)
			ret_sum->most_ns = most;
		for (unsigned cell = 0; cell < HISTOGRAM_CELLS; cell++)
			ret_sum->cell[cell] += atomic_load(&waits->cell[cell]);
	}
}

struct flow *bench_flow(struct bench *bench, const struct path *path)
{
	const struct flow_key key = { .inside = path->source,
				      .outside = path->destination,
				      .inside_port = path->source_port,
				      .outside_port = path->destination_port,
				      .vlan = path->vlan };
	struct flow *flow = NULL;

	for (unsigned i = 0; i < bench->options.workers && flow == NULL; i++) {
		struct flow_table *flows = bench->worker[i]->flows;
		const struct packet packet = { .hash = flow_hash(flows, &key),
					       .inside_port = key.inside_port,
					       .outside_port = key.outside_port,
					       .vlan = key.vlan };
		flow = flow_find(flows, &packet);
	}
	return flow;
}

uint32_t bench_flows(const struct bench *bench)
{
	uint32_t sum = 0;

	for (unsigned i = 0; i < bench->options.workers; i++)
		sum += flow_count(bench->worker[i]->flows);
	return sum;
}

uint32_t bench_held(const struct bench *bench)
{
	uint32_t sum = 0;

	for (unsigned i = 0; i < bench->options.workers; i++)
		sum += bench->worker[i]->held;
	return sum;
}

int bench_missing(const struct bench *bench)
{
	return (int)(rte_mempool_in_use_count(lab.pool) - bench->mbufs - bench_held(bench));
}
