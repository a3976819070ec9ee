/* SPDX-License-Identifier: BSD-3-Clause */
#include "parse.h"

#include <netinet/in.h>
#include <string.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_prefetch.h>
#include <rte_tcp.h>

#include "checksum.h"
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
	frame->l4 = (struct l4){ .source = ip + 12, .destination = ip + 16, .address_size = 4, .protocol = ip[9] };
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
	frame->l4 = (struct l4){ .source = ip + 8, .destination = ip + 24, .address_size = 16, .protocol = ip[6] };
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

static void set_address(struct address *address, const uint8_t *bytes, uint8_t size)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (size == 4)
		memcpy(address->byte, mapped, sizeof(mapped));
	memcpy(address->byte + 16 - size, bytes, size);
}

static void set_key(struct packet *packet, const struct frame *frame)
{
	const uint8_t *tcp = frame->l4.bytes;
	const uint8_t *inside = frame->l4.source, *outside = frame->l4.destination;
	uint16_t inside_port = read16(tcp), outside_port = read16(tcp + 2);

	if (packet->side == OUTSIDE) {
		const uint8_t *swap = inside;
		inside = outside;
		outside = swap;
		inside_port = read16(tcp + 2);
		outside_port = read16(tcp);
	}
	memset(&packet->key, 0, sizeof(packet->key));
	set_address(&packet->key.inside, inside, frame->l4.address_size);
	set_address(&packet->key.outside, outside, frame->l4.address_size);
	packet->key.inside_port = inside_port;
	packet->key.outside_port = outside_port;
	packet->key.vlan = frame->vlan;
}

static bool ipv4_header_good(const uint8_t *ip)
{
	return rte_raw_cksum(ip, (ip[0] & 15u) * 4) == 0xffff;
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
	enum checksum_state sum = checksum_check(&frame->l4);
	if (sum == CHECKSUM_BAD)
		return FATE_BAD_CHECKSUM;
	if (sum == CHECKSUM_PARTIAL)
		checksum_set(&frame->l4);
	*ret_repaired = sum == CHECKSUM_PARTIAL;
	packet->tcp_at = (uint16_t)frame->at;
	packet->payload_at = (uint16_t)(frame->at + header);
	packet->payload = (uint16_t)(frame->l4.size - header);
	packet->seq = read32(tcp + 4);
	packet->ack = read32(tcp + 8);
	packet->flags = tcp[13];
	set_key(packet, frame);
	return FATE_SMTP;
}

static enum fate read_ports(struct packet *packet, struct frame *frame, const struct wire_PUT_SETTINGS *settings,
			    bool *ret_repaired)
{
	if (frame->end < frame->at + 8 || frame->later_fragment)
		return FATE_OTHER; /* a datagram whose first fragment does not pass is never put together */
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

static enum fate read_packet(struct packet *packet, const struct wire_PUT_SETTINGS *settings, bool *ret_repaired)
{
	struct frame frame = { .data = rte_pktmbuf_mtod(packet->mbuf, uint8_t *),
			       .size = rte_pktmbuf_data_len(packet->mbuf) };

	if (!read_ethernet(&frame))
		return FATE_OTHER;
	packet->ip_at = (uint16_t)frame.at;
	packet->ipv6 = frame.type == RTE_ETHER_TYPE_IPV6;
	enum fate fate = packet->ipv6 ? read_ipv6(&frame) : read_ipv4(&frame);
	return fate != FATE_OTHER ? fate : read_ports(packet, &frame, settings, ret_repaired);
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
			worker_drop(worker, packet, fate_counter[fate]);
		else
			count(worker, fate == FATE_SMTP ? COUNT_SMTP : COUNT_PASSED, 1);
	}
}
