/* SPDX-License-Identifier: BSD-3-Clause */
#include "packet.h"

#include <netinet/in.h>
#include <string.h>

static const uint8_t mac_of[SIDES][6] = { { 2, 0, 0, 0, 0, 1 }, { 2, 0, 0, 0, 0, 2 } };

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value & 0xffff);
}

static uint32_t get16(const uint8_t *at)
{
	return (uint32_t)(at[0] << 8 | at[1]);
}

static uint32_t get32(const uint8_t *at)
{
	return get16(at) << 16 | get16(at + 2);
}

static uint32_t sum_of(uint32_t sum, const uint8_t *bytes, uint32_t size)
{
	for (uint32_t i = 0; i < size; i++)
		sum += i % 2 == 0 ? (uint32_t)bytes[i] << 8 : bytes[i];
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static uint32_t address_size(const struct path *path)
{
	return path->ipv6 ? 16 : 4;
}

static uint32_t pseudo_sum(const struct path *path, uint8_t protocol, uint32_t size)
{
	uint32_t bytes = address_size(path), sum = protocol + size;

	sum = sum_of(sum, path->source.byte + 16 - bytes, bytes);
	return sum_of(sum, path->destination.byte + 16 - bytes, bytes);
}

static uint32_t write_ethernet(const struct path *path, uint16_t type, uint8_t *frame)
{
	uint32_t at = 12;

	memcpy(frame, mac_of[path->from == INSIDE ? OUTSIDE : INSIDE], 6);
	memcpy(frame + 6, mac_of[path->from], 6);
	if (path->vlan != 0) {
		put16(frame + at, 0x8100);
		put16(frame + at + 2, path->vlan);
		at += 4;
	}
	put16(frame + at, type);
	return at + 2;
}

static uint32_t write_ipv4(const struct path *path, uint8_t protocol, uint32_t size, unsigned flaws, uint16_t mark,
			   uint8_t *ip)
{
	uint32_t fragment = flaws & FLAW_LATER_FRAGMENT ? 0x2001 : flaws & FLAW_FRAGMENT ? 0x2000 : 0x4000;

	memset(ip, 0, 20);
	ip[0] = 0x45;
	put16(ip + 2, 20 + size);
	put16(ip + 4, mark);
	put16(ip + 6, fragment);
	ip[8] = 63;
	ip[9] = protocol;
	memcpy(ip + 12, path->source.byte + 12, 4);
	memcpy(ip + 16, path->destination.byte + 12, 4);
	put16(ip + 10, (uint16_t)~fold(sum_of(0, ip, 20)) ^ (flaws & FLAW_IP_SUM ? 1u : 0u));
	return 20;
}

/* One extension header at most: a fragment's, or hop-by-hop options (all padding). */
static uint32_t write_ipv6(const struct path *path, uint8_t protocol, uint32_t size, unsigned flaws, uint16_t mark,
			   uint8_t *ip)
{
	bool fragment = (flaws & (FLAW_FRAGMENT | FLAW_LATER_FRAGMENT)) != 0, more = fragment || flaws & FLAW_EXTENSION;

	memset(ip, 0, 48);
	put32(ip, 6u << 28 | mark);
	put16(ip + 4, size + (more ? 8 : 0));
	ip[6] = !more ? protocol : fragment ? IPPROTO_FRAGMENT : IPPROTO_HOPOPTS;
	ip[7] = 63;
	memcpy(ip + 8, path->source.byte, 16);
	memcpy(ip + 24, path->destination.byte, 16);
	if (!more)
		return 40;
	ip[40] = protocol;
	if (fragment)
		put16(ip + 42, flaws & FLAW_LATER_FRAGMENT ? 9 : 1);
	else
		memcpy(ip + 42, "\1\4\0\0\0", 6); /* PadN */
	return 48;
}

static uint32_t write_ip(const struct path *path, uint8_t protocol, uint32_t size, unsigned flaws, uint16_t mark,
			 uint8_t *frame)
{
	uint32_t at = write_ethernet(path, path->ipv6 ? 0x86dd : 0x0800, frame);

	return at + (path->ipv6 ? write_ipv6 : write_ipv4)(path, protocol, size, flaws, mark, frame + at);
}

static uint32_t write_options(const struct tcp *tcp, uint8_t *at)
{
	uint8_t *first = at;

	if (tcp->mss != 0) {
		put16(at, 0x0204);
		put16(at + 2, tcp->mss);
		at += 4;
	}
	if (tcp->wscale != 0) {
		put32(at, 0x01030300u | (tcp->wscale - 1u));
		at += 4;
	}
	if (tcp->stamped) {
		put32(at, 0x0101080a);
		put32(at + 4, tcp->tsval);
		put32(at + 8, tcp->tsecr);
		at += 12;
	}
	return (uint32_t)(at - first);
}

static uint32_t write_tcp(const struct path *path, const struct tcp *tcp, unsigned flaws, uint8_t *at)
{
	uint32_t header = 20 + write_options(tcp, at + 20), size = header + tcp->size;

	put16(at, path->source_port);
	put16(at + 2, path->destination_port);
	put32(at + 4, tcp->seq);
	put32(at + 8, tcp->flags & TCP_ACK ? tcp->ack : 0);
	at[12] = flaws & FLAW_TCP_HEADER ? 0xf0 : (uint8_t)(header / 4 << 4);
	at[13] = tcp->flags;
	put16(at + 14, tcp->window);
	put32(at + 16, 0);
	memcpy(at + header, tcp->payload, tcp->size);
	uint32_t sum = pseudo_sum(path, IPPROTO_TCP, size);
	if (flaws & FLAW_PARTIAL)
		put16(at + 16, fold(sum));
	else
		put16(at + 16, (uint16_t)~fold(sum_of(sum, at, size)) ^ (flaws & FLAW_TCP_SUM ? 1u : 0u));
	return size;
}

uint32_t packet_build(const struct path *path, const struct tcp *tcp, unsigned flaws, uint16_t mark, uint8_t *frame)
{
	uint8_t segment[PAYLOAD_MOST + 60];
	uint32_t size = write_tcp(path, tcp, flaws, segment);
	uint32_t at = write_ip(path, IPPROTO_TCP, size, flaws, mark, frame);

	memcpy(frame + at, segment, size);
	return at + size - (flaws & FLAW_TRUNCATED ? 4 : 0);
}

static const char *read_ip(const uint8_t *frame, uint32_t size, uint32_t *at, uint32_t *ret_end, struct path *ret_path)
{
	const uint8_t *ip = frame + *at + 2;
	uint32_t type = get16(frame + *at), bytes = type == 0x86dd ? 16 : 4;

	if (type != 0x0800 && type != 0x86dd)
		return "not IP";
	ret_path->ipv6 = type == 0x86dd;
	*at += 2 + (ret_path->ipv6 ? 40 : 20);
	*ret_end = *at + (ret_path->ipv6 ? get16(ip + 4) : get16(ip + 2) - 20);
	if (*ret_end > size || (ret_path->ipv6 ? ip[6] : ip[9]) != IPPROTO_TCP)
		return "not a whole TCP segment";
	if (!ret_path->ipv6 && (ip[0] != 0x45 || fold(sum_of(0, ip, 20)) != 0xffff))
		return "a wrong IP checksum";
	if (!ret_path->ipv6) {
		memset(ret_path->source.byte + 10, 0xff, 2);
		memset(ret_path->destination.byte + 10, 0xff, 2);
	}
	memcpy(ret_path->source.byte + 16 - bytes, ip + (ret_path->ipv6 ? 8 : 12), bytes);
	memcpy(ret_path->destination.byte + 16 - bytes, ip + (ret_path->ipv6 ? 24 : 16), bytes);
	return NULL;
}

/* As write_options() has them: timestamps are the last. */
static void read_stamps(const uint8_t *at, uint32_t header, struct tcp *ret_tcp)
{
	if (header < 32 || get32(at + header - 12) != 0x0101080a)
		return;
	ret_tcp->stamped = true;
	ret_tcp->tsval = get32(at + header - 8);
	ret_tcp->tsecr = get32(at + header - 4);
}

static const char *read_tcp(const uint8_t *at, uint32_t size, struct path *path, struct tcp *ret_tcp)
{
	uint32_t header = size >= 20 ? (at[12] >> 4) * 4u : 0;

	if (header < 20 || header > size || size - header > PAYLOAD_MOST)
		return "a TCP header that does not fit";
	if (fold(sum_of(pseudo_sum(path, IPPROTO_TCP, size), at, size)) != 0xffff)
		return "a wrong TCP checksum";
	path->source_port = (uint16_t)get16(at);
	path->destination_port = (uint16_t)get16(at + 2);
	ret_tcp->seq = get32(at + 4);
	ret_tcp->ack = get32(at + 8);
	ret_tcp->flags = at[13];
	ret_tcp->window = (uint16_t)get16(at + 14);
	read_stamps(at, header, ret_tcp);
	ret_tcp->size = size - header;
	memcpy(ret_tcp->payload, at + header, ret_tcp->size);
	return NULL;
}

const char *packet_read(const uint8_t *frame, uint32_t size, struct path *ret_path, struct tcp *ret_tcp)
{
	uint32_t at = 12, end;

	memset(ret_path, 0, sizeof(*ret_path));
	memset(ret_tcp, 0, sizeof(*ret_tcp));
	if (size < 54)
		return "a short frame";
	ret_path->from = memcmp(frame + 6, mac_of[INSIDE], 6) == 0 ? INSIDE : OUTSIDE;
	if (memcmp(frame, mac_of[ret_path->from == INSIDE ? OUTSIDE : INSIDE], 6) != 0)
		return "MAC addresses of nobody";
	if (get16(frame + at) == 0x8100) {
		ret_path->vlan = (uint16_t)get16(frame + at + 2);
		at += 4;
	}
	const char *wrong = read_ip(frame, size, &at, &end, ret_path);
	return wrong != NULL ? wrong : read_tcp(frame + at, end - at, ret_path, ret_tcp);
}

bool path_equal(const struct path *a, const struct path *b)
{
	return a->from == b->from && a->ipv6 == b->ipv6 && a->vlan == b->vlan && a->source_port == b->source_port &&
	       a->destination_port == b->destination_port && memcmp(&a->source, &b->source, sizeof(a->source)) == 0 &&
	       memcmp(&a->destination, &b->destination, sizeof(a->destination)) == 0;
}

struct path path_back(const struct path *path)
{
	return (struct path){ .from = path->from == INSIDE ? OUTSIDE : INSIDE,
			      .ipv6 = path->ipv6,
			      .vlan = path->vlan,
			      .source = path->destination,
			      .destination = path->source,
			      .source_port = path->destination_port,
			      .destination_port = path->source_port };
}

static const struct other {
	const char *name;
	uint16_t type; /* Ethernet's; 0: IP of the path */
	uint8_t protocol;
	uint16_t port; /* UDP's */
} others[] = {
	{ "arp", 0x0806, 0, 0 },
	{ "lldp", 0x88cc, 0, 0 },
	{ "icmp", 0, IPPROTO_ICMP, 0 },
	{ "gre", 0, 47, 0 },
	{ "neighbour", 0, IPPROTO_ICMPV6, 0 },
	{ "udp", 0, IPPROTO_UDP, 53 },
	{ "udp-25", 0, IPPROTO_UDP, 25 },
};

static uint32_t write_other(const struct other *other, const struct path *path, uint16_t mark, uint8_t *frame)
{
	static const uint8_t body[28] = "twenty-eight bytes of body ";
	uint8_t bytes[36];
	bool udp = other->protocol == IPPROTO_UDP;
	uint32_t head = udp ? 8 : 0, size = head + sizeof(body), at;

	memcpy(bytes + head, body, sizeof(body));
	if (udp) {
		put16(bytes, 5353);
		put16(bytes + 2, other->port);
		put16(bytes + 4, size);
		put16(bytes + 6, 0);
		put16(bytes + 6, (uint16_t)~fold(sum_of(pseudo_sum(path, IPPROTO_UDP, size), bytes, size)));
	}
	if (other->type != 0)
		at = write_ethernet(path, other->type, frame);
	else
		at = write_ip(path, other->protocol, size, 0, mark, frame);
	memcpy(frame + at, bytes, size);
	return at + size;
}

uint32_t packet_other(const char *name, const struct path *path, uint16_t mark, uint8_t *frame)
{
	for (unsigned i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strcmp(others[i].name, name) == 0)
			return write_other(&others[i], path, mark, frame);
	return 0;
}
