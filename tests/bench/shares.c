/* SPDX-License-Identifier: BSD-3-Clause */
/* How evenly a provider's connection rate is shared: a hundred customers, each of whom always has more connections to
 * open than his share, one of them a hundred times as many. Least over most of what they were let open, in virtual
 * time. The wheel and queues are the gate's, on one worker. */
#include <rte_mbuf.h>

#include "bench.h"
#include "pipeline.h"
#include "release.h"
#include "traffic.h"
#include "usage.h"

#define SECOND 1000000000ull
#define CUSTOMERS 100u
#define WANTED 8u  /* connections a customer has waiting, */
#define FLOOD 800u /* and the first of them */
#define PASSES_MOST 10000
#define RATE 10000u
#define OPENED 100000u
#define PORT_FIRST 1024u
#define TCP_AT 34
#define IP_SOURCE 26

struct shares {
	struct rig *rig;
	struct traffic traffic;
	struct connection connection[CUSTOMERS][FLOOD];
	uint64_t now, opened[CUSTOMERS], all;
};

static void limit(struct rig *rig)
{
	struct wire_PUT_LIMITS record;

	memset(&record, 0, sizeof(record));
	record.key = scope_key_of(SCOPE_PROVIDER, 0, 1);
	record.limits.has = 1u << LIMIT_CONNECTION_RATE;
	record.limits.kind[LIMIT_CONNECTION_RATE] = (struct limit){ RATE, SECOND, 1 };
	rig_begin(rig);
	rig_put(rig, WIRE_PUT_LIMITS, &record);
	rig_commit(rig);
}

static void say(struct shares *shares, struct connection *connection, uint8_t flags)
{
	struct burst burst = { .now = shares->now };

	traffic_say(&shares->traffic, &burst, connection, INSIDE, flags, NULL, 0);
	pipeline_run(shares->traffic.worker, &burst);
}

static void open_all(struct shares *shares)
{
	for (uint32_t customer = 0; customer < CUSTOMERS; customer++)
		for (uint32_t i = 0; i < (customer == 0 ? FLOOD : WANTED); i++) {
			struct connection *connection = &shares->connection[customer][i];
			*connection = (struct connection){ .source = customer,
							   .remote = customer,
							   .port = (uint16_t)(PORT_FIRST + i),
							   .client_seq = 1 };
			say(shares, connection, TCP_SYN);
		}
}

/* Whose it was; NULL for a reset. */
static struct connection *owner(struct shares *shares, struct rte_mbuf *mbuf)
{
	const uint8_t *frame = rte_pktmbuf_mtod(mbuf, const uint8_t *), *tcp = frame + TCP_AT;
	uint32_t customer = frame[IP_SOURCE + 3], port = (uint32_t)(tcp[0] << 8 | tcp[1]);
	bool reset = (tcp[13] & TCP_RST) != 0;

	rte_pktmbuf_free(mbuf);
	return reset ? NULL : &shares->connection[customer][port - PORT_FIRST];
}

static void collect(struct shares *shares)
{
	struct rte_mbuf *mbufs[TX_MOST];
	uint16_t count;

	for (int pass = 0; (count = rig_take(shares->traffic.worker, mbufs)) > 0; pass++) {
		if (pass == PASSES_MOST)
			bench_die("nothing is held back");
		for (uint16_t i = 0; i < count; i++) {
			struct connection *connection = owner(shares, mbufs[i]);
			if (connection == NULL)
				continue;
			shares->opened[connection->source]++;
			shares->all++;
			say(shares, connection, TCP_RST);
			connection->client_seq += 1000;
			say(shares, connection, TCP_SYN);
		}
	}
}

static void run(struct shares *shares)
{
	for (uint32_t step = 0; step < 100 * OPENED && shares->all < OPENED; step++) {
		uint64_t next = wheel_next(shares->traffic.worker->wheel);
		shares->now = next > shares->now && next != UINT64_MAX ? next : shares->now + 1000;
		release_due(shares->traffic.worker, shares->now, 64);
		collect(shares);
	}
	if (shares->all < OPENED)
		bench_die("too few connections were let through");
}

int main(void)
{
	const struct rig_config config = { .flows = 4096, .held = 4096, .things = CUSTOMERS };
	static struct rig rig;
	static struct shares shares;
	uint64_t least = UINT64_MAX, most = 0;

	rig_start(&rig, &config);
	limit(&rig);
	shares.rig = &rig;
	shares.now = rig.clock;
	shares.traffic = (struct traffic){ .rig = &rig, .worker = rig_enter(&rig, 0) };
	open_all(&shares);
	collect(&shares);
	run(&shares);
	for (uint32_t customer = 0; customer < CUSTOMERS; customer++) {
		uint64_t opened = shares.opened[customer];
		least = opened < least ? opened : least;
		most = opened > most ? opened : most;
	}
	bench_report_one("fair_share_min_over_max", (double)least / (double)most);
	return 0;
}
