/* SPDX-License-Identifier: BSD-3-Clause */
#include "traffic.h"

#include <rte_mbuf.h>

#include "admission.h"
#include "bench.h"
#include "pipeline.h"
#include "release.h"
#include "usage.h"

#define FRAME_IP 14
#define FRAME_TCP 34
#define FRAME_PAYLOAD 54
#define RECORD_MOST 1460
#define RECORD_HEADER 5
#define RECORD_SEGMENTS 11

static const uint8_t zeros[RECORD_MOST];

bool traffic_owns(const struct traffic *traffic, const struct connection *connection)
{
	if (traffic->rig->gate.workers == 1)
		return true;
	const struct flow_key key = { .inside = rig_source(connection->source),
				      .outside = rig_remote(connection->remote),
				      .inside_port = connection->port,
				      .outside_port = 25 };
	uint64_t hash = flow_hash(traffic->worker->flows, &key);

	return (hash >> 32 & 0xffff) % traffic->rig->gate.workers == traffic->worker->index; /* as in steer.c */
}

#define PORT_FIRST 1024
#define PORTS 60000
#define STRIDE 7919 /* a prime: connections of the same port have different remotes */

static struct connection candidate(const struct traffic *traffic, uint64_t number, bool own)
{
	uint32_t things = traffic->rig->config.things;
	uint64_t mix = bench_mix(number + 1), remote = bench_mix(number % PORTS) + number / PORTS * STRIDE;

	return (struct connection){ .source = own ? (uint32_t)(number % things) : (uint32_t)(mix % things),
				    .remote = own ? (uint32_t)(number % things) : (uint32_t)(remote % things),
				    .port = (uint16_t)(PORT_FIRST + number % PORTS),
				    .client_seq = (uint32_t)mix,
				    .server_seq = (uint32_t)(mix >> 16) };
}

void traffic_create(struct traffic *traffic, struct rig *rig, struct worker *worker, uint32_t count, bool own)
{
	*traffic = (struct traffic){ .rig = rig, .worker = worker, .count = count, .random = 4711 + worker->index };
	traffic->connection = calloc(count, sizeof(*traffic->connection));
	if (traffic->connection == NULL)
		bench_die("not enough memory for the connections");
	uint64_t number = 0;
	for (uint32_t i = 0; i < count; number++) {
		traffic->connection[i] = candidate(traffic, number, own);
		i += traffic_owns(traffic, &traffic->connection[i]);
	}
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
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	uint16_t value = (uint16_t)~sum;

	memcpy(at, &value, sizeof(value));
}

static void write_ip(uint8_t *ip, const struct connection *connection, bool client, uint16_t size)
{
	ip[0] = 0x45;
	write16(ip + 2, size);
	ip[8] = 64;
	ip[9] = 6;
	write32(ip + (client ? 12 : 16), 10u << 24 | connection->source);
	write32(ip + (client ? 16 : 12), 80u << 24 | connection->remote);
	write_sum(ip + 10, sum16(ip, 20));
}

static void write_tcp(uint8_t *tcp, const struct connection *connection, bool client, uint8_t flags)
{
	write16(tcp + (client ? 0 : 2), connection->port);
	write16(tcp + (client ? 2 : 0), 25);
	write32(tcp + 4, client ? connection->client_seq : connection->server_seq);
	write32(tcp + 8, client ? connection->server_seq : connection->client_seq);
	tcp[12] = 5 << 4;
	tcp[13] = flags;
	write16(tcp + 14, 8192);
}

struct rte_mbuf *traffic_frame(struct traffic *traffic, struct connection *connection, enum side side, uint8_t flags,
			       const uint8_t *payload, uint16_t size)
{
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(traffic->rig->gate.pool);
	uint16_t total = (uint16_t)(FRAME_PAYLOAD + size);
	bool client = side == INSIDE;

	if (mbuf == NULL)
		bench_die("the packet pool is empty");
	if (!traffic->rig->software_sums)
		mbuf->ol_flags |= RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD;
	uint8_t *frame = (uint8_t *)rte_pktmbuf_append(mbuf, total), *ip = frame + FRAME_IP, *tcp = frame + FRAME_TCP;
	memset(frame, 0, FRAME_PAYLOAD);
	frame[12] = 8;
	write_ip(ip, connection, client, (uint16_t)(total - FRAME_IP));
	write_tcp(tcp, connection, client, flags);
	memcpy(tcp + 20, payload, size);
	const uint8_t pseudo[4] = { 0, 6, (uint8_t)((20 + size) >> 8), (uint8_t)(20 + size) };
	write_sum(tcp + 16, sum16(ip + 12, 8) + sum16(pseudo, 4) + sum16(tcp, 20u + size));
	uint32_t took = size + !!(flags & TCP_SYN) + !!(flags & TCP_FIN);
	*(client ? &connection->client_seq : &connection->server_seq) += took;
	return mbuf;
}

void traffic_say(struct traffic *traffic, struct burst *burst, struct connection *connection, enum side side,
		 uint8_t flags, const uint8_t *payload, uint16_t size)
{
	struct rte_mbuf *mbuf = traffic_frame(traffic, connection, side, flags, payload, size);

	burst->packet[burst->count++] = (struct packet){ .mbuf = mbuf, .side = (uint8_t)side };
}

const uint8_t *traffic_record(uint16_t payload)
{
	static _Thread_local uint8_t record[RECORD_MOST] = { 23, 3, 3 };

	write16(record + 3, (uint16_t)(payload - 5));
	return record;
}

/* A header, or so many bytes of what follows one. */
static void say_more(struct traffic *traffic, struct burst *burst, struct connection *connection, uint16_t payload)
{
	static _Thread_local uint8_t text[RECORD_MOST] = { 23, 3, 3 };
	bool begins = connection->left == 0;

	if (begins) {
		connection->left = (uint16_t)(payload * RECORD_SEGMENTS);
		write16(text + 3, (uint16_t)(connection->left - RECORD_HEADER));
	}
	connection->left = (uint16_t)(connection->left - payload);
	traffic_say(traffic, burst, connection, INSIDE, TCP_ACK | TCP_PSH, begins ? text : zeros, payload);
}

void traffic_random(struct traffic *traffic, struct burst *burst, uint16_t count, unsigned client, uint16_t payload)
{
	const uint8_t *record = traffic_record(payload);

	for (uint16_t i = 0; i < count; i++) {
		uint64_t chance = bench_random(&traffic->random);
		struct connection *connection = &traffic->connection[((chance >> 32) * traffic->count) >> 32];
		if ((chance & 255) < client || connection->left > 0)
			say_more(traffic, burst, connection, payload);
		else
			traffic_say(traffic, burst, connection, OUTSIDE, TCP_ACK | TCP_PSH, record, payload);
	}
}

/* A worker releases up to 256 flows a turn; here in parts, so that no queue fills up: there is no port. */
#define RELEASE_PARTS 4
#define RELEASE_PART 64

void traffic_turn(struct traffic *traffic, struct burst *burst, uint64_t now)
{
	unsigned released = RELEASE_PART;

	burst->now = now;
	if (traffic->rig->gate.workers > 1)
		admission_answer_calls(traffic->worker, now);
	for (int part = 0; part < RELEASE_PARTS && released == RELEASE_PART; part++) {
		released = release_due(traffic->worker, now, RELEASE_PART);
		rig_drain(traffic->worker);
	}
	pipeline_run(traffic->worker, burst);
	rig_drain(traffic->worker);
	burst->count = 0;
}

/* The same step of the dialogue for all connections. */
static void all_say(struct traffic *traffic, enum side side, uint8_t flags, const char *text, uint16_t size)
{
	struct burst burst = { .count = 0 };

	for (uint32_t i = 0; i < traffic->count; i++) {
		traffic_say(traffic, &burst, &traffic->connection[i], side, flags, (const uint8_t *)text, size);
		if (burst.count == BURST_MAX || i + 1 == traffic->count) {
			traffic_turn(traffic, &burst, rig_pass(traffic->rig, 20000));
		}
	}
}

#define SAY(traffic, side, text) all_say(traffic, side, TCP_ACK | TCP_PSH, text, sizeof(text) - 1)

void traffic_open(struct traffic *traffic)
{
	all_say(traffic, INSIDE, TCP_SYN, "", 0);
	all_say(traffic, OUTSIDE, TCP_SYN | TCP_ACK, "", 0);
	SAY(traffic, OUTSIDE, "220 mx\r\n");
	SAY(traffic, INSIDE, "EHLO a\r\n");
	SAY(traffic, OUTSIDE, "250 STARTTLS\r\n");
	SAY(traffic, INSIDE, "STARTTLS\r\n");
	SAY(traffic, OUTSIDE, "220 go\r\n");
	SAY(traffic, INSIDE,
	    "\x16\x03\x01\x00\x01"
	    "\x01");
	SAY(traffic, OUTSIDE,
	    "\x16\x03\x03\x00\x01"
	    "\x02");
	for (int i = 0; i < 3; i++) {
		SAY(traffic, INSIDE,
		    "\x17\x03\x03\x00\x01"
		    "\x01");
		SAY(traffic, OUTSIDE,
		    "\x17\x03\x03\x00\x01"
		    "\x02");
	}
	if (flow_count(traffic->worker->flows) != traffic->count)
		bench_die("not all connections are open");
}
