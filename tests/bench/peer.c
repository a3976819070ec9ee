/* SPDX-License-Identifier: BSD-3-Clause */
/* The same job from DPDK's own libraries: headers and their sums, a flow of a million (rte_hash), four meters of 262144
 * each (rte_meter), and a scheduler with 65536 pipes (rte_sched) that each packet goes into and comes out of. Staged
 * and prefetched, bursts of 64, the generator is the benchmarks' own. It polices and shapes by pipe; what the gate
 * does beyond that (TCP, dialogue, decisions, departure times) it does not do. */
#define ALLOW_EXPERIMENTAL_API /* rte_sched's own headers, and the sum's check */
#include <rte_hash.h>
#include <rte_hash_crc.h>
#include <rte_ip.h>
#include <rte_malloc.h>
#include <rte_mbuf.h>
#include <rte_meter.h>
#include <rte_sched.h>
#include <rte_tcp.h>

#include "bench.h"
#include "memory.h"
#include "traffic.h"

#define BURST 64
#define PAYLOAD 10
#define FLOWS 1000000u
#define METERS 262144u
#define SCOPES_LIMITED 4
#define PIPES 65536u
#define BACKLOG 65536u
#define RATE 12500000000u /* bytes a second, of everything: nothing is held back */
#define BEST_EFFORT (RTE_SCHED_TRAFFIC_CLASSES_PER_PIPE - 1)

struct key {
	uint32_t inside, outside;
	uint16_t inside_port, outside_port;
	uint32_t vlan;
};

struct entry {
	uint32_t meter[SCOPES_LIMITED];
	uint32_t pipe, queue;
	uint64_t packets, bytes;
} __attribute__((aligned(64)));

struct peer {
	struct rte_hash *hash;
	struct entry *entry;
	struct rte_meter_srtcm *meter[SCOPES_LIMITED];
	struct rte_meter_srtcm_profile profile;
	struct rte_sched_port *port;
	uint32_t backlog;
	bool check_sums;
	uint64_t missed, red;
};

static struct rte_sched_port *create_scheduler(void)
{
	static struct rte_sched_subport_profile_params subport = { .tb_rate = RATE,
								   .tb_size = 100000000,
								   .tc_period = 1 };
	static struct rte_sched_pipe_params pipe = {
		.tb_rate = RATE, .tb_size = 10000000, .tc_period = 1, .tc_ov_weight = 1, .wrr_weights = { 1, 1, 1, 1 }
	};
	struct rte_sched_subport_params queues = { .n_pipes_per_subport_enabled = PIPES,
						   .pipe_profiles = &pipe,
						   .n_pipe_profiles = 1,
						   .n_max_pipe_profiles = 1 };
	struct rte_sched_port_params port = { .name = "peer",
					      .rate = RATE,
					      .mtu = 1522,
					      .frame_overhead = 24,
					      .n_subports_per_port = 1,
					      .subport_profiles = &subport,
					      .n_subport_profiles = 1,
					      .n_max_subport_profiles = 1,
					      .n_pipes_per_subport = PIPES };

	for (int class = 0; class <= BEST_EFFORT; class ++) {
		subport.tc_rate[class] = RATE;
		pipe.tc_rate[class] = class == BEST_EFFORT ? RATE : 0;
		queues.qsize[class] = class == BEST_EFFORT ? 16 : 0;
	}
	struct rte_sched_port *scheduler = rte_sched_port_config(&port);
	if (scheduler == NULL || rte_sched_subport_config(scheduler, 0, &queues, 0) != 0)
		return NULL;
	for (uint32_t i = 0; i < PIPES; i++)
		if (rte_sched_pipe_config(scheduler, 0, i, 0) != 0)
			return NULL;
	return scheduler;
}

static struct key key_of(const uint8_t *frame, bool client)
{
	const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)(frame + 14);
	const struct rte_tcp_hdr *tcp = (const struct rte_tcp_hdr *)(frame + 34);

	return (struct key){ .inside = client ? ip->src_addr : ip->dst_addr,
			     .outside = client ? ip->dst_addr : ip->src_addr,
			     .inside_port = client ? tcp->src_port : tcp->dst_port,
			     .outside_port = client ? tcp->dst_port : tcp->src_port };
}

static void add_flows(struct peer *peer, struct traffic *traffic)
{
	for (uint32_t i = 0; i < FLOWS; i++) {
		struct rte_mbuf *mbuf = traffic_frame(traffic, &traffic->connection[i], INSIDE, TCP_ACK, NULL, 0);
		const struct key key = key_of(rte_pktmbuf_mtod(mbuf, uint8_t *), true);
		struct entry *entry = &peer->entry[i];
		rte_pktmbuf_free(mbuf);
		for (uint32_t j = 0; j < SCOPES_LIMITED; j++)
			entry->meter[j] = (uint32_t)(bench_mix(i * 4ull + j + 99) % METERS);
		entry->pipe = entry->meter[0] % PIPES;
		entry->queue = entry->meter[1] % 4;
		if (rte_hash_add_key_data(peer->hash, &key, entry) != 0)
			bench_die("rte_hash is full");
	}
}

static void create(struct peer *peer, struct traffic *traffic)
{
	const struct rte_hash_parameters flows = {
		.name = "flows", .entries = FLOWS + FLOWS / 16, .key_len = sizeof(struct key), .hash_func = rte_hash_crc
	};
	struct rte_meter_srtcm_params rate = { .cir = RATE / 64, .cbs = 1 << 20, .ebs = 1 << 20 };

	peer->hash = rte_hash_create(&flows);
	peer->entry = rte_zmalloc("entries", FLOWS * sizeof(*peer->entry), 64);
	peer->port = create_scheduler();
	if (peer->hash == NULL || peer->entry == NULL || peer->port == NULL)
		bench_die("not enough memory for the peer's tables");
	rte_meter_srtcm_profile_config(&peer->profile, &rate);
	for (int j = 0; j < SCOPES_LIMITED; j++) {
		peer->meter[j] = rte_zmalloc("meters", METERS * sizeof(*peer->meter[j]), 64);
		if (peer->meter[j] == NULL)
			bench_die("not enough memory for the peer's meters");
		for (uint32_t i = 0; i < METERS; i++)
			rte_meter_srtcm_config(&peer->meter[j][i], &peer->profile);
	}
	add_flows(peer, traffic);
}

static bool sums_are_right(const uint8_t *frame)
{
	const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)(frame + 14);

	return rte_raw_cksum(ip, 20) == 0xffff && rte_ipv4_udptcp_cksum_verify(ip, frame + 34) == 0;
}

static void find(struct peer *peer, const struct burst *burst, void **ret_entry)
{
	struct key key[BURST];
	const void *keys[BURST];
	uint64_t hits = 0;

	for (int i = 0; i < BURST; i++) {
		const uint8_t *frame = packet_bytes(&burst->packet[i], 0);
		if (peer->check_sums && !sums_are_right(frame))
			peer->missed++;
		key[i] = key_of(frame, burst->packet[i].side == INSIDE);
		keys[i] = &key[i];
	}
	rte_hash_lookup_bulk_data(peer->hash, keys, BURST, &hits, ret_entry);
	peer->missed += (uint64_t)(BURST - __builtin_popcountll(hits));
}

static void meter_all(struct peer *peer, const struct burst *burst, void **entries)
{
	for (int i = 0; i < BURST; i++)
		fetch(entries[i]);
	for (int i = 0; i < BURST; i++)
		for (int j = 0; j < SCOPES_LIMITED; j++)
			fetch(&peer->meter[j][((struct entry *)entries[i])->meter[j]]);
	uint64_t now = rte_rdtsc();
	for (int i = 0; i < BURST; i++) {
		struct entry *entry = entries[i];
		struct rte_mbuf *mbuf = burst->packet[i].mbuf;
		entry->packets++;
		entry->bytes += mbuf->pkt_len;
		for (int j = 0; j < SCOPES_LIMITED; j++)
			peer->red += rte_meter_srtcm_color_blind_check(&peer->meter[j][entry->meter[j]], &peer->profile,
								       now, mbuf->pkt_len) == RTE_COLOR_RED;
		rte_sched_port_pkt_write(peer->port, mbuf, 0, entry->pipe, BEST_EFFORT, entry->queue, RTE_COLOR_GREEN);
	}
}

static void schedule(struct peer *peer, const struct burst *burst)
{
	struct rte_mbuf *mbufs[BURST];

	for (int i = 0; i < BURST; i++)
		mbufs[i] = burst->packet[i].mbuf;
	peer->backlog += (uint32_t)rte_sched_port_enqueue(peer->port, mbufs, BURST);
	if (peer->backlog < BACKLOG)
		return;
	int sent = rte_sched_port_dequeue(peer->port, mbufs, BURST);
	rig_send(mbufs, (unsigned)sent);
	peer->backlog -= (uint32_t)sent;
}

static double run(struct peer *peer, struct traffic *traffic, uint32_t packets)
{
	uint64_t made = 0, ran = 0;
	double start = bench_cpu_ns();
	struct burst burst;
	void *entries[BURST];

	for (uint32_t done = 0; done < packets; done += BURST) {
		uint64_t before = rte_rdtsc();
		burst.count = 0;
		traffic_random(traffic, &burst, BURST, 256, PAYLOAD);
		uint64_t between = rte_rdtsc();
		find(peer, &burst, entries);
		meter_all(peer, &burst, entries);
		schedule(peer, &burst);
		ran += rte_rdtsc() - between;
		made += between - before;
	}
	return (bench_cpu_ns() - start) / packets * (double)ran / (double)(ran + made);
}

static void measure(struct peer *peer, struct traffic *traffic, const char *name)
{
	double cycles[BENCH_ROUNDS_MOST], ns[BENCH_ROUNDS_MOST];
	uint32_t packets = bench_setting("BENCH_PACKETS", 2000000);
	char key[64];

	run(peer, traffic, packets);
	for (unsigned round = 0; round < bench_rounds(); round++) {
		double ghz = bench_core_ghz();
		ns[round] = run(peer, traffic, packets);
		cycles[round] = ns[round] * ghz;
	}
	snprintf(key, sizeof(key), "%s_cycles", name);
	bench_report(key, cycles, bench_rounds());
	snprintf(key, sizeof(key), "%s_ns", name);
	bench_report(key, ns, bench_rounds());
}

int main(void)
{
	const struct rig_config config = {
		.flows = 64, .things = METERS, .held = 64, .packets = BACKLOG + 8191, .more = 520
	};
	static struct rig rig;
	static struct peer peer = { .check_sums = true };
	struct traffic traffic;

	rig_start(&rig, &config);
	traffic_create(&traffic, &rig, rig_enter(&rig, 0), FLOWS, false);
	create(&peer, &traffic);
	measure(&peer, &traffic, "peer");
	peer.check_sums = false;
	measure(&peer, &traffic, "peer_unchecked");
	if (peer.missed != 0)
		bench_die("the peer missed packets");
	return 0;
}
