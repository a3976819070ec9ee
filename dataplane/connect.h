/* SPDX-License-Identifier: BSD-3-Clause */
/* A new connection's way: who is it, is it held by a decision, is there room for it now. */
#ifndef SLUICE_CONNECT_H
#define SLUICE_CONNECT_H

#include <stdbool.h>
#include <stdint.h>

struct flow;
struct packet;
struct worker;

/* A SYN from the inside. Takes the packet. */
void connect_new(struct worker *worker, struct packet *packet, uint64_t now);

/* A waiting connection, looked up anew, asks again. */
void connect_again(struct worker *worker, struct flow *flow, uint64_t now);

/* Client bytes of a connection the gate does not know: it ran before the gate did. Counted, and followed from
 * here on; packet->flow is its record, NULL when there is no room for one. */
bool connect_adopt(struct worker *worker, struct packet *packet, uint64_t now);

#endif
