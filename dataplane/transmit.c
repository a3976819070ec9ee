/* SPDX-License-Identifier: BSD-3-Clause */
#include "transmit.h"

#include <rte_mbuf.h>

#include "worker.h"

void transmit_flush(struct worker *worker, enum side to)
{
	enum counter counter = to == OUTSIDE ? COUNT_TX_OUTSIDE : COUNT_TX_INSIDE;
	struct tx_queue *queue = &worker->tx[to];

	if (queue->count == 0)
		return;
	struct port *port = (struct port *)&worker->gate->port[to];
	uint16_t sent = port_transmit(port, worker->index, queue->mbuf, queue->count);
	count(worker, counter, sent);
	if (sent < queue->count) {
		count(worker, COUNT_DROP_TX_FULL, queue->count - sent);
		rte_pktmbuf_free_bulk(queue->mbuf + sent, queue->count - sent);
	}
	queue->count = 0;
}

void transmit_send(struct worker *worker, enum side to, struct rte_mbuf *mbuf)
{
	struct tx_queue *queue = &worker->tx[to];

	if (queue->count == TX_MOST)
		transmit_flush(worker, to);
	queue->mbuf[queue->count++] = mbuf;
}

void transmit_forward(struct worker *worker, struct packet *packet)
{
	packet->kind = PACKET_GONE;
	transmit_send(worker, packet->side == INSIDE ? OUTSIDE : INSIDE, packet->mbuf);
}

void transmit_drop(struct worker *worker, struct packet *packet, enum counter reason)
{
	packet->kind = PACKET_GONE;
	rte_pktmbuf_free(packet->mbuf);
	count(worker, reason, 1);
}
