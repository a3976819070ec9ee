/* SPDX-License-Identifier: BSD-3-Clause */
/* sluice-gate: one main lcore for the control thread, every other lcore a worker. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_malloc.h>

#include "announce.h"
#include "args.h"
#include "clock.h"
#include "control.h"
#include "force.h"
#include "hold.h"
#include "log.h"
#include "loop.h"
#include "table_write.h"
#include "telemetry.h"
#include "worker.h"

#define DESCRIPTORS 1024u /* of each queue, see port.c */
#define POOL_CACHE 256u

/* Everything that must be taken down again. */
struct program {
	struct args args;
	struct port port[SIDES];
	struct gate gate;
	struct worker *worker[RTE_MAX_LCORE];
	struct worker_view *view[RTE_MAX_LCORE];
	struct table_store *store;
	struct control *control;
	_Atomic bool stop;
	int signals;
};

/* Before EAL makes its threads, so that all of them leave the signals to us. */
static int block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

static struct rte_mempool *create_pool(unsigned workers, uint32_t held)
{
	uint32_t rings = SIDES * 2 * DESCRIPTORS + HANDED_MOST; /* a worker's queues */
	uint32_t each = rings + held + 2 * TX_MOST + POOL_CACHE * 2;

	return rte_pktmbuf_pool_create("packets", workers * each, POOL_CACHE,
				       RTE_ALIGN(sizeof(struct held), RTE_MBUF_PRIV_ALIGN), RTE_MBUF_DEFAULT_BUF_SIZE,
				       SOCKET_ID_ANY);
}

static int create_shared(struct program *program)
{
	struct gate *gate = &program->gate;

	gate->workers = rte_lcore_count() - 1;
	gate->worker = program->worker;
	gate->port = program->port;
	gate->held_most = program->args.held;
	if (gate->workers == 0) {
		log_error("no lcore for a worker: give EAL at least two (--lcores or -l)");
		return -EINVAL;
	}
	if (getrandom(gate->secret, sizeof(gate->secret), 0) != sizeof(gate->secret))
		return -errno;
	gate->pool = create_pool(gate->workers, gate->held_most);
	gate->meters = meters_create(program->args.meters, gate->secret, clock_now());
	program->store = table_store_create();
	gate->store = program->store;
	if (gate->pool == NULL || gate->meters == NULL || gate->store == NULL) {
		log_error(
			"not enough memory for packets and meters: give EAL more (-m), or less to --held and --meters");
		return -ENOMEM;
	}
	gate->meters->shared = gate->workers > 1;
	table_store_watch(program->store, announce, gate->meters);
	return 0;
}

static int open_ports(struct program *program)
{
	const char *const name[SIDES] = { program->args.inside, program->args.outside };
	int ret = 0;

	for (int side = 0; ret == 0 && side < SIDES; side++)
		ret = port_open(&program->port[side], name[side], program->gate.workers, program->gate.pool);
	return ret;
}

static int create_workers(struct program *program)
{
	unsigned lcore, index = 0;

	RTE_LCORE_FOREACH_WORKER(lcore)
	{
		struct worker *worker =
			worker_create(&program->gate, index, lcore, program->args.flows, &program->stop);
		if (worker == NULL) {
			log_error("not enough memory for worker %u: give EAL more (-m), or less to --flows", index);
			return -ENOMEM;
		}
		program->view[index] = &worker->view;
		program->worker[index++] = worker;
	}
	return 0;
}

static int create_control(struct program *program)
{
	const struct control_config config = {
		.socket_path = program->args.socket,
		.state_path = program->args.state,
		.workers = program->gate.workers,
		.worker = program->view,
		.meters = program->gate.meters,
		.store = program->store,
		.forced = (uint16_t)program->args.forced,
		.flows_most = (uint64_t)program->args.flows * program->gate.workers,
	};

	return control_create(&config, &program->control);
}

static int run(struct program *program)
{
	for (unsigned i = 0; i < program->gate.workers; i++)
		rte_eal_remote_launch(worker_main, program->worker[i], program->worker[i]->lcore);
	log_info("%u workers run, %s <-> %s", program->gate.workers, program->args.inside, program->args.outside);
	int ret = control_run(program->control, program->signals);
	atomic_store(&program->stop, true);
	rte_eal_mp_wait_lcore();
	return ret;
}

static void destroy(struct program *program)
{
	telemetry_end();
	control_destroy(program->control);
	for (int side = 0; side < SIDES; side++)
		port_close(&program->port[side]);
	for (unsigned i = 0; i < program->gate.workers; i++)
		worker_destroy(program->worker[i]);
	table_store_destroy(program->store);
	meters_destroy(program->gate.meters);
	rte_mempool_free(program->gate.pool);
	rte_eal_cleanup();
	close(program->signals);
}

int main(int argc, char **argv)
{
	static struct program program;

	log_init("sluice-gate", LOG_LEVEL_INFO);
	program.signals = block_signals();
	int used = rte_eal_init(argc, argv);
	if (used < 0) {
		log_error("DPDK did not start: %s", rte_strerror(rte_errno));
		return EXIT_FAILURE;
	}
	args_parse(argc - used, argv + used, &program.args);
	int ret = create_shared(&program);
	if (ret == 0)
		ret = open_ports(&program);
	if (ret == 0)
		ret = create_workers(&program);
	if (ret == 0)
		ret = force_faults(&program.gate, program.args.forced);
	if (ret == 0)
		ret = create_control(&program);
	if (ret == 0)
		ret = telemetry_begin(&program.gate);
	if (ret == 0)
		ret = run(&program);
	destroy(&program);
	return ret == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
