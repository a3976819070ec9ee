/* SPDX-License-Identifier: BSD-3-Clause */
/* The whole packet path in virtual time: a few connections whose two sides say what the input says, under limits and
 * decisions that come and go. What leaves is whole; and when all has fallen silent nothing is left: no flow, no
 * packet, no slot, no meter. The same worker lives on from input to input. */
#include "announce.h"
#include "apply.h"
#include "fuzz.h"
#include "hold.h"
#include "loop.h"
#include "meters.h"
#include "table_write.h"
#include "traffic.h"
#include "worker.h"

#include <rte_eal.h>

#define PACKETS 1023u
#define FLOWS 16u
#define MS 1000000ull
#define SECOND (1000 * MS)

static struct port port[SIDES] = { [OUTSIDE] = { .id = OUTSIDE } };
static struct worker *worker;
static struct gate gate = { .workers = 1, .port = port, .held_most = 256, .worker = &worker };
static struct apply apply;
static _Atomic bool stop;
static uint64_t now = 1000 * SECOND;

/* Next sequence numbers of both sides. */
static uint32_t next[CONNECTIONS][SIDES];

static void put(enum wire_type type, const void *record)
{
	char error[WIRE_ERROR_MAX];

	must(apply_record(&apply, type, record, error) == 0);
}

static void put_limits(uint8_t how)
{
	static const struct limit none, few = { 2, 1, 1 }, rate = { 20, SECOND, 2 }, bytes = { 4000, SECOND, 1500 },
					messages = { 5, SECOND, 1 };
	static const uint8_t scopes[] = { SCOPE_SOURCE, SCOPE_GATE, SCOPE_DOMAIN, SCOPE_DOMAIN };
	const struct wire_PUT_LIMITS limits = {
		.key = { .scope = scopes[(how & 1) | (how >> 4 & 2)] },
		.limits = { .has = (how >> 1 & 7) | (how >> 4 & 8),
			    .kind = { how & 2 ? few : none, how & 4 ? rate : none, how & 8 ? bytes : none,
				      how & 128 ? messages : none } },
	};

	if (limits.limits.has != 0)
		put(WIRE_PUT_LIMITS, &limits);
}

static void publish(uint8_t how)
{
	const struct wire_BEGIN begin = { .generation = 1, .mode = WIRE_FULL };
	const struct wire_COMMIT commit = { .generation = 1 };
	const struct wire_PUT_SETTINGS settings = { .refuse = how >> 7,
						    .max_hold_ms = 500,
						    .hold_budget_ms = { 500, 500, 300, 0, 500 },
						    .idle_timeout_s = 60,
						    .ports = 1,
						    .port[0] = 25,
						    .bulk_percent = 10,
						    .domain_point = 12345678901 };
	const struct wire_PUT_VERDICT verdict = { .key = { .scope = how & 32 ? SCOPE_GATE : SCOPE_CUSTOMER },
						  .action = ACTION_QUARANTINE,
						  .refuse = how >> 6 & 1,
						  .reason = "fuzz" };
	struct table_times times;
	char error[WIRE_ERROR_MAX];

	must(apply_begin(&apply, &begin, error) == 0);
	put(WIRE_PUT_SETTINGS, &settings);
	put_limits(how);
	if (how & 16)
		put(WIRE_PUT_VERDICT, &verdict);
	must(apply_commit(&apply, &commit, &times, error) == 0);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static char words[][20] = { "fuzz", "--no-huge", "--no-shconf", "--no-pci", "--no-telemetry",
				    "-m",   "64",	 "-l",		"0",	    "--log-level=error" };
	char *word[RTE_DIM(words)];

	(void)argc;
	(void)argv;
	for (size_t i = 0; i < RTE_DIM(words); i++)
		word[i] = words[i];
	must(rte_eal_init(RTE_DIM(words), word) >= 0);
	gate.pool = rte_pktmbuf_pool_create("fuzz", PACKETS, 0, RTE_ALIGN(sizeof(struct held), RTE_MBUF_PRIV_ALIGN),
					    RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	gate.meters = meters_create(256, gate.secret, now);
	gate.store = apply.store = table_store_create();
	must(gate.pool != NULL && gate.meters != NULL && gate.store != NULL);
	table_store_watch(apply.store, announce, gate.meters);
	worker = worker_create(&gate, 0, 0, FLOWS, &stop);
	must(worker != NULL);
	rcu_view_open(&worker->rcu);
	wheel_init(worker->wheel, gate.held_most + 1, now);
	return 0;
}

/* A head of four bytes: who, what, where in the stream, how much. */
static void speak(struct bytes *bytes)
{
	static const uint8_t flags[] = { TCP_SYN,	    TCP_SYN | TCP_ACK, TCP_ACK,		 TCP_ACK | TCP_PSH,
					 TCP_ACK | TCP_FIN, TCP_RST,	       TCP_RST | TCP_ACK };
	uint8_t who = take8(bytes), what = take8(bytes), where = take8(bytes), much = take8(bytes);
	struct said said = { .connection = who % CONNECTIONS,
			     .side = who & 8 ? OUTSIDE : INSIDE,
			     .flags = flags[what % RTE_DIM(flags)] };
	uint32_t *mine = &next[said.connection][said.side], other = next[said.connection][!said.side];

	said.size = said.flags & TCP_SYN ? 0 : (uint16_t)(much < 200 ? much : (much - 199) * 20);
	said.seq = where < 192 ? *mine : *mine + where - 224;
	said.ack = what & 128 ? other - 1 : other;
	if (who & 16)
		said.seq -= said.size; /* again */
	traffic_put(gate.pool, &said, bytes);
	traffic_synack = 0;
	worker_turn(worker, now);
	*mine = said.seq + said.size + !!(said.flags & TCP_SYN) + !!(said.flags & TCP_FIN);
	/* The gate answers for a server at times, with a number of its own. */
	if (traffic_synack != 0)
		next[said.connection][OUTSIDE] = traffic_synack + 1;
}

static void look_idle(void *context, const struct meter *meter)
{
	(void)context;
	must(meter->connections == 0 && meter->references == 0);
}

static void fall_silent(void)
{
	publish(0);
	for (int i = 0; i < 4 && flow_count(worker->flows) > 0; i++) {
		now += 200 * SECOND;
		for (uint32_t turn = 0; turn <= FLOWS; turn++)
			worker_turn(worker, now += 2 * MS);
	}
	must(flow_count(worker->flows) == 0 && worker->held == 0 && worker->wheel->entries == 0);
	must(rte_mempool_avail_count(gate.pool) == PACKETS);
	meters_walk(gate.meters, 0, METERS_ALL, now, UINT32_MAX, look_idle, NULL);
	meters_walk(gate.meters, 0, METERS_ALL, now + 3600 * SECOND, 0, NULL, NULL);
	must(meters_used(gate.meters) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes bytes = { data, size };

	publish(take8(&bytes));
	for (unsigned i = 0; i < CONNECTIONS; i++)
		next[i][INSIDE] = next[i][OUTSIDE] = (i & 1 ? 0u : 5000u) - 40u;
	while (bytes.left > 0) {
		uint8_t what = take8(&bytes);
		if (what == 'p')
			publish(take8(&bytes));
		else if (what == 't')
			worker_turn(worker, now += take16(&bytes) * MS / 4);
		else
			speak(&bytes);
	}
	fall_silent();
	return 0;
}
