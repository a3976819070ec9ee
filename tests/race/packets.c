/* SPDX-License-Identifier: BSD-3-Clause */
#include "packets.h"

#include <string.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_tcp.h>

#include "burst.h"
#include "port.h"
#include "race.h"

#define PORTS 8u
#define BURST 16u

static struct rte_mempool *from;

struct frame {
	struct rte_ether_hdr ethernet;
	struct rte_ipv4_hdr ip;
	struct rte_tcp_hdr tcp;
	char text[32];
};

_Static_assert(offsetof(struct frame, text) == 54, "headers follow each other without gaps");

void packets_start(struct rte_mempool *pool)
{
	from = pool;
}

struct address packets_inside(uint32_t number)
{
	return (struct address){ { [10] = 0xff, 0xff, 10, 1, 0, (uint8_t)number } };
}

struct address packets_outside(uint32_t number)
{
	return (struct address){ { [10] = 0xff, 0xff, 10, 2, 0, (uint8_t)number } };
}

uint32_t packets_number(const struct address *address)
{
	return address->byte[15];
}

/* What each side says, by chance: its sequence numbers always the same, so that it is new or old by chance, too. */
static const struct {
	enum side side;
	uint8_t flags;
	uint32_t seq, ack;
	const char *text;
} lines[] = {
	{ INSIDE, TCP_SYN, 999, 0, "" },
	{ OUTSIDE, TCP_SYN | TCP_ACK, 4999, 1000, "" },
	{ OUTSIDE, TCP_ACK, 5000, 1000, "220 ready\r\n" },
	{ INSIDE, TCP_ACK, 1000, 5011, "EHLO race\r\n" },
	{ OUTSIDE, TCP_ACK, 5011, 1011, "250 race\r\n" },
	{ INSIDE, TCP_ACK, 1011, 5021, "MAIL FROM:<>\r\n" },
	{ OUTSIDE, TCP_ACK, 5021, 1025, "250 yes\r\n" },
	{ INSIDE, TCP_ACK | TCP_FIN, 1025, 5030, "" },
	{ OUTSIDE, TCP_ACK | TCP_FIN, 5030, 1026, "" },
	{ INSIDE, TCP_RST, 1026, 0, "" },
};

static void set_headers(struct frame *frame, uint32_t line, uint64_t *random)
{
	uint32_t inside = rte_cpu_to_be_32(RTE_IPV4(10, 1, 0, race_random(random, PACKETS_NAMES)));
	uint32_t outside = rte_cpu_to_be_32(RTE_IPV4(10, 2, 0, race_random(random, PACKETS_NAMES)));
	uint16_t port = rte_cpu_to_be_16((uint16_t)(40000 + race_random(random, PORTS)));
	uint16_t smtp = rte_cpu_to_be_16(PACKETS_PORT);
	bool out = lines[line].side == INSIDE;

	frame->ethernet.ether_type = rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4);
	frame->ip = (struct rte_ipv4_hdr){ .version_ihl = 0x45, .time_to_live = 64, .next_proto_id = IPPROTO_TCP };
	frame->ip.src_addr = out ? inside : outside;
	frame->ip.dst_addr = out ? outside : inside;
	frame->tcp = (struct rte_tcp_hdr){ .data_off = 5 << 4, .tcp_flags = lines[line].flags };
	frame->tcp.src_port = out ? port : smtp;
	frame->tcp.dst_port = out ? smtp : port;
	frame->tcp.sent_seq = rte_cpu_to_be_32(lines[line].seq);
	frame->tcp.recv_ack = rte_cpu_to_be_32(lines[line].ack);
}

static void make(struct rte_mbuf *mbuf, uint32_t line, uint64_t *random)
{
	size_t text = strlen(lines[line].text), size = offsetof(struct frame, text) + text;
	struct frame *frame = (struct frame *)rte_pktmbuf_append(mbuf, (uint16_t)size);
	struct rte_ipv4_hdr *ip = &frame->ip;

	memset(frame, 0, size);
	set_headers(frame, line, random);
	ip->total_length = rte_cpu_to_be_16((uint16_t)(size - sizeof(struct rte_ether_hdr)));
	memcpy(frame->text, lines[line].text, text);
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	frame->tcp.cksum = rte_ipv4_udptcp_cksum(ip, &frame->tcp);
}

uint16_t port_receive(const struct port *port, unsigned worker, struct rte_mbuf **mbufs, uint16_t most)
{
	static __thread uint64_t random;
	uint16_t received = 0;

	if (random == 0)
		random = 31 + worker;
	/* Nothing came, now and then: workers nap. */
	if (race_random(&random, 8) == 0)
		return 0;
	while (received < most && received < BURST) {
		uint32_t line = race_random(&random, RTE_DIM(lines));
		if (lines[line].side != (enum side)port->id)
			continue;
		mbufs[received] = rte_pktmbuf_alloc(from);
		if (mbufs[received] == NULL)
			break;
		mbufs[received]->port = port->id;
		make(mbufs[received++], line, &random);
	}
	return received;
}

uint16_t port_transmit(struct port *port, unsigned worker, struct rte_mbuf **mbufs, uint16_t count)
{
	(void)port;
	(void)worker;
	rte_pktmbuf_free_bulk(mbufs, count);
	return count;
}
