/* SPDX-License-Identifier: BSD-3-Clause */
#include "rig.h"

#include <rte_eal.h>
#include <rte_malloc.h>
#include <rte_mbuf.h>

#include "announce.h"
#include "bench.h"
#include "hold.h"
#include "loop.h"
#include "table_write.h"

#define MEGABYTE (1u << 20)
#define HEADERS 64u
#define SOME_DAY 1000000000000u

static uint32_t packets_of(const struct rig_config *config)
{
	return (config->held + config->packets) * config->workers;
}

/* Bytes a packet takes in the pool: mbuf, note, headroom, frame. */
static uint16_t room_of(const struct rig_config *config)
{
	return (uint16_t)RTE_ALIGN(RTE_PKTMBUF_HEADROOM + HEADERS + config->payload, 64);
}

static unsigned megabytes_for(const struct rig_config *config)
{
	uint64_t flow = sizeof(struct flow) + 64 / 6 + 1 + sizeof(uint32_t), held = sizeof(struct wait) + 80;
	uint64_t bytes =
		(uint64_t)config->workers * (config->flows * flow + config->held * held + sizeof(struct wheel)) +
		(config->things * 5ull + 65536) * (sizeof(struct meter) + 320) +
		(uint64_t)packets_of(config) * (sizeof(struct rte_mbuf) + 64 + room_of(config) + 64);

	return (unsigned)(bytes / MEGABYTE * 21 / 20) + 96 + config->more;
}

static unsigned free_huge_megabytes(void)
{
	FILE *file = fopen("/proc/meminfo", "r");
	unsigned long value, pages = 0, kilobytes = 0;
	char line[128];

	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		if (sscanf(line, "HugePages_Free: %lu", &value) == 1)
			pages = value;
		if (sscanf(line, "Hugepagesize: %lu", &value) == 1)
			kilobytes = value;
	}
	if (file != NULL)
		fclose(file);
	return (unsigned)(pages * kilobytes / 1024);
}

static void start_eal(const struct rig_config *config)
{
	unsigned need = megabytes_for(config), core = bench_setting("BENCH_CORE", 0);
	bool huge = free_huge_megabytes() > need + 16 && bench_setting("BENCH_PLAIN", 0) == 0;
	char name[] = "bench", memory[16], lcores[16], pages[16], no_pci[] = "--no-pci", quiet[] = "--log-level=3",
	     no_telemetry[] = "--no-telemetry", no_files[] = "--no-shconf", m[] = "-m", l[] = "-l";
	char *arguments[] = { name, pages, no_pci, no_telemetry, quiet, l, lcores, m, memory, no_files };
	int count = (int)RTE_DIM(arguments) - (huge ? 1 : 0); /* --in-memory implies --no-shconf */

	snprintf(pages, sizeof(pages), "%s", huge ? "--in-memory" : "--no-huge");
	snprintf(memory, sizeof(memory), "%u", need);
	if (config->lcores > 1)
		snprintf(lcores, sizeof(lcores), "0-%u", config->lcores - 1);
	else
		snprintf(lcores, sizeof(lcores), "%u", core);
	if (rte_eal_init(count, arguments) < 0)
		bench_die("EAL does not start");
	bench_report_one("huge_pages", huge);
}

struct address rig_source(uint32_t index)
{
	return (struct address){
		{ [10] = 0xff, 0xff, 10, (uint8_t)(index >> 16), (uint8_t)(index >> 8), (uint8_t)index }
	};
}

struct address rig_remote(uint32_t index)
{
	return (struct address){
		{ [10] = 0xff, 0xff, 80, (uint8_t)(index >> 16), (uint8_t)(index >> 8), (uint8_t)index }
	};
}

void rig_begin(struct rig *rig)
{
	int mode = rig->generation == 0 ? WIRE_FULL : WIRE_DELTA;

	if (table_begin(rig->store, ++rig->generation, mode) < 0)
		bench_die("no batch can be begun");
}

void rig_put(struct rig *rig, enum wire_type type, const void *record)
{
	char error[WIRE_ERROR_MAX] = "";

	if (table_put(rig->store, type, record, error) < 0)
		bench_die(error);
}

void rig_commit(struct rig *rig)
{
	struct table_times times;

	if (table_commit(rig->store, &times) < 0)
		bench_die("the policy is not taken");
}

static void put_limits(struct rig *rig, const struct scope_key *key, const struct limits *limits)
{
	struct wire_PUT_LIMITS record;

	memset(&record, 0, sizeof(record));
	record.key = *key;
	record.limits = *limits;
	rig_put(rig, WIRE_PUT_LIMITS, &record);
}

void rig_limit_four(struct rig *rig, const struct limits *limits)
{
	const struct scope_key keys[] = { scope_key_of(SCOPE_SOURCE, 0, 0), scope_key_of(SCOPE_CUSTOMER, ID_ANY, 0),
					  scope_key_of(SCOPE_CUSTOMER_PROVIDER, ID_ANY, ID_ANY),
					  scope_key_of(SCOPE_REMOTE, 0, ID_ANY) };

	for (size_t i = 0; i < RTE_DIM(keys); i++)
		put_limits(rig, &keys[i], limits);
}

static void publish_first(struct rig *rig)
{
	const struct wire_PUT_SETTINGS settings = { .max_hold_ms = 600000,
						    .hold_budget_ms = { 600000, 600000, 600000, 600000, 600000 },
						    .idle_timeout_s = 600000,
						    .ports = 1,
						    .port = { 25 } };
	const struct wire_PUT_DESTINATION all = { .address = rig_remote(0), .plen = 104, .provider = 1 };

	rig_begin(rig);
	rig_put(rig, WIRE_PUT_SETTINGS, &settings);
	rig_put(rig, WIRE_PUT_DESTINATION, &all);
	for (uint32_t i = 0; i < rig->config.things; i++) {
		const struct wire_PUT_IDENTITY record = { .address = rig_source(i),
							  .port_high = UINT16_MAX,
							  .vlan = WIRE_VLAN_ANY,
							  .plen = 128,
							  .customer = i + 1 };
		rig_put(rig, WIRE_PUT_IDENTITY, &record);
	}
	rig_commit(rig);
}

static void create_gate(struct rig *rig)
{
	const struct rig_config *config = &rig->config;

	rig->gate = (struct gate){
		.workers = config->workers, .port = rig->port, .held_most = config->held, .worker = rig->worker
	};
	memcpy(rig->gate.secret, "0123456789abcdef", 16);
	rig->gate.pool = rte_pktmbuf_pool_create("packets", packets_of(config), 512,
						 RTE_ALIGN(sizeof(struct held), RTE_MBUF_PRIV_ALIGN), room_of(config),
						 SOCKET_ID_ANY);
	rig->gate.meters = meters_create(config->things * 5 + 65536, rig->gate.secret, config->start);
	rig->store = table_store_create();
	rig->gate.store = rig->store;
	if (rig->gate.pool == NULL || rig->gate.meters == NULL || rig->store == NULL)
		bench_die("not enough memory for packets and meters");
	rig->gate.meters->shared = config->workers > 1;
	table_store_watch(rig->store, announce, rig->gate.meters);
}

void rig_start(struct rig *rig, const struct rig_config *config)
{
	memset(rig, 0, sizeof(*rig));
	rig->config = *config;
	rig->config.workers = config->workers != 0 ? config->workers : 1;
	rig->config.lcores = config->lcores != 0 ? config->lcores : rig->config.workers;
	rig->config.payload = config->payload != 0 ? config->payload : 128;
	rig->config.packets = config->packets != 0 ? config->packets : 8191;
	rig->clock = config->now != 0 ? config->now : SOME_DAY;
	start_eal(&rig->config);
	create_gate(rig);
	publish_first(rig);
	for (unsigned i = 0; i < rig->config.workers; i++) {
		rig->worker[i] = worker_create(&rig->gate, i, i, config->flows, &rig->stop);
		if (rig->worker[i] == NULL)
			bench_die("not enough memory for the flows");
		wheel_init(rig->worker[i]->wheel, config->held + 1, rig->clock);
	}
}

static _Thread_local struct rcu_view view;

struct worker *rig_enter(struct rig *rig, unsigned index)
{
	struct worker *worker = rig->worker[index];

	if (!view.online)
		rcu_view_open(&view);
	worker->rcu = view;
	worker_read_table(worker);
	return worker;
}

void rig_leave(void)
{
	if (view.online)
		rcu_view_close(&view);
}

uint64_t rig_pass(struct rig *rig, uint64_t ns)
{
	return atomic_fetch_add_explicit(&rig->clock, ns, memory_order_relaxed) + ns;
}

void rig_send(struct rte_mbuf **mbufs, unsigned count)
{
	if (count == 0)
		return;
	for (unsigned i = 0; i < count; i++) {
		uint64_t descriptor[] = { rte_mbuf_data_iova(mbufs[i]), mbufs[i]->data_len };
		__asm__ volatile("" ::"m"(descriptor));
	}
	rte_mempool_put_bulk(mbufs[0]->pool, (void **)mbufs, count);
}

unsigned rig_drain(struct worker *worker)
{
	unsigned sent = 0;

	for (int side = 0; side < SIDES; side++) {
		struct tx_queue *queue = &worker->tx[side];
		rig_send(queue->mbuf, queue->count);
		sent += queue->count;
		queue->count = 0;
	}
	return sent;
}

uint16_t rig_take(struct worker *worker, struct rte_mbuf *ret_mbufs[TX_MOST])
{
	struct tx_queue *queue = &worker->tx[OUTSIDE];
	uint16_t taken = queue->count;

	memcpy(ret_mbufs, queue->mbuf, taken * sizeof(*ret_mbufs));
	queue->count = 0;
	return taken;
}
