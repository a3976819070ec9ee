/* SPDX-License-Identifier: BSD-3-Clause */
#include "rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_malloc.h>
#include <rte_mbuf.h>

#include "apply.h"
#include "bench.h"
#include "hold.h"
#include "pipeline.h"
#include "table_write.h"

#define FRAME_IP 14
#define FRAME_TCP 34
#define FRAME_PAYLOAD 54

static void die(const char *what)
{
	fprintf(stderr, "bench: %s\n", what);
	exit(EXIT_FAILURE);
}

static void start_eal(unsigned memory_mb)
{
	char megabytes[16], name[] = "bench", lcore[] = "0", plain[] = "--no-huge", huge[] = "--in-memory";
	char no_pci[] = "--no-pci", no_telemetry[] = "--no-telemetry", quiet[] = "--log-level=3", m[] = "-m",
	     l[] = "-l";
	char *arguments[] = {
		name,	  getenv("SLUICE_BENCH_HUGE") != NULL ? huge : plain, l, lcore, no_pci, no_telemetry, quiet, m,
		megabytes
	};

	snprintf(megabytes, sizeof(megabytes), "%u", memory_mb);
	if (rte_eal_init(sizeof(arguments) / sizeof(arguments[0]), arguments) < 0)
		die("EAL does not start");
}

/* Not through apply: that checks each of a million records, which is measured elsewhere. */
static void put(struct table_store *store, enum wire_type type, const void *record)
{
	char error[WIRE_ERROR_MAX] = "";

	if (table_put(store, type, record, error) < 0)
		die(error);
}

static struct address address_of(uint8_t net, uint32_t index)
{
	return (struct address){
		{ [10] = 0xff, 0xff, net, (uint8_t)(index >> 16), (uint8_t)(index >> 8), (uint8_t)index }
	};
}

static void put_limits(const struct rig *rig, enum scope scope, uint32_t customer, uint32_t provider)
{
	struct wire_PUT_LIMITS record;

	memset(&record, 0, sizeof(record));
	record.key.scope = (uint8_t)scope;
	record.key.customer = customer;
	record.key.provider = provider;
	record.limits.has = 1u << LIMIT_BYTE_RATE;
	record.limits.kind[LIMIT_BYTE_RATE] = (struct limit){ rig->config.byte_rate, 1000000000u, 15000 };
	put(rig->store, WIRE_PUT_LIMITS, &record);
}

static void put_policy(struct rig *rig)
{
	const struct wire_PUT_SETTINGS settings = { .max_hold_ms = 3000,
						    .hold_budget_ms = { 3000, 30000, 30000, 0, 30000 },
						    .idle_timeout_s = 600000,
						    .ports = 1,
						    .port = { 25 } };
	const struct wire_PUT_DESTINATION all = { .address = address_of(80, 0), .plen = 104, .provider = 1 };
	struct table_times times;

	table_begin(rig->store, 1, WIRE_FULL);
	put(rig->store, WIRE_PUT_SETTINGS, &settings);
	put(rig->store, WIRE_PUT_DESTINATION, &all);
	for (uint32_t i = 0; i < rig->config.things; i++) {
		const struct wire_PUT_IDENTITY record = { .address = address_of(10, i),
							  .port_high = UINT16_MAX,
							  .vlan = WIRE_VLAN_ANY,
							  .plen = 128,
							  .customer = i + 1 };
		put(rig->store, WIRE_PUT_IDENTITY, &record);
	}
	if (rig->config.byte_rate != 0) {
		put_limits(rig, SCOPE_SOURCE, 0, 0);
		put_limits(rig, SCOPE_CUSTOMER, ID_ANY, 0);
		put_limits(rig, SCOPE_CUSTOMER_PROVIDER, ID_ANY, ID_ANY);
		put_limits(rig, SCOPE_REMOTE, 0, ID_ANY);
	}
	if (table_commit(rig->store, &times) < 0)
		die("the policy is not taken");
}

void rig_start(struct rig *rig, const struct rig_config *config)
{
	static _Atomic bool never;

	memset(rig, 0, sizeof(*rig));
	rig->config = *config;
	rig->now = 1000000000000u;
	rig->random = 4711;
	start_eal(config->memory_mb);
	rig->gate = (struct gate){ .workers = 1, .port = rig->port, .held_most = config->held };
	memcpy(rig->gate.secret, "0123456789abcdef", 16);
	rig->gate.pool = rte_pktmbuf_pool_create("packets", config->held + 8191, 512,
						 RTE_ALIGN(sizeof(struct held), RTE_MBUF_PRIV_ALIGN), 128 + 256, 0);
	rig->gate.meters = meters_create(config->things * 5 + 65536, rig->gate.secret, 0);
	rig->store = table_store_create();
	rig->gate.store = rig->store;
	rig->flow = calloc(config->flows, sizeof(*rig->flow));
	if (rig->gate.pool == NULL || rig->gate.meters == NULL || rig->store == NULL || rig->flow == NULL)
		die("not enough memory");
	put_policy(rig);
	rig->worker = worker_create(&rig->gate, 0, 0, config->flows, &never);
	if (rig->worker == NULL)
		die("not enough memory for the flows");
	rig->gate.worker = &rig->worker;
	rcu_view_open(&rig->worker->rcu);
	wheel_init(rig->worker->wheel, config->held + 1, rig->now);
	rig->worker->table = table_current(&rig->worker->rcu, rig->store);
}

static void write16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void write32(uint8_t *at, uint32_t value)
{
	write16(at, (uint16_t)(value >> 16));
	write16(at + 2, (uint16_t)value);
}

static uint16_t fold(uint64_t sum)
{
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static uint64_t sum16(const uint8_t *bytes, uint32_t size)
{
	uint64_t sum = 0;
	uint16_t word;

	for (uint32_t i = 0; i + 1 < size; i += 2) {
		memcpy(&word, bytes + i, 2);
		sum += word;
	}
	return size % 2 != 0 ? sum + bytes[size - 1] : sum;
}

static void write_sum(uint8_t *at, uint64_t sum)
{
	uint16_t value = (uint16_t)~fold(sum);

	memcpy(at, &value, sizeof(value));
}

void rig_packet(struct rig *rig, struct burst *burst, struct rig_flow *flow, enum side side, uint8_t flags,
		const uint8_t *payload, uint16_t size)
{
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(rig->gate.pool);
	uint16_t total = (uint16_t)(FRAME_PAYLOAD + size);
	bool client = side == INSIDE;

	if (mbuf == NULL)
		die("the packet pool is empty");
	uint8_t *frame = (uint8_t *)rte_pktmbuf_append(mbuf, total), *ip = frame + FRAME_IP, *tcp = frame + FRAME_TCP;
	memset(frame, 0, FRAME_PAYLOAD);
	frame[12] = 8;
	ip[0] = 0x45;
	write16(ip + 2, (uint16_t)(total - FRAME_IP));
	ip[8] = 64;
	ip[9] = 6;
	write32(ip + (client ? 12 : 16), 10u << 24 | flow->source);
	write32(ip + (client ? 16 : 12), 80u << 24 | flow->remote);
	write_sum(ip + 10, sum16(ip, 20));
	write16(tcp + (client ? 0 : 2), flow->port);
	write16(tcp + (client ? 2 : 0), 25);
	write32(tcp + 4, client ? flow->client_seq : flow->server_seq);
	write32(tcp + 8, client ? flow->server_seq : flow->client_seq);
	tcp[12] = 5 << 4;
	tcp[13] = flags;
	write16(tcp + 14, 8192);
	memcpy(tcp + 20, payload, size);
	uint8_t pseudo[4] = { 0, 6, (uint8_t)((20 + size) >> 8), (uint8_t)(20 + size) };
	write_sum(tcp + 16, sum16(ip + 12, 8) + sum16(pseudo, 4) + sum16(tcp, 20u + size));
	uint32_t took = size + !!(flags & TCP_SYN) + !!(flags & TCP_FIN);
	*(client ? &flow->client_seq : &flow->server_seq) += took;
	burst->packet[burst->count++] = (struct packet){ .mbuf = mbuf, .side = (uint8_t)side };
}

void rig_packets(struct rig *rig, struct burst *burst, uint16_t count, unsigned client, uint16_t payload)
{
	static uint8_t record[1460] = { 23, 3, 3 }; /* one TLS record of application data a segment */

	write16(record + 3, (uint16_t)(payload - 5));
	for (uint16_t i = 0; i < count; i++) {
		uint64_t chance = bench_random(&rig->random);
		struct rig_flow *flow = &rig->flow[((chance >> 32) * rig->config.flows) >> 32];
		enum side side = (chance & 255) < client ? INSIDE : OUTSIDE;
		rig_packet(rig, burst, flow, side, TCP_ACK | TCP_PSH, record, payload);
	}
}

unsigned rig_transmit(struct rig *rig)
{
	unsigned sent = 0;

	for (int side = 0; side < SIDES; side++) {
		struct tx_queue *queue = &rig->worker->tx[side];
		if (queue->count > 0)
			rte_pktmbuf_free_bulk(queue->mbuf, queue->count);
		sent += queue->count;
		queue->count = 0;
	}
	return sent;
}

static void step(struct rig *rig, struct burst *burst)
{
	burst->now = rig->now += 20000;
	pipeline_release(rig->worker, rig->now, 256);
	pipeline_run(rig->worker, burst);
	rig_transmit(rig);
	burst->count = 0;
}

/* The same step of the dialogue for all flows. */
static void all_say(struct rig *rig, enum side side, uint8_t flags, const char *text, uint16_t size)
{
	struct burst burst = { .count = 0 };

	for (uint32_t i = 0; i < rig->config.flows; i++) {
		rig_packet(rig, &burst, &rig->flow[i], side, flags, (const uint8_t *)text, size);
		if (burst.count == BURST_MAX || i + 1 == rig->config.flows)
			step(rig, &burst);
	}
}

#define SAY(rig, side, text) all_say(rig, side, TCP_ACK | TCP_PSH, text, sizeof(text) - 1)

void rig_open(struct rig *rig)
{
	for (uint32_t i = 0; i < rig->config.flows; i++) {
		uint64_t mix = bench_mix(i + 1);
		rig->flow[i] = (struct rig_flow){ .source = (uint32_t)(mix % rig->config.things),
						  .remote = (uint32_t)((mix >> 32) % rig->config.things),
						  .port = (uint16_t)(1024 + i % 60000),
						  .client_seq = (uint32_t)mix,
						  .server_seq = (uint32_t)(mix >> 16) };
	}
	all_say(rig, INSIDE, TCP_SYN, "", 0);
	all_say(rig, OUTSIDE, TCP_SYN | TCP_ACK, "", 0);
	SAY(rig, OUTSIDE, "220 mx\r\n");
	SAY(rig, INSIDE, "EHLO a\r\n");
	SAY(rig, OUTSIDE, "250 STARTTLS\r\n");
	SAY(rig, INSIDE, "STARTTLS\r\n");
	SAY(rig, OUTSIDE, "220 go\r\n");
	SAY(rig, INSIDE,
	    "\x16\x03\x01\x00\x01"
	    "h");
	SAY(rig, OUTSIDE,
	    "\x16\x03\x03\x00\x01"
	    "h");
	for (int i = 0; i < 3; i++) {
		SAY(rig, INSIDE,
		    "\x17\x03\x03\x00\x01"
		    "a");
		SAY(rig, OUTSIDE,
		    "\x17\x03\x03\x00\x01"
		    "b");
	}
}
