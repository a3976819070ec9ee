/* SPDX-License-Identifier: BSD-3-Clause */
/* The packets of one turn and what each stage learned of them: all that stages share. */
#ifndef SLUICE_BURST_H
#define SLUICE_BURST_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <rte_mbuf.h>

#include "flow.h"
#include "segment.h"
#include "wire.h"

#define BURST_MAX 64

struct arrival;

enum side { INSIDE, OUTSIDE, SIDES };

enum packet_kind {
	PACKET_OTHER, /* not outbound SMTP: forwarded untouched */
	PACKET_SMTP,
	PACKET_GONE, /* dropped, held, or handed to another worker */
};

/* TCP flags, RFC 9293 section 3.1. */
enum { TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4, TCP_PSH = 8, TCP_ACK = 16 };

/* One cache line; the last four fields are of SMTP packets only. */
struct packet {
	struct rte_mbuf *mbuf;
	uint8_t side; /* where it came from */
	uint8_t kind;
	uint8_t flags;
	bool ipv6;
	uint16_t ip_at, tcp_at, payload_at; /* offsets into the frame */
	uint16_t payload;		    /* bytes */
	uint32_t seq, ack;
	uint16_t inside_port, outside_port, vlan;
	uint64_t hash;
	struct flow *flow;
	const struct arrival *arrival; /* of one that opens a connection; see arrive.h */
} __attribute__((aligned(64)));

struct burst {
	uint64_t now; /* ns, monotonic */
	uint16_t count;
	struct packet packet[BURST_MAX];
};

static inline uint8_t *packet_bytes(const struct packet *packet, uint16_t at)
{
	return rte_pktmbuf_mtod_offset(packet->mbuf, uint8_t *, at);
}

/* Sequence space it takes: payload, SYN and FIN. */
static inline uint32_t packet_end(const struct packet *packet)
{
	return packet->seq + packet->payload + !!(packet->flags & TCP_SYN) + !!(packet->flags & TCP_FIN);
}

static inline void packet_address(const struct packet *packet, uint16_t at, struct address *ret_address)
{
	static const struct address mapped = { { [10] = 0xff, 0xff } };

	if (packet->ipv6) {
		memcpy(ret_address->byte, packet_bytes(packet, at), 16);
		return;
	}
	*ret_address = mapped;
	memcpy(ret_address->byte + 12, packet_bytes(packet, at), 4);
}

static inline void packet_key(const struct packet *packet, struct flow_key *ret_key)
{
	uint16_t source = (uint16_t)(packet->ip_at + (packet->ipv6 ? 8 : 12));
	uint16_t target = (uint16_t)(source + (packet->ipv6 ? 16 : 4));

	packet_address(packet, packet->side == INSIDE ? source : target, &ret_key->inside);
	packet_address(packet, packet->side == INSIDE ? target : source, &ret_key->outside);
	ret_key->inside_port = packet->inside_port;
	ret_key->outside_port = packet->outside_port;
	ret_key->vlan = packet->vlan;
	ret_key->zero = 0;
}

static inline struct speech packet_speech(const struct packet *packet, uint64_t now)
{
	return (struct speech){ packet->seq, packet->ack, packet_bytes(packet, packet->payload_at), packet->payload,
				(uint32_t)(now / 1000000) };
}

static inline struct headers packet_headers(const struct packet *packet)
{
	return (struct headers){ packet_bytes(packet, 0), packet->ip_at, packet->tcp_at, packet->ipv6 };
}

/* Does the client ask for a connection with it, and nothing else? */
static inline bool packet_opens(const struct packet *packet)
{
	return packet->side == INSIDE && packet->payload == 0 &&
	       (packet->flags & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN)) == TCP_SYN;
}

/* IP bytes: what a byte rate counts. */
static inline uint32_t packet_ip_bytes(const struct packet *packet)
{
	return (uint32_t)(packet->payload_at - packet->ip_at) + packet->payload;
}

#endif
