/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames, written and read with code of their own: what the gate makes is checked by what it did not write. */
#ifndef SLUICE_SCENARIO_PACKET_H
#define SLUICE_SCENARIO_PACKET_H

#include <stdbool.h>
#include <stdint.h>

#include "burst.h"
#include "scope.h"

#define FRAME_MOST 2000u
#define PAYLOAD_MOST 1800u

/* Addresses as they stand in the frame. `from` is the side whose MAC is the source's. */
struct path {
	enum side from;
	bool ipv6;
	uint16_t vlan; /* 0: no tag */
	struct address source, destination;
	uint16_t source_port, destination_port;
};

struct tcp {
	uint32_t seq, ack;
	uint8_t flags;
	uint16_t window;
	uint16_t mss;	/* options; 0: none */
	uint8_t wscale; /* plus one */
	bool stamped;
	uint32_t tsval, tsecr;
	uint32_t size;
	uint8_t payload[PAYLOAD_MOST];
};

/* What may be wrong with a frame, or unusual. */
enum flaw {
	FLAW_TCP_SUM = 1 << 0,
	FLAW_IP_SUM = 1 << 1,
	FLAW_PARTIAL = 1 << 2, /* only the pseudo-header is summed: a local kernel's frame */
	FLAW_FRAGMENT = 1 << 3,
	FLAW_LATER_FRAGMENT = 1 << 4,
	FLAW_TRUNCATED = 1 << 5,  /* shorter than IP says */
	FLAW_EXTENSION = 1 << 6,  /* an IPv6 header between IP and TCP */
	FLAW_TCP_HEADER = 1 << 7, /* a TCP header longer than the segment */
};

/* `mark` makes copies of a segment tell apart: IPv4's identification, IPv6's flow label. Returns the size. */
uint32_t packet_build(const struct path *path, const struct tcp *tcp, unsigned flaws, uint16_t mark, uint8_t *frame);

/* NULL, or why it is not a good TCP segment: both sums are checked, options read over. */
const char *packet_read(const uint8_t *frame, uint32_t size, struct path *ret_path, struct tcp *ret_tcp);

bool path_equal(const struct path *a, const struct path *b);
struct path path_back(const struct path *path);

/* A frame that is not TCP, by its name in the language (arp, udp, icmp, ...); its size, 0: no such name. */
uint32_t packet_other(const char *name, const struct path *path, uint16_t mark, uint8_t *frame);

#endif
