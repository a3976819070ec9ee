/* SPDX-License-Identifier: BSD-3-Clause */
#include "parse.h"

#include <netinet/in.h>
#include <string.h>

#include <rte_ether.h>
#include <rte_prefetch.h>
#include <rte_tcp.h>

#include "checksum.h"
#include "transmit.h"
#include "worker.h"

/* What may be done with a frame. */
enum fate { FATE_OTHER, FATE_SMTP, FATE_MALFORMED, FATE_FRAGMENT, FATE_TRUNCATED, FATE_BAD_CHECKSUM, FATE_NOT_READY };

static const enum counter fate_counter[] = {
	[FATE_MALFORMED] = COUNT_DROP_MALFORMED, [FATE_FRAGMENT] = COUNT_DROP_FRAGMENT,
	[FATE_TRUNCATED] = COUNT_DROP_TRUNCATED, [FATE_BAD_CHECKSUM] = COUNT_DROP_BAD_CHECKSUM,
	[FATE_NOT_READY] = COUNT_DROP_NOT_READY,
};

#define VLAN_TAGS_MOST 2
#define EXTENSIONS_MOST 8 /* IPv6 headers before the TCP one; more is taken for an evasion */
#define EXTENSION_BYTES 256u

/* A frame as far as it was read. */
struct frame {
	uint8_t *data;
	uint32_t size;
	uint32_t at;
	uint32_t end; /* where IP says the datagram ends */
	uint16_t type;
	uint16_t vlan;
	bool fragment, later_fragment;
	struct l4 l4;
};

static uint16_t read16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static uint32_t read32(const uint8_t *at)
{
	return (uint32_t)read16(at) << 16 | read16(at + 2);
}

static bool read_ethernet(struct frame *frame)
{
	frame->at = sizeof(struct rte_ether_hdr);
	if (frame->size < frame->at)
		return false;
	frame->type = read16(frame->data + 12);
	for (int tags = 0; tags < VLAN_TAGS_MOST; tags++) {
		if (frame->type != RTE_ETHER_TYPE_VLAN && frame->type != RTE_ETHER_TYPE_QINQ)
			break;
		if (frame->size < frame->at + 4)
			return false;
		frame->vlan = read16(frame->data + frame->at) & 0xfff;
		frame->type = read16(frame->data + frame->at + 2);
		frame->at += 4;
	}
	return frame->type == RTE_ETHER_TYPE_IPV4 || frame->type == RTE_ETHER_TYPE_IPV6;
}

static enum fate read_ipv4(struct frame *frame)
{
	const uint8_t *ip = frame->data + frame->at;
	uint32_t room = frame->size - frame->at;

	if (room < 20)
		return FATE_MALFORMED;
	uint32_t header = (ip[0] & 15u) * 4, total = read16(ip + 2);
	if (ip[0] >> 4 != 4 || header < 20 || header > room || total < header)
		return FATE_MALFORMED;
	if (total > room)
		return FATE_TRUNCATED;
	frame->fragment = (read16(ip + 6) & 0x3fff) != 0;
	frame->later_fragment = (read16(ip + 6) & 0x1fff) != 0;
	frame->end = frame->at + total;
	frame->l4.source = ip + 12;
	frame->l4.destination = ip + 16;
	frame->l4.address_size = 4;
	frame->l4.protocol = ip[9];
	frame->at += header;
	return FATE_OTHER;
}

static bool is_extension(uint8_t protocol)
{
	return protocol == IPPROTO_HOPOPTS || protocol == IPPROTO_ROUTING || protocol == IPPROTO_DSTOPTS ||
	       protocol == IPPROTO_FRAGMENT || protocol == IPPROTO_AH;
}

/* RFC 8200 section 4: the chain of extension headers, bounded. */
static enum fate read_extensions(struct frame *frame)
{
	uint32_t first = frame->at;

	for (int i = 0; is_extension(frame->l4.protocol); i++) {
		const uint8_t *header = frame->data + frame->at;
		if (i == EXTENSIONS_MOST || frame->at - first > EXTENSION_BYTES || frame->end < frame->at + 8)
			return FATE_MALFORMED;
		uint32_t size = (header[1] + 1u) * 8;
		if (frame->l4.protocol == IPPROTO_FRAGMENT) {
			size = 8;
			frame->fragment |= (read16(header + 2) & 0xfff9) != 0;
			frame->later_fragment |= (read16(header + 2) & 0xfff8) != 0;
		} else if (frame->l4.protocol == IPPROTO_AH) {
			size = (header[1] + 2u) * 4;
		}
		frame->l4.protocol = header[0];
		frame->at += size;
		if (frame->at > frame->end)
			return FATE_MALFORMED;
		if (frame->later_fragment)
			break; /* what follows is the middle of something */
	}
	return FATE_OTHER;
}

static enum fate read_ipv6(struct frame *frame)
{
	const uint8_t *ip = frame->data + frame->at;
	uint32_t room = frame->size - frame->at;

	if (room < 40 || ip[0] >> 4 != 6)
		return FATE_MALFORMED;
	if (read16(ip + 4) + 40u > room)
		return FATE_TRUNCATED;
	frame->end = frame->at + 40 + read16(ip + 4);
	frame->l4.source = ip + 8;
	frame->l4.destination = ip + 24;
	frame->l4.address_size = 16;
	frame->l4.protocol = ip[6];
	frame->fragment = frame->later_fragment = false;
	frame->at += 40;
	return read_extensions(frame);
}

static bool smtp_port(const struct wire_PUT_SETTINGS *settings, uint16_t port)
{
	/* Before the first table the usual ports are closed. */
	if (settings == NULL)
		return port == 25 || port == 465 || port == 587;
	for (uint16_t i = 0; i < settings->ports && i < WIRE_PORTS_MAX; i++)
		if (settings->port[i] == port)
			return true;
	return false;
}

static bool ipv4_header_good(const uint8_t *ip)
{
	return checksum_fold(ip[0] == 0x45 ? checksum_sum(ip, 20) : checksum_sum(ip, (ip[0] & 15u) * 4)) == 0xffff;
}

/* A NIC that was asked to (port.c) has summed it already. */
static bool nic_says_good(const struct rte_mbuf *mbuf)
{
	return (mbuf->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) == RTE_MBUF_F_RX_L4_CKSUM_GOOD;
}

static bool nic_says_all_good(const struct rte_mbuf *mbuf)
{
	return (mbuf->ol_flags & (RTE_MBUF_F_RX_IP_CKSUM_MASK | RTE_MBUF_F_RX_L4_CKSUM_MASK)) ==
	       (RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD);
}

/* A segment at `at`, of a header and a payload, that is right. */
static inline void note_segment(struct packet *packet, const uint8_t *tcp, uint32_t at, uint32_t header,
				uint32_t payload)
{
	packet->tcp_at = (uint16_t)at;
	packet->payload_at = (uint16_t)(at + header);
	packet->payload = (uint16_t)payload;
	packet->seq = read32(tcp + 4);
	packet->ack = read32(tcp + 8);
	packet->flags = tcp[13];
	packet->inside_port = read16(tcp + (packet->side == INSIDE ? 0 : 2));
	packet->outside_port = read16(tcp + (packet->side == INSIDE ? 2 : 0));
}

/* A TCP segment to or from an SMTP port: nothing of it is believed before its sums are right. */
static enum fate read_smtp(struct packet *packet, struct frame *frame, bool *ret_repaired)
{
	const uint8_t *tcp = frame->l4.bytes;
	uint32_t header = frame->l4.size >= 20 ? (tcp[12] >> 4) * 4u : 0;

	if (header < 20 || header > frame->l4.size)
		return FATE_MALFORMED;
	if (!packet->ipv6 && !ipv4_header_good(frame->data + packet->ip_at))
		return FATE_BAD_CHECKSUM;
	bool right = nic_says_good(packet->mbuf) || checksum_is_right(&frame->l4);
	enum checksum_state sum = right ? CHECKSUM_GOOD : checksum_check(&frame->l4);
	if (sum == CHECKSUM_BAD)
		return FATE_BAD_CHECKSUM;
	if (sum == CHECKSUM_PARTIAL)
		checksum_set(&frame->l4);
	*ret_repaired = sum == CHECKSUM_PARTIAL;
	note_segment(packet, tcp, frame->at, header, frame->l4.size - header);
	packet->vlan = frame->vlan;
	return FATE_SMTP;
}

static enum fate read_ports(struct packet *packet, struct frame *frame, const struct wire_PUT_SETTINGS *settings,
			    bool *ret_repaired)
{
	if (frame->later_fragment)
		return FATE_OTHER;	/* a datagram whose first fragment does not pass is never put together */
	if (frame->end < frame->at + 8) /* RFC 7112: a first fragment has the ports */
		return frame->fragment && frame->l4.protocol == IPPROTO_TCP ? FATE_FRAGMENT : FATE_OTHER;
	frame->l4.bytes = frame->data + frame->at;
	frame->l4.size = (uint16_t)(frame->end - frame->at);
	bool tcp = frame->l4.protocol == IPPROTO_TCP;
	if (tcp && smtp_port(settings, read16(frame->l4.bytes + (packet->side == INSIDE ? 2 : 0)))) {
		if (frame->fragment)
			return FATE_FRAGMENT;
		return settings == NULL ? FATE_NOT_READY : read_smtp(packet, frame, ret_repaired);
	}
	if (frame->fragment || (!tcp && frame->l4.protocol != IPPROTO_UDP) || (tcp && frame->l4.size < 20))
		return FATE_OTHER;
	if (checksum_looks_partial(&frame->l4) && checksum_check(&frame->l4) == CHECKSUM_PARTIAL) {
		checksum_set(&frame->l4);
		*ret_repaired = true;
	}
	return FATE_OTHER;
}

/* What is broken and cannot be TCP is none of the gate's business. */
static bool may_be_tcp(const struct packet *packet, const struct frame *frame)
{
	const uint8_t *ip = frame->data + packet->ip_at;
	uint32_t room = frame->size - packet->ip_at;

	if (room < 10)
		return true;
	return packet->ipv6 ? ip[6] == IPPROTO_TCP || is_extension(ip[6]) : ip[9] == IPPROTO_TCP;
}

#define PLAIN_TCP (RTE_ETHER_HDR_LEN + 20)

/* What nearly every packet is: TCP over IPv4 without tag, option or fragment, whole. */
static inline bool is_plain(const uint8_t *data, uint32_t size)
{
	const uint8_t *ip = data + RTE_ETHER_HDR_LEN;

	if (size < PLAIN_TCP + 20 || read16(data + 12) != RTE_ETHER_TYPE_IPV4 || ip[0] != 0x45 ||
	    ip[9] != IPPROTO_TCP || (read16(ip + 6) & 0x3fff) != 0)
		return false;
	uint32_t total = read16(ip + 2);
	return total >= 40 && total <= size - RTE_ETHER_HDR_LEN;
}

/* And nearly all that comes from a NIC was summed there. The way below comes to the same, for everything else too. */
static bool read_summed(struct packet *packet, const struct wire_PUT_SETTINGS *settings)
{
	const uint8_t *data = rte_pktmbuf_mtod(packet->mbuf, const uint8_t *), *tcp = data + PLAIN_TCP;

	if (!nic_says_all_good(packet->mbuf) || !is_plain(data, rte_pktmbuf_data_len(packet->mbuf)) ||
	    settings == NULL || !smtp_port(settings, read16(tcp + (packet->side == INSIDE ? 2 : 0))))
		return false;
	uint32_t header = (tcp[12] >> 4) * 4u, size = read16(data + RTE_ETHER_HDR_LEN + 2) - 20u;
	if (header < 20 || header > size)
		return false;
	note_segment(packet, tcp, PLAIN_TCP, header, size - header);
	packet->vlan = 0;
	return true;
}

static bool read_plain(struct frame *frame)
{
	const uint8_t *ip = frame->data + RTE_ETHER_HDR_LEN;

	if (!is_plain(frame->data, frame->size))
		return false;
	frame->at = PLAIN_TCP;
	frame->end = RTE_ETHER_HDR_LEN + read16(ip + 2);
	frame->fragment = frame->later_fragment = false;
	frame->l4.source = ip + 12;
	frame->l4.destination = ip + 16;
	frame->l4.address_size = 4;
	frame->l4.protocol = IPPROTO_TCP;
	return true;
}

static enum fate read_packet(struct packet *packet, const struct wire_PUT_SETTINGS *settings, bool *ret_repaired)
{
	struct frame frame; /* filled as it is read: zeroing it would cost as much as reading it */

	packet->ip_at = RTE_ETHER_HDR_LEN;
	packet->ipv6 = false;
	if (read_summed(packet, settings))
		return FATE_SMTP;
	frame.data = rte_pktmbuf_mtod(packet->mbuf, uint8_t *);
	frame.size = rte_pktmbuf_data_len(packet->mbuf);
	frame.vlan = 0;
	if (read_plain(&frame))
		return read_ports(packet, &frame, settings, ret_repaired);
	if (!read_ethernet(&frame))
		return FATE_OTHER;
	packet->ip_at = (uint16_t)frame.at;
	packet->ipv6 = frame.type == RTE_ETHER_TYPE_IPV6;
	enum fate fate = packet->ipv6 ? read_ipv6(&frame) : read_ipv4(&frame);
	if (fate == FATE_OTHER)
		return read_ports(packet, &frame, settings, ret_repaired);
	return may_be_tcp(packet, &frame) ? fate : FATE_OTHER;
}

void parse(struct worker *worker, struct burst *burst)
{
	const struct wire_PUT_SETTINGS *settings = worker->table == NULL ? NULL : table_settings(worker->table);

	for (uint16_t i = 0; i < burst->count; i++)
		rte_prefetch0(packet_bytes(&burst->packet[i], 0));
	for (uint16_t i = 0; i < burst->count; i++) {
		struct packet *packet = &burst->packet[i];
		bool repaired = false;
		enum fate fate = read_packet(packet, settings, &repaired);
		if (repaired)
			count(worker, COUNT_CHECKSUM_REPAIRED, 1);
		packet->kind = fate == FATE_SMTP ? PACKET_SMTP : PACKET_OTHER;
		if (fate > FATE_SMTP)
			transmit_drop(worker, packet, fate_counter[fate]);
	}
}
