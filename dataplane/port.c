/* SPDX-License-Identifier: BSD-3-Clause */
#include "port.h"

#include <errno.h>
#include <string.h>

#include <rte_ethdev.h>

#include "log.h"

#define DESCRIPTORS 1024

static uint16_t least(unsigned a, unsigned b)
{
	return (uint16_t)(a < b ? a : b);
}

static int set_up_queues(struct port *port, struct rte_mempool *pool)
{
	int socket = rte_eth_dev_socket_id(port->id);
	uint16_t rx = DESCRIPTORS, tx = DESCRIPTORS;
	int ret = rte_eth_dev_adjust_nb_rx_tx_desc(port->id, &rx, &tx);

	for (uint16_t queue = 0; ret == 0 && queue < port->rx_queues; queue++)
		ret = rte_eth_rx_queue_setup(port->id, queue, rx, (unsigned)socket, NULL, pool);
	for (uint16_t queue = 0; ret == 0 && queue < port->tx_queues; queue++)
		ret = rte_eth_tx_queue_setup(port->id, queue, tx, (unsigned)socket, NULL);
	return ret;
}

/* Hardware that hashes may spread by five-tuple; who owns a flow is settled in software (steer.c). */
static struct rte_eth_conf configuration(const struct rte_eth_dev_info *info, uint16_t queues)
{
	/* All packets are of one pool, and nobody else keeps them: a driver may give them back without a look. */
	struct rte_eth_conf conf = { .rxmode.mq_mode = RTE_ETH_MQ_RX_NONE,
				     .rxmode.offloads = info->rx_offload_capa &
							(RTE_ETH_RX_OFFLOAD_IPV4_CKSUM | RTE_ETH_RX_OFFLOAD_TCP_CKSUM),
				     .txmode.offloads = info->tx_offload_capa & RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE };
	uint64_t hash = info->flow_type_rss_offloads & (RTE_ETH_RSS_IP | RTE_ETH_RSS_TCP);

	if (queues > 1 && hash != 0) {
		conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
		conf.rx_adv_conf.rss_conf.rss_hf = hash;
	}
	return conf;
}

int port_open(struct port *port, const char *name, unsigned workers, struct rte_mempool *pool)
{
	struct rte_eth_dev_info info;

	memset(port, 0, sizeof(*port));
	port->name = name;
	rte_spinlock_init(&port->tx_lock);
	if (rte_eth_dev_get_port_by_name(name, &port->id) != 0) {
		log_error("no port \"%s\": give a PCI address (--allow) or a vdev's name (--vdev) EAL has made", name);
		return -ENODEV;
	}
	int ret = rte_eth_dev_info_get(port->id, &info);
	if (ret != 0)
		return ret;
	port->rx_queues = least(workers, info.max_rx_queues);
	port->tx_queues = least(workers, info.max_tx_queues);
	port->tx_shared = port->tx_queues < workers;
	struct rte_eth_conf conf = configuration(&info, port->rx_queues);
	ret = rte_eth_dev_configure(port->id, port->rx_queues, port->tx_queues, &conf);
	if (ret == 0)
		ret = set_up_queues(port, pool);
	if (ret == 0)
		ret = rte_eth_dev_start(port->id);
	if (ret != 0) {
		log_error("port %s: %s", name, strerror(-ret));
		return ret;
	}
	/* A bump takes frames for everybody; a driver that has no such switch always does. */
	rte_eth_promiscuous_enable(port->id);
	rte_eth_dev_get_mtu(port->id, &port->mtu);
	log_info("port %s: driver %s, MTU %u, %u receive and %u transmit queues, NUMA node %d", name, info.driver_name,
		 port->mtu, port->rx_queues, port->tx_queues, rte_eth_dev_socket_id(port->id));
	return 0;
}

void port_close(struct port *port)
{
	if (port->rx_queues == 0)
		return;
	rte_eth_dev_stop(port->id);
	rte_eth_dev_close(port->id);
}

uint16_t port_receive(const struct port *port, unsigned worker, struct rte_mbuf **mbufs, uint16_t most)
{
	if (worker >= port->rx_queues)
		return 0;
	return rte_eth_rx_burst(port->id, (uint16_t)worker, mbufs, most);
}

uint16_t port_transmit(struct port *port, unsigned worker, struct rte_mbuf **mbufs, uint16_t count)
{
	uint16_t queue = (uint16_t)(worker % port->tx_queues), sent = 0, now;

	if (port->tx_shared)
		rte_spinlock_lock(&port->tx_lock);
	do {
		now = rte_eth_tx_burst(port->id, queue, mbufs + sent, (uint16_t)(count - sent));
		sent = (uint16_t)(sent + now);
	} while (now > 0 && sent < count);
	if (port->tx_shared)
		rte_spinlock_unlock(&port->tx_lock);
	return sent;
}
