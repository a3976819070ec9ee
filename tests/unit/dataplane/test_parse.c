/* SPDX-License-Identifier: BSD-3-Clause */
/* What becomes of a frame. Each row: what differs from a plain client's segment to port 25, and its fate. */
#include "parses.h"

#define PASSED COUNT_PASSED
#define SMTP COUNT_SMTP
#define MALFORMED COUNT_DROP_MALFORMED
#define TRUNCATED COUNT_DROP_TRUNCATED
#define FRAGMENT COUNT_DROP_FRAGMENT
#define BAD COUNT_DROP_BAD_CHECKSUM
#define NOT_READY COUNT_DROP_NOT_READY
#define UDP .protocol = IPPROTO_UDP, .words = 2
#define EDIT(part_, at_, value_) .edit = { PART_##part_, at_, value_ }

static const struct parse_row which_are_smtp[] = {
	{ "to 25", { .to = 25 }, SMTP, false },
	{ "to 465", { .to = 465 }, SMTP, false },
	{ "to 587", { .to = 587 }, SMTP, false },
	{ "to 26", { .to = 26 }, PASSED, false },
	{ "to 6400, 25 the other way round", { .to = 6400 }, PASSED, false },
	{ "from 25, of a server inside", { .from = 25, .to = 40000 }, PASSED, false },
	{ "the answer", { .side = OUTSIDE, .from = 25, .to = 40000 }, SMTP, false },
	{ "mail that comes in", { .side = OUTSIDE, .from = 40000, .to = 25 }, PASSED, false },
	{ "UDP", { UDP, .to = 25, .payload = 20 }, PASSED, false },
	{ "ICMP", { .protocol = IPPROTO_ICMP }, PASSED, false },
	{ "ARP", { .type = 0x0806 }, PASSED, false },
	{ "with payload", { .payload = 1000 }, SMTP, false },
	{ "an odd payload", { .payload = 333 }, SMTP, false },
	{ "with TCP options", { .words = 15, .payload = 5 }, SMTP, false },
	{ "with IP options", { .options = 10, .payload = 5 }, SMTP, false },
	{ "padded by the port", { .longer = 6 }, SMTP, false },
	{ "IPv6", { .ipv6 = true }, SMTP, false },
	{ "IPv6 with payload, padded", { .ipv6 = true, .payload = 101, .longer = 3 }, SMTP, false },
	{ "IPv6 to 26", { .ipv6 = true, .to = 26 }, PASSED, false },
	{ "IPv6, the answer", { .ipv6 = true, .side = OUTSIDE, .from = 587, .to = 1 }, SMTP, false },
	{ "ICMPv6", { .ipv6 = true, .protocol = IPPROTO_ICMPV6 }, PASSED, false },
	{ "IPv6, no next header", { .ipv6 = true, .protocol = IPPROTO_NONE, .l4_size = NO_L4 }, PASSED, false },
};

static const struct parse_row in_vlans[] = {
	{ "one tag", { .tag = { 0x8100 }, .tci = 7 }, SMTP, false },
	{ "two tags", { .tag = { 0x88a8, 0x8100 }, .tci = 7 }, SMTP, false },
	{ "twice the same", { .tag = { 0x8100, 0x8100 }, .tci = 7 }, SMTP, false },
	{ "IPv6", { .ipv6 = true, .tag = { 0x8100 }, .tci = 7 }, SMTP, false },
	{ "to 26", { .to = 26, .tag = { 0x8100 }, .tci = 7 }, PASSED, false },
	{ "three tags: not looked into", { .tag = { 0x88a8, 0x8100, 0x8100 } }, PASSED, false },
	{ "another kind of tag", { .tag = { 0x9100 } }, PASSED, false },
	{ "the frame ends in its tag", { .tag = { 0x8100 }, .size = 17 }, PASSED, false },
	{ "the frame ends after its tag", { .tag = { 0x8100 }, .size = 18 }, MALFORMED, false },
};

static const struct parse_row cut_short[] = {
	{ "no whole Ethernet header", { .size = 13 }, PASSED, false },
	{ "no IP header", { .size = 14 }, MALFORMED, false },
	{ "half an IP header", { .size = 33 }, MALFORMED, false },
	{ "an IP header only", { .size = 34 }, TRUNCATED, false },
	{ "a byte missing", { .payload = 100, .longer = -1 }, TRUNCATED, false },
	{ "a byte missing, to 26", { .to = 26, .payload = 100, .longer = -1 }, TRUNCATED, false },
	{ "seven bytes of TCP", { .l4_size = 7 }, PASSED, false },
	{ "eight", { .l4_size = 8 }, MALFORMED, false },
	{ "nineteen", { .l4_size = 19 }, MALFORMED, false },
	{ "nineteen, to 26", { .to = 26, .l4_size = 19 }, PASSED, false },
	{ "nineteen, to 26, seems partial", { .to = 26, .l4_size = 19, .sum = SUM_PARTIAL }, PASSED, false },
	{ "the frame ends in IP options", { .options = 10, .size = 54 }, MALFORMED, false },
	{ "IPv6, half a header", { .ipv6 = true, .size = 53 }, MALFORMED, false },
	{ "IPv6, a header only", { .ipv6 = true, .size = 54 }, TRUNCATED, false },
	{ "IPv6, a byte missing", { .ipv6 = true, .longer = -1 }, TRUNCATED, false },
	{ "IPv6, nothing in it", { .ipv6 = true, .l4_size = NO_L4 }, PASSED, false },
	{ "IPv6, nineteen bytes of TCP", { .ipv6 = true, .l4_size = 19 }, MALFORMED, false },
};

static const struct parse_row headers_that_lie[] = {
	{ "version 6 as IPv4", { EDIT(IP, 0, 0x65) }, MALFORMED, false },
	{ "version 4 as IPv6", { .ipv6 = true, EDIT(IP, 0, 0x40) }, MALFORMED, false },
	{ "an IP header of 16 bytes", { EDIT(IP, 0, 0x44) }, MALFORMED, false },
	{ "an IP header longer than the frame", { EDIT(IP, 0, 0x4f) }, MALFORMED, false },
	{ "a datagram shorter than its header", { EDIT(IP, 3, 19) }, MALFORMED, false },
	{ "a datagram of nothing", { EDIT(IP, 3, 0) }, MALFORMED, false },
	{ "a datagram longer than the frame", { EDIT(IP, 2, 0x7f) }, TRUNCATED, false },
	{ "IPv6, longer than the frame", { .ipv6 = true, EDIT(IP, 4, 0xff) }, TRUNCATED, false },
	{ "a TCP header of 16 bytes", { EDIT(L4, 12, 0x40) }, MALFORMED, false },
	{ "a TCP header of nothing", { EDIT(L4, 12, 0) }, MALFORMED, false },
	{ "a TCP header longer than the segment", { .payload = 3, EDIT(L4, 12, 0x60) }, MALFORMED, false },
	{ "the same, to 26", { .to = 26, EDIT(L4, 12, 0xf0) }, PASSED, false },
};

static const struct parse_row sums[] = {
	{ "a bad IP sum", { .bad_ip_sum = true }, BAD, false },
	{ "a bad IP sum, to 26", { .to = 26, .bad_ip_sum = true }, PASSED, false },
	{ "a bad IP sum, partial TCP", { .bad_ip_sum = true, .sum = SUM_PARTIAL }, BAD, false },
	{ "a bad TCP sum", { .sum = SUM_BAD }, BAD, false },
	{ "a bad TCP sum, to 26", { .to = 26, .sum = SUM_BAD }, PASSED, false },
	{ "no TCP sum", { .sum = SUM_NONE }, BAD, false },
	{ "a changed byte of payload", { .payload = 9, EDIT(L4, 28, 0xaa) }, BAD, false },
	{ "a changed address", { EDIT(IP, 16, 193) }, BAD, false },
	{ "partial", { .payload = 77, .sum = SUM_PARTIAL }, SMTP, true },
	{ "partial, padded", { .payload = 77, .sum = SUM_PARTIAL, .longer = 5 }, SMTP, true },
	{ "partial, to 26", { .to = 26, .payload = 77, .sum = SUM_PARTIAL }, PASSED, true },
	{ "partial, in a VLAN", { .sum = SUM_PARTIAL, .tag = { 0x8100 }, .tci = 7 }, SMTP, true },
	{ "partial UDP", { UDP, .payload = 30, .sum = SUM_PARTIAL }, PASSED, true },
	{ "UDP without a sum", { UDP, .payload = 30, .sum = SUM_NONE }, PASSED, false },
	{ "a bad UDP sum", { UDP, .payload = 30, .sum = SUM_BAD }, PASSED, false },
	{ "IPv6, bad", { .ipv6 = true, .sum = SUM_BAD }, BAD, false },
	{ "IPv6, partial", { .ipv6 = true, .sum = SUM_PARTIAL }, SMTP, true },
	{ "IPv6, partial after a header more", { .ipv6 = true, .extensions = "h", .sum = SUM_PARTIAL }, SMTP, true },
	{ "IPv6, partial UDP", { .ipv6 = true, UDP, .payload = 31, .sum = SUM_PARTIAL }, PASSED, true },
};

static const struct parse_row fragments[] = {
	{ "don't fragment", { .fragment = 0x4000 }, SMTP, false },
	{ "the first", { .fragment = 0x2000 }, FRAGMENT, false },
	{ "the first, of eight bytes", { .fragment = 0x2000, .l4_size = 8 }, FRAGMENT, false },
	{ "the first, to 26", { .to = 26, .fragment = 0x2000 }, PASSED, false },
	{ "the first, to 26, seems partial", { .to = 26, .fragment = 0x2000, .sum = SUM_PARTIAL }, PASSED, false },
	{ "the first of an answer", { .side = OUTSIDE, .from = 25, .to = 1, .fragment = 0x2000 }, FRAGMENT, false },
	{ "one in the middle", { .fragment = 0x2001 }, PASSED, false },
	{ "the last", { .fragment = 0x0100 }, PASSED, false },
	{ "IPv6, a whole one in a fragment header", { .ipv6 = true, .extensions = "f", .fragment = 0 }, SMTP, false },
	{ "IPv6, bits that mean nothing", { .ipv6 = true, .extensions = "f", .fragment = 6 }, SMTP, false },
	{ "IPv6, the first", { .ipv6 = true, .extensions = "f", .fragment = 1 }, FRAGMENT, false },
	{ "IPv6, the first, to 26", { .ipv6 = true, .to = 26, .extensions = "f", .fragment = 1 }, PASSED, false },
	{ "IPv6, the first, after others", { .ipv6 = true, .extensions = "hrfd", .fragment = 1 }, FRAGMENT, false },
	{ "IPv6, one in the middle", { .ipv6 = true, .extensions = "f", .fragment = 0x101 }, PASSED, false },
	{ "IPv6, the last", { .ipv6 = true, .extensions = "fd", .fragment = 0x100 }, PASSED, false },
	{ "IPv6, the last, of what seems a header",
	  { .ipv6 = true, .extensions = "fd", .fragment = 0x100, EDIT(IP, 49, 200) },
	  PASSED,
	  false },
};

static const struct parse_row ipv6_extensions[] = {
	{ "hop by hop", { .ipv6 = true, .extensions = "h" }, SMTP, false },
	{ "routing", { .ipv6 = true, .extensions = "r" }, SMTP, false },
	{ "destination", { .ipv6 = true, .extensions = "d", .payload = 3 }, SMTP, false },
	{ "authentication", { .ipv6 = true, .extensions = "a" }, SMTP, false },
	{ "one of each", { .ipv6 = true, .extensions = "hdrfad" }, SMTP, false },
	{ "eight", { .ipv6 = true, .extensions = "dddddddd" }, SMTP, false },
	{ "nine", { .ipv6 = true, .extensions = "ddddddddd" }, MALFORMED, false },
	{ "a long one", { .ipv6 = true, .extensions = "D" }, SMTP, false },
	{ "one more after a long one", { .ipv6 = true, .extensions = "Dd" }, MALFORMED, false },
	{ "longer than the datagram", { .ipv6 = true, .extensions = "d", EDIT(IP, 41, 3) }, MALFORMED, false },
	{ "as long as the datagram",
	  { .ipv6 = true, .extensions = "d", .l4_size = 24, EDIT(IP, 41, 3) },
	  PASSED,
	  false },
	{ "the datagram ends in it", { .ipv6 = true, .extensions = "d", EDIT(IP, 5, 7) }, MALFORMED, false },
	{ "one announced, none there",
	  { .ipv6 = true, .protocol = IPPROTO_DSTOPTS, .l4_size = NO_L4 },
	  MALFORMED,
	  false },
	{ "to 26", { .ipv6 = true, .to = 26, .extensions = "hd" }, PASSED, false },
};

static const struct parse_row before_the_first_table[] = {
	{ "to 25", { .to = 25 }, NOT_READY, false },
	{ "to 465", { .to = 465 }, NOT_READY, false },
	{ "to 587", { .ipv6 = true, .to = 587 }, NOT_READY, false },
	{ "to 2525", { .to = 2525 }, PASSED, false },
	{ "an answer", { .side = OUTSIDE, .from = 25, .to = 1 }, NOT_READY, false },
	{ "mail that comes in", { .side = OUTSIDE, .from = 1, .to = 25 }, PASSED, false },
	{ "a fragment", { .fragment = 0x2000 }, FRAGMENT, false },
	{ "partial, to 26", { .to = 26, .sum = SUM_PARTIAL }, PASSED, true },
};

START_TEST(fates)
{
	PARSE_ROWS(which_are_smtp);
	PARSE_ROWS(in_vlans);
	PARSE_ROWS(cut_short);
	PARSE_ROWS(headers_that_lie);
	PARSE_ROWS(sums);
	PARSE_ROWS(fragments);
	PARSE_ROWS(ipv6_extensions);
}
END_TEST

START_TEST(closed_before_the_first_table)
{
	worker.table = NULL;
	PARSE_ROWS(before_the_first_table);
}
END_TEST

START_TEST(ports_as_configured)
{
	static const struct parse_row rows[] = { { "to 2525", { .to = 2525 }, SMTP, false },
						 { "to 25", { .to = 25 }, PASSED, false },
						 { "to 465, beyond the list", { .to = 465 }, PASSED, false } };
	struct wire_PUT_SETTINGS settings = tables_settings();

	settings.ports = 1;
	settings.port[0] = 2525;
	tables_change(&apply, WIRE_PUT_SETTINGS, &settings);
	worker.table = table_current(&worker.rcu, apply.store);
	PARSE_ROWS(rows);
}
END_TEST

/* What the packet of an SMTP frame says. */
static void check_packet(const struct frame *frame, uint16_t vlan)
{
	static struct burst burst;
	const struct packet *packet = &burst.packet[0];
	struct frame_bytes bytes;
	const uint16_t header = (uint16_t)((frame->words != 0 ? frame->words : 5) * 4);
	struct flow_key learned, key = { .inside = V4(10, 0, 0, 1),
					 .outside = V4(192, 0, 2, 1),
					 .inside_port = 40000,
					 .outside_port = 25,
					 .vlan = vlan };

	if (frame->ipv6)
		key.inside = (struct address)V6(0, 1), key.outside = (struct address)V6(0, 2);
	if (frame->side == OUTSIDE) {
		struct address swap = key.inside;
		key.inside = key.outside;
		key.outside = swap;
	}
	parses_frame(frame, &bytes, &burst);
	ck_assert_int_eq(packet->kind, PACKET_SMTP);
	ck_assert(packet->ipv6 == frame->ipv6);
	packet_key(packet, &learned);
	ck_assert_mem_eq(&learned, &key, sizeof(key));
	ck_assert(packet->inside_port == 40000 && packet->outside_port == 25 && packet->vlan == vlan);
	ck_assert_uint_eq(packet->ip_at, bytes.ip_at);
	ck_assert_uint_eq(packet->tcp_at, bytes.l4_at);
	ck_assert_uint_eq(packet->payload_at, bytes.l4_at + header);
	ck_assert_uint_eq(packet->payload, frame->payload);
	ck_assert_uint_eq(packet->seq, 0x11223344);
	ck_assert_uint_eq(packet->ack, 0x55667788);
	ck_assert_uint_eq(packet->flags, TCP_PSH | TCP_ACK);
	rte_mbuf_refcnt_set(packet->mbuf, 1);
	rte_pktmbuf_free(packet->mbuf);
}

START_TEST(what_is_learned)
{
	static const struct {
		struct frame frame;
		uint16_t vlan;
	} rows[] = {
		{ { .payload = 100 }, 0 },
		{ { .payload = 100, .longer = 9 }, 0 },
		{ { .side = OUTSIDE, .from = 25, .to = 40000, .payload = 7 }, 0 },
		{ { .options = 3, .words = 8, .payload = 1 }, 0 },
		{ { .tag = { 0x8100 }, .tci = 7 }, 7 },
		{ { .tag = { 0x8100 }, .tci = 0xe007 }, 7 }, /* the priority is not a part of it */
		{ { .tag = { 0x8100 }, .tci = 0xe000 }, 0 }, /* a priority alone: untagged */
		{ { .tag = { 0x8100 }, .tci = 4095 }, 4095 },
		{ { .tag = { 0x88a8, 0x8100 }, .tci = 9 }, 9 }, /* the inner one */
		{ { .ipv6 = true, .payload = 3 }, 0 },
		{ { .ipv6 = true, .side = OUTSIDE, .from = 25, .to = 40000 }, 0 },
		{ { .ipv6 = true, .extensions = "hfa", .words = 6, .payload = 3, .tag = { 0x8100 }, .tci = 5 }, 5 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check_packet(&rows[i].frame, rows[i].vlan);
}
END_TEST

FIXTURE_MAIN("parse", parses_open, parses_close, fates, closed_before_the_first_table, ports_as_configured,
	     what_is_learned)
