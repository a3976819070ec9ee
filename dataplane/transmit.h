/* SPDX-License-Identifier: BSD-3-Clause */
/* Stage 10. How a packet leaves the pipeline: queued for a port, or dropped for a named reason. What is queued is sent
 * when the queue is full, and at the end of a turn. */
#ifndef SLUICE_TRANSMIT_H
#define SLUICE_TRANSMIT_H

#include <rte_mbuf.h>

#include "burst.h"
#include "counters.h"

struct worker;

/* The packet leaves on the other side. */
void transmit_forward(struct worker *worker, struct packet *packet);

/* A frame of the gate's own, or one that waited. */
void transmit_send(struct worker *worker, enum side to, struct rte_mbuf *mbuf);

/* It goes nowhere. */
void transmit_drop(struct worker *worker, struct packet *packet, enum counter reason);

/* Sends what is queued; what the port does not take is dropped and counted. */
void transmit_flush(struct worker *worker, enum side to);

#endif
