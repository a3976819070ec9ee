/* SPDX-License-Identifier: BSD-3-Clause */
#include "segment.h"

#include <netinet/in.h>
#include <string.h>

#include <rte_ip.h>
#include <rte_mbuf.h>

#include "burst.h"
#include "checksum.h"

#define TCP_HEADER 20u
#define MSS_OPTION 4u
#define HOPS 64u

static void write16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void write32(uint8_t *at, uint32_t value)
{
	write16(at, (uint16_t)(value >> 16));
	write16(at + 2, (uint16_t)value);
}

/* Ethernet and VLAN tags as they were, the addresses turned round for an answer. */
static void write_ethernet(uint8_t *frame, const struct headers *headers, bool back)
{
	memcpy(frame, headers->frame, headers->ip_at);
	if (!back)
		return;
	memcpy(frame, headers->frame + 6, 6);
	memcpy(frame + 6, headers->frame, 6);
}

static void write_ipv4(uint8_t *ip, const uint8_t *from, bool back, uint16_t size, struct l4 *ret_l4)
{
	memset(ip, 0, 20);
	ip[0] = 0x45;
	ip[1] = from[1] & 0xfc; /* the DSCP, without the congestion mark */
	write16(ip + 2, (uint16_t)(20 + size));
	ip[6] = 0x40; /* don't fragment; RFC 6864: no identification needed */
	ip[8] = HOPS;
	ip[9] = IPPROTO_TCP;
	memcpy(ip + 12, from + (back ? 16 : 12), 4);
	memcpy(ip + 16, from + (back ? 12 : 16), 4);
	uint16_t sum = (uint16_t)~rte_raw_cksum(ip, 20);
	memcpy(ip + 10, &sum, sizeof(sum));
	*ret_l4 = (struct l4){ .source = ip + 12,
			       .destination = ip + 16,
			       .address_size = 4,
			       .protocol = IPPROTO_TCP,
			       .size = size,
			       .bytes = ip + 20 };
}

static void write_ipv6(uint8_t *ip, const uint8_t *from, bool back, uint16_t size, struct l4 *ret_l4)
{
	memset(ip, 0, 40);
	ip[0] = 0x60;
	write16(ip + 4, size);
	ip[6] = IPPROTO_TCP;
	ip[7] = HOPS;
	memcpy(ip + 8, from + (back ? 24 : 8), 16);
	memcpy(ip + 24, from + (back ? 8 : 24), 16);
	*ret_l4 = (struct l4){ .source = ip + 8,
			       .destination = ip + 24,
			       .address_size = 16,
			       .protocol = IPPROTO_TCP,
			       .size = size,
			       .bytes = ip + 40 };
}

static void write_tcp(uint8_t *tcp, const uint8_t *from, const struct segment *segment)
{
	uint16_t options = segment->mss != 0 ? MSS_OPTION : 0;

	memcpy(tcp, from + (segment->back ? 2 : 0), 2);
	memcpy(tcp + 2, from + (segment->back ? 0 : 2), 2);
	write32(tcp + 4, segment->seq);
	write32(tcp + 8, segment->flags & TCP_ACK ? segment->ack : 0);
	tcp[12] = (uint8_t)((TCP_HEADER + options) / 4 << 4);
	tcp[13] = segment->flags;
	write16(tcp + 14, segment->window);
	write32(tcp + 16, 0);
	if (options != 0) {
		write16(tcp + TCP_HEADER, 2 << 8 | MSS_OPTION);
		write16(tcp + TCP_HEADER + 2, segment->mss);
	}
	if (segment->size != 0)
		memcpy(tcp + TCP_HEADER + options, segment->text, segment->size);
}

struct rte_mbuf *segment_build(struct rte_mempool *pool, const struct headers *headers, const struct segment *segment)
{
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(pool);
	uint16_t size = (uint16_t)(TCP_HEADER + (segment->mss != 0 ? MSS_OPTION : 0) + segment->size);
	const uint8_t *from = headers->frame + headers->ip_at;
	struct l4 l4;

	if (mbuf == NULL)
		return NULL;
	uint16_t total = (uint16_t)(headers->ip_at + (headers->ipv6 ? 40 : 20) + size);
	uint8_t *frame = (uint8_t *)rte_pktmbuf_append(mbuf, total);
	if (frame == NULL) {
		rte_pktmbuf_free(mbuf);
		return NULL;
	}
	write_ethernet(frame, headers, segment->back);
	if (headers->ipv6)
		write_ipv6(frame + headers->ip_at, from, segment->back, size, &l4);
	else
		write_ipv4(frame + headers->ip_at, from, segment->back, size, &l4);
	write_tcp(l4.bytes, headers->frame + headers->tcp_at, segment);
	checksum_set(&l4);
	return mbuf;
}

/* Without the congestion mark, which was of the packet that had it. */
static void bare_ipv4(uint8_t *ip, uint16_t size)
{
	uint32_t header = (ip[0] & 15u) * 4;
	uint16_t sum = 0;

	ip[1] &= 0xfc;
	write16(ip + 2, size);
	memcpy(ip + 10, &sum, sizeof(sum));
	sum = (uint16_t)~rte_raw_cksum(ip, header);
	memcpy(ip + 10, &sum, sizeof(sum));
}

static void bare_ipv6(uint8_t *ip, uint16_t size)
{
	ip[1] &= 0xcf;
	write16(ip + 4, (uint16_t)(size - 40));
}

void segment_bare(struct rte_mbuf *mbuf, uint16_t ip_at, uint16_t tcp_at, bool ipv6, uint32_t seq)
{
	uint8_t *frame = rte_pktmbuf_mtod(mbuf, uint8_t *), *ip = frame + ip_at, *tcp = frame + tcp_at;
	const struct l4 l4 = { .source = ip + (ipv6 ? 8 : 12),
			       .destination = ip + (ipv6 ? 24 : 16),
			       .address_size = ipv6 ? 16 : 4,
			       .protocol = IPPROTO_TCP,
			       .size = (uint16_t)(mbuf->data_len - tcp_at),
			       .bytes = tcp };

	(ipv6 ? bare_ipv6 : bare_ipv4)(ip, (uint16_t)(mbuf->data_len - ip_at));
	write32(tcp + 4, seq);
	tcp[13] = TCP_ACK;
	write16(tcp + 18, 0); /* nothing is urgent */
	checksum_set(&l4);
}
