/* SPDX-License-Identifier: BSD-3-Clause */
#include "force.h"

#include <errno.h>

#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "counters.h"
#include "log.h"
#include "worker.h"

static int fill_flows(struct gate *gate)
{
	for (unsigned i = 0; i < gate->workers; i++)
		flow_table_exhaust(gate->worker[i]->flows);
	return 0;
}

static int fill_meters(struct gate *gate)
{
	meters_exhaust(gate->meters);
	return 0;
}

static int leave_no_room(struct gate *gate)
{
	gate->held_most = 0;
	return 0;
}

/* What the ports receive into is another one. */
static int empty_pool(struct gate *gate)
{
	struct rte_mempool *pool =
		rte_pktmbuf_pool_create("nothing", 1, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);

	if (pool == NULL || rte_pktmbuf_alloc(pool) == NULL)
		return -ENOMEM;
	gate->pool = pool;
	return 0;
}

static uint16_t take_none(uint16_t port, uint16_t queue, struct rte_mbuf **mbufs, uint16_t count, void *context)
{
	(void)port, (void)queue, (void)mbufs, (void)count, (void)context;
	return 0;
}

static int block_ports(struct gate *gate)
{
	for (int side = 0; side < SIDES; side++)
		for (uint16_t queue = 0; queue < gate->port[side].tx_queues; queue++)
			if (rte_eth_add_tx_callback(gate->port[side].id, queue, take_none, NULL) == NULL)
				return -rte_errno;
	return 0;
}

static int (*const force[FAULTS])(struct gate *gate) = {
	[FAULT_FLOW_TABLE_FULL] = fill_flows,	   [FAULT_REFUSED_NO_ROOM] = fill_meters,
	[FAULT_REFUSED_HOLD_FULL] = leave_no_room, [FAULT_DROP_HOLD_FULL] = leave_no_room,
	[FAULT_DROP_NO_MBUF] = empty_pool,	   [FAULT_DROP_TX_FULL] = block_ports,
};

int force_faults(struct gate *gate, unsigned faults)
{
	int ret = 0;

	for (enum fault fault = 0; ret == 0 && fault < FAULTS; fault++) {
		if (!(faults & 1u << fault))
			continue;
		ret = force[fault] != NULL ? force[fault](gate) : -ENOTSUP;
		if (ret == 0)
			log_error("FORCED by --force, a test: %s: %s", fault_rows[fault].name,
				  fault_rows[fault].meaning);
		else
			log_error("--force %s: not to be had here", fault_rows[fault].name);
	}
	return ret;
}
