/* SPDX-License-Identifier: BSD-3-Clause */
/* TCP segments the gate makes itself: resets, and the few that refuse a connection politely. Built from
 * the headers of a packet of the same connection, so that MACs, VLAN and addresses are right. */
#ifndef SLUICE_SEGMENT_H
#define SLUICE_SEGMENT_H

#include <stdbool.h>
#include <stdint.h>

struct rte_mbuf;
struct rte_mempool;

/* Where the headers of a parsed frame are. */
struct headers {
	const uint8_t *frame;
	uint16_t ip_at, tcp_at;
	bool ipv6;
};

struct segment {
	bool back; /* to where the headers came from; else onwards in their direction */
	uint8_t flags;
	uint32_t seq, ack; /* ack is sent when flags have TCP_ACK */
	uint16_t window;
	uint16_t mss; /* option; 0: none */
	uint16_t size;
	const char *text; /* payload */
};

/* NULL when the pool is empty. */
struct rte_mbuf *segment_build(struct rte_mempool *pool, const struct headers *headers, const struct segment *segment);

/* Makes a copy of a segment's headers a segment of its own: an acknowledgement that says nothing new. */
void segment_bare(struct rte_mbuf *mbuf, uint16_t ip_at, uint16_t tcp_at, bool ipv6, uint32_t seq);

#endif
