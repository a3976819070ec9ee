/* SPDX-License-Identifier: BSD-3-Clause */
#include "loop.h"

#include <sys/prctl.h>
#include <time.h>

#include <rte_malloc.h>
#include <rte_ring.h>

#include "admission.h"
#include "arrive.h"
#include "clock.h"
#include "expire.h"
#include "hold.h"
#include "idle.h"
#include "memory.h"
#include "messages.h"
#include "pipeline.h"
#include "release.h"
#include "transmit.h"
#include "usage.h"
#include "worker.h"

#define RELEASE_MOST 256

struct worker *worker_create(struct gate *gate, unsigned index, unsigned lcore, uint32_t flows, _Atomic bool *stop)
{
	char name[RTE_RING_NAMESIZE];
	struct worker *worker = rte_zmalloc("worker", sizeof(*worker), 64);

	if (worker == NULL)
		return NULL;
	worker->gate = gate;
	worker->index = index;
	worker->lcore = lcore;
	worker->stop = stop;
	worker->flows = flow_table_create(flows, gate->secret);
	worker->messages = rte_zmalloc("messages", (size_t)flows * sizeof(*worker->messages), 64);
	worker->arrival = rte_zmalloc("arrivals", BURST_MAX * sizeof(*worker->arrival), 64);
	worker->wheel = rte_zmalloc("wheel", wheel_size(gate->held_most + 1), 64);
	worker->waits = hold_create(gate->held_most + 1); /* one more for a SYN that does not wait */
	snprintf(name, sizeof(name), "handed%u", index);
	worker->handed = rte_ring_create(name, HANDED_MOST, SOCKET_ID_ANY, RING_F_SC_DEQ);
	snprintf(name, sizeof(name), "called%u", index);
	worker->called = rte_ring_create(name, power_of_two(gate->held_most * 4 + 4), SOCKET_ID_ANY, RING_F_SC_DEQ);
	if (worker->flows != NULL && worker->messages != NULL && worker->arrival != NULL && worker->called != NULL &&
	    worker->wheel != NULL && worker->waits != NULL && worker->handed != NULL)
		return worker;
	worker_destroy(worker);
	return NULL;
}

void worker_destroy(struct worker *worker)
{
	if (worker == NULL)
		return;
	rte_ring_free(worker->handed);
	rte_ring_free(worker->called);
	rte_free(worker->messages);
	rte_free(worker->arrival);
	rte_free(worker->waits);
	rte_free(worker->wheel);
	flow_table_destroy(worker->flows);
	rte_free(worker);
}

static void add(struct burst *burst, struct rte_mbuf **mbufs, uint16_t received, enum side side)
{
	for (uint16_t i = 0; i < received; i++)
		burst->packet[burst->count++] = (struct packet){ .mbuf = mbufs[i], .side = side };
}

static void receive(struct worker *worker, struct burst *burst, enum side side, enum counter counter)
{
	struct rte_mbuf *mbufs[BURST_MAX];
	uint16_t room = (uint16_t)((BURST_MAX - burst->count) / (SIDES - side));
	uint16_t received = port_receive(&worker->gate->port[side], worker->index, mbufs, room);

	count(worker, counter, received);
	add(burst, mbufs, received, side);
}

/* What other workers received for this one, before anything newer. */
static void receive_handed(struct worker *worker, struct burst *burst)
{
	struct rte_mbuf *mbufs[BURST_MAX / 2];
	unsigned received = rte_ring_dequeue_burst(worker->handed, (void **)mbufs, RTE_DIM(mbufs), NULL);

	for (unsigned i = 0; i < received; i++)
		add(burst, &mbufs[i], 1, mbufs[i]->port == worker->gate->port[INSIDE].id ? INSIDE : OUTSIDE);
}

unsigned worker_turn(struct worker *worker, uint64_t now)
{
	struct burst burst;

	burst.now = now;
	burst.count = 0;
	worker_read_table(worker);
	/* Who waited goes before who comes now. */
	if (worker->gate->workers > 1)
		admission_answer_calls(worker, now);
	unsigned released = release_due(worker, now, RELEASE_MOST);
	transmit_flush(worker, OUTSIDE); /* nor does it wait for them on its way to the port */
	if (worker->gate->workers > 1)
		receive_handed(worker, &burst);
	receive(worker, &burst, INSIDE, COUNT_RX_INSIDE);
	receive(worker, &burst, OUTSIDE, COUNT_RX_OUTSIDE);
	pipeline_run(worker, &burst);
	transmit_flush(worker, OUTSIDE);
	transmit_flush(worker, INSIDE);
	expire_some(worker, now);
	return burst.count + released;
}

static void nap(struct worker *worker, struct idle *idle, uint64_t now, uint64_t ns)
{
	const struct timespec time = { .tv_nsec = (long)ns };

	rcu_offline(&worker->rcu);
	clock_nanosleep(CLOCK_MONOTONIC, 0, &time, NULL);
	rcu_online(&worker->rcu);
	idle_woke(idle, now + ns, clock_now());
}

static void publish_view(struct worker *worker, uint64_t busy_ns, uint64_t total_ns)
{
	struct worker_view *view = &worker->view;

	atomic_store_explicit(&view->flows, flow_count(worker->flows), memory_order_relaxed);
	atomic_store_explicit(&view->held, worker->held, memory_order_relaxed);
	atomic_store_explicit(&view->busy_ns, busy_ns, memory_order_relaxed);
	atomic_store_explicit(&view->total_ns, total_ns, memory_order_relaxed);
}

int worker_main(void *argument)
{
	struct worker *worker = argument;
	struct idle idle = { 0 };
	uint64_t start = clock_now(), now = start, busy = 0;

	/* Naps are asked for by the microsecond; the default slack would add fifty. */
	prctl(PR_SET_TIMERSLACK, 1000);
	rcu_view_open(&worker->rcu);
	wheel_init(worker->wheel, worker->gate->held_most + 1, now);
	while (!atomic_load_explicit(worker->stop, memory_order_relaxed)) {
		unsigned moved = worker_turn(worker, now);
		bool looking = inspect_answer(worker, now);
		rcu_quiescent(&worker->rcu);
		uint64_t after = clock_now();
		if (moved > 0) {
			busy += after - now;
			idle_busy(&idle, after);
		} else if (!looking) {
			uint64_t ns = idle_nap(&idle, after, wheel_next(worker->wheel));
			if (ns > 0)
				nap(worker, &idle, after, ns);
		}
		publish_view(worker, busy, after - start);
		now = moved > 0 ? after : clock_now();
	}
	rcu_view_close(&worker->rcu);
	return 0;
}
