/* SPDX-License-Identifier: BSD-3-Clause */
/* The two ports of the bump: named the DPDK way (PCI address or vdev name), opened with a queue for each
 * worker where the driver has so many, else with one that workers share. */
#ifndef SLUICE_PORT_H
#define SLUICE_PORT_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_spinlock.h>

struct rte_mbuf;
struct rte_mempool;

struct port {
	const char *name;
	uint16_t id;
	uint16_t mtu;
	uint16_t rx_queues, tx_queues;
	rte_spinlock_t tx_lock; /* taken only when there are fewer queues than workers */
	bool tx_shared;
};

/* 0 or a negative errno, said in the log. */
int port_open(struct port *port, const char *name, unsigned workers, struct rte_mempool *pool);
void port_close(struct port *port);

/* What worker `worker` of `workers` receives: its queue, or nothing when another one polls it. */
uint16_t port_receive(const struct port *port, unsigned worker, struct rte_mbuf **mbufs, uint16_t most);

/* Sends what the port takes; returns how many it took. The rest stays the caller's. */
uint16_t port_transmit(struct port *port, unsigned worker, struct rte_mbuf **mbufs, uint16_t count);

#endif
