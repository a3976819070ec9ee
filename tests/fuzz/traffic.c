/* SPDX-License-Identifier: BSD-3-Clause */
#include "traffic.h"

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_tcp.h>

#include "port.h"

uint32_t traffic_synack;

static struct rte_mbuf *waiting[SIDES];

/* Two addresses on each side, two ports of the client's. */
static void set_tcp(struct rte_tcp_hdr *tcp, const struct said *said)
{
	uint16_t client = rte_cpu_to_be_16((uint16_t)(40000 + said->connection / 4)), smtp = rte_cpu_to_be_16(25);

	*tcp = (struct rte_tcp_hdr){ .data_off = 5 << 4, .tcp_flags = said->flags, .rx_win = 0xffff };
	tcp->src_port = said->side == INSIDE ? client : smtp;
	tcp->dst_port = said->side == INSIDE ? smtp : client;
	tcp->sent_seq = rte_cpu_to_be_32(said->seq);
	tcp->recv_ack = rte_cpu_to_be_32(said->ack);
}

static void set_ipv4(struct rte_ipv4_hdr *ip, const struct said *said)
{
	uint32_t inside = rte_cpu_to_be_32(RTE_IPV4(10, 1, 0, said->connection & 1));
	uint32_t outside = rte_cpu_to_be_32(RTE_IPV4(10, 2, 0, said->connection & 2));

	*ip = (struct rte_ipv4_hdr){ .version_ihl = 0x45, .time_to_live = 64, .next_proto_id = IPPROTO_TCP };
	ip->total_length = rte_cpu_to_be_16((uint16_t)(sizeof(*ip) + sizeof(struct rte_tcp_hdr) + said->size));
	ip->src_addr = said->side == INSIDE ? inside : outside;
	ip->dst_addr = said->side == INSIDE ? outside : inside;
	ip->hdr_checksum = rte_ipv4_cksum(ip);
}

static void set_ipv6(struct rte_ipv6_hdr *ip, const struct said *said)
{
	uint8_t *inside = said->side == INSIDE ? ip->src_addr : ip->dst_addr;
	uint8_t *outside = said->side == INSIDE ? ip->dst_addr : ip->src_addr;

	*ip = (struct rte_ipv6_hdr){ .vtc_flow = rte_cpu_to_be_32(6u << 28), .proto = IPPROTO_TCP, .hop_limits = 64 };
	ip->payload_len = rte_cpu_to_be_16((uint16_t)(sizeof(struct rte_tcp_hdr) + said->size));
	memcpy(inside, "\x20\x01\x0d\xb8", 4);
	memcpy(outside, "\x20\x01\x0d\xb8", 4);
	inside[15] = said->connection & 1;
	outside[14] = 1;
	outside[15] = (said->connection & 2) != 0;
}

void traffic_put(struct rte_mempool *pool, const struct said *said, struct bytes *bytes)
{
	bool ipv6 = said->connection >= CONNECTIONS / 2;
	uint16_t ip_size = ipv6 ? sizeof(struct rte_ipv6_hdr) : sizeof(struct rte_ipv4_hdr);
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(pool);

	must(mbuf != NULL && waiting[said->side] == NULL);
	uint16_t size = (uint16_t)(sizeof(struct rte_ether_hdr) + ip_size + sizeof(struct rte_tcp_hdr) + said->size);
	struct rte_ether_hdr *ethernet = (struct rte_ether_hdr *)rte_pktmbuf_append(mbuf, size);
	struct rte_tcp_hdr *tcp = (struct rte_tcp_hdr *)((uint8_t *)(ethernet + 1) + ip_size);
	uint8_t *payload = take_block(bytes, said->size);

	memset(ethernet, 0, sizeof(*ethernet));
	ethernet->ether_type = rte_cpu_to_be_16(ipv6 ? RTE_ETHER_TYPE_IPV6 : RTE_ETHER_TYPE_IPV4);
	memcpy(tcp + 1, payload, said->size);
	free(payload);
	set_tcp(tcp, said);
	if (ipv6)
		set_ipv6((struct rte_ipv6_hdr *)(ethernet + 1), said);
	else
		set_ipv4((struct rte_ipv4_hdr *)(ethernet + 1), said);
	tcp->cksum = ipv6 ? rte_ipv6_udptcp_cksum((struct rte_ipv6_hdr *)(ethernet + 1), tcp)
			  : rte_ipv4_udptcp_cksum((struct rte_ipv4_hdr *)(ethernet + 1), tcp);
	waiting[said->side] = mbuf;
}

uint16_t port_receive(const struct port *port, unsigned worker, struct rte_mbuf **mbufs, uint16_t most)
{
	(void)worker;
	if (waiting[port->id] == NULL || most == 0)
		return 0;
	mbufs[0] = waiting[port->id];
	waiting[port->id] = NULL;
	return 1;
}

static void note(const struct port *port, const struct rte_tcp_hdr *tcp)
{
	if (port->id == INSIDE && tcp->tcp_flags == (TCP_SYN | TCP_ACK))
		traffic_synack = rte_be_to_cpu_32(tcp->sent_seq);
}

/* Whatever leaves is whole, and its sums are right. */
static void check(const struct port *port, const struct rte_mbuf *mbuf)
{
	const struct rte_ether_hdr *ethernet = rte_pktmbuf_mtod(mbuf, const struct rte_ether_hdr *);
	bool ipv6 = ethernet->ether_type == rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV6);
	uint32_t size = rte_pktmbuf_data_len(mbuf) - (uint32_t)sizeof(*ethernet);

	must(mbuf->nb_segs == 1 && rte_mbuf_refcnt_read(mbuf) == 1);
	if (ipv6) {
		const struct rte_ipv6_hdr *ip = (const struct rte_ipv6_hdr *)(ethernet + 1);
		must(sizeof(*ip) + rte_be_to_cpu_16(ip->payload_len) <= size);
		must(rte_ipv6_udptcp_cksum(ip, ip + 1) == 0);
		note(port, (const struct rte_tcp_hdr *)(ip + 1));
	} else {
		const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)(ethernet + 1);
		must(rte_be_to_cpu_16(ip->total_length) <= size && rte_raw_cksum(ip, 20) == 0xffff);
		must(rte_ipv4_udptcp_cksum(ip, ip + 1) == 0);
		note(port, (const struct rte_tcp_hdr *)(ip + 1));
	}
}

uint16_t port_transmit(struct port *port, unsigned worker, struct rte_mbuf **mbufs, uint16_t count)
{
	(void)worker;
	for (uint16_t i = 0; i < count; i++) {
		check(port, mbufs[i]);
		rte_pktmbuf_free(mbufs[i]);
	}
	return count;
}
