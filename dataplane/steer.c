/* SPDX-License-Identifier: BSD-3-Clause */
#include "steer.h"
#include "transmit.h"

#include <rte_ring.h>

#include "worker.h"

/* The handed-over packet's side travels with it, in a field its new owner's parse overwrites. */
static void hand_over(struct worker *worker, struct packet *packet, struct worker *owner)
{
	packet->mbuf->port = worker->gate->port[packet->side].id;
	if (rte_ring_enqueue(owner->handed, packet->mbuf) != 0) {
		transmit_drop(worker, packet, COUNT_DROP_STEER_FULL);
		return;
	}
	packet->kind = PACKET_GONE;
	count(worker, COUNT_STEERED, 1);
}

void steer(struct worker *worker, struct burst *burst)
{
	const struct gate *gate = worker->gate;

	if (gate->workers == 1)
		return;
	for (uint16_t i = 0; i < burst->count; i++) {
		struct packet *packet = &burst->packet[i];
		if (packet->kind != PACKET_SMTP)
			continue;
		/* Bits the table does not use, so that each worker's table is filled evenly. */
		struct worker *owner = gate->worker[(packet->hash >> 32 & 0xffff) % gate->workers];
		if (owner != worker)
			hand_over(worker, packet, owner);
	}
}
