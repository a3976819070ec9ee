/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames of a few connections, IPv4 and IPv6, with right sums; and the ports they come from and go to, in place of
 * port.c. */
#ifndef SLUICE_FUZZ_TRAFFIC_H
#define SLUICE_FUZZ_TRAFFIC_H

#include "burst.h"
#include "fuzz.h"

#define CONNECTIONS 8u

struct said {
	unsigned connection; /* below CONNECTIONS; the upper half is IPv6 */
	enum side side;
	uint8_t flags;
	uint32_t seq, ack;
	uint16_t size;
};

/* The sequence number of the last SYN-ACK that left for the inside; 0: none since it was set to that. */
extern uint32_t traffic_synack;

/* The next turn receives it, its payload taken from `bytes`. */
void traffic_put(struct rte_mempool *pool, const struct said *said, struct bytes *bytes);

#endif
