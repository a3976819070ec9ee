/* SPDX-License-Identifier: BSD-3-Clause */
#include <netinet/in.h>
#include <string.h>

#include "burst.h"
#include "checksum.h"
#include "eal.h"
#include "segment.h"

#define MACS 0x02, 0, 0, 0, 0, 0x0b, 0x02, 0, 0, 0, 0, 0x0a /* to b, from a */

/* Headers of a client's packets, as parse left them; their sums do not matter here. */
static const uint8_t plain_v4[] = { MACS, 0x08, 0x00, 0x45, 0xbb, 0,	40,   0x12, 0x34, 0,	0, 9,  6, 0xde, 0xad,
				    10,	  0,	0,    1,    192,  0,	2,    1,    0x9c, 0x40, 0, 25, 1, 2,	3,
				    4,	  5,	6,    7,    8,	  0x50, 0x10, 1,    2,	  0,	0, 0,  0 };
static const uint8_t tagged_v4[] = { MACS, 0x81, 0x00, 0xa0, 0x07, 0x08, 0x00, 0x46, 0x00, 0, 44,  0x12, 0x34,
				     0,	   0,	 9,    6,    0xde, 0xad, 10,   0,    0,	   1, 192, 0,	 2,
				     1,	   1,	 1,    1,    1,	   0x9c, 0x40, 0,    25,   1, 2,   3,	 4,
				     5,	   6,	 7,    8,    0x50, 0x10, 1,    2,    0,	   0, 0,   0 };
static const uint8_t plain_v6[] = { MACS, 0x86, 0xdd, 0x6f, 0xff, 0xff, 0xff, 0,  20, 6, 3, 0x20, 1,
				    0xd,  0xb8, 0,    0,    0,	  0,	0,    0,  0,  0, 0, 0,	  0,
				    1,	  0x20, 1,    0xd,  0xb8, 0,	0,    0,  1,  0, 0, 0,	  0,
				    0,	  0,	0,    2,    0x9c, 0x40, 0,    25, 1,  2, 3, 4,	  5,
				    6,	  7,	8,    0x50, 0x10, 1,	2,    0,  0,  0, 0 };

static const struct row {
	const char *why;
	struct headers headers;
	struct segment segment;
} rows[] = {
	{ "a RST onwards", { plain_v4, 14, 34, false }, { .flags = TCP_RST, .seq = 0x11223344, .ack = 0x55667788 } },
	{ "a RST back", { plain_v4, 14, 34, false }, { .back = true, .flags = TCP_RST | TCP_ACK, .seq = 0, .ack = 7 } },
	{ "a SYN-ACK",
	  { plain_v4, 14, 34, false },
	  { .back = true, .flags = TCP_SYN | TCP_ACK, .seq = 0xfffffffe, .ack = 1, .window = 65535, .mss = 1220 } },
	{ "a reply",
	  { plain_v4, 14, 34, false },
	  { .back = true,
	    .flags = TCP_PSH | TCP_ACK,
	    .seq = 9,
	    .ack = 1,
	    .window = 1,
	    .size = 13,
	    .text = "421 go away\r\n" } },
	{ "in a VLAN, options left behind",
	  { tagged_v4, 18, 42, false },
	  { .flags = TCP_FIN | TCP_ACK, .seq = 1, .ack = 2 } },
	{ "back in a VLAN", { tagged_v4, 18, 42, false }, { .back = true, .flags = TCP_RST, .seq = 1 } },
	{ "IPv6", { plain_v6, 14, 54, true }, { .flags = TCP_RST | TCP_ACK, .seq = 1, .ack = 2 } },
	{ "IPv6, back, all of it",
	  { plain_v6, 14, 54, true },
	  { .back = true,
	    .flags = TCP_SYN | TCP_ACK,
	    .seq = 1,
	    .ack = 2,
	    .window = 9,
	    .mss = 1440,
	    .size = 3,
	    .text = "abc" } },
};

static struct rte_mempool *pool;

static void open_pool(void)
{
	eal_start();
	pool = rte_pktmbuf_pool_create("segments", 15, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	ck_assert_ptr_nonnull(pool);
}

static void close_pool(void)
{
	rte_mempool_free(pool);
}

static uint32_t number(const uint8_t *at, int size)
{
	uint32_t is = 0;

	for (int i = 0; i < size; i++)
		is = is << 8 | at[i];
	return is;
}

static void check_ethernet(const uint8_t *frame, const struct row *row)
{
	const uint8_t *was = row->headers.frame;
	const bool back = row->segment.back;

	ck_assert_mem_eq(frame, was + (back ? 6 : 0), 6);
	ck_assert_mem_eq(frame + 6, was + (back ? 0 : 6), 6);
	ck_assert_mem_eq(frame + 12, was + 12, row->headers.ip_at - 12u); /* tags and type */
}

/* The addresses, and what IP says of the rest. */
static void check_ip(uint8_t *ip, uint16_t size, const struct row *row, struct l4 *ret_l4)
{
	const uint8_t *was = row->headers.frame + row->headers.ip_at;
	const uint16_t width = row->headers.ipv6 ? 16 : 4, at = row->headers.ipv6 ? 8 : 12;
	const uint16_t header = row->headers.ipv6 ? 40 : 20;
	const bool back = row->segment.back;

	ck_assert_mem_eq(ip + at, was + at + (back ? width : 0), width);
	ck_assert_mem_eq(ip + at + width, was + at + (back ? 0 : width), width);
	if (row->headers.ipv6) {
		ck_assert_uint_eq(number(ip, 4), 0x60000000);
		ck_assert_uint_eq(number(ip + 4, 2), size);
		ck_assert_uint_eq(number(ip + 6, 2), IPPROTO_TCP << 8 | 64);
	} else {
		uint32_t sum = 0;
		for (int i = 0; i < 20; i += 2)
			sum += number(ip + i, 2);
		ck_assert_uint_eq((sum & 0xffff) + (sum >> 16), 0xffff);
		ck_assert_uint_eq(ip[0], 0x45);
		ck_assert_uint_eq(ip[1], was[1] & 0xfc);
		ck_assert_uint_eq(number(ip + 2, 2), 20u + size);
		ck_assert_uint_eq(number(ip + 4, 4), 0x4000);
		ck_assert_uint_eq(number(ip + 8, 2), 64 << 8 | IPPROTO_TCP);
	}
	*ret_l4 = (struct l4){ ip + at, ip + at + width, (uint8_t)width, IPPROTO_TCP, size, ip + header };
}

static void check_tcp(const uint8_t *tcp, const struct row *row)
{
	const uint8_t *was = row->headers.frame + row->headers.tcp_at;
	const struct segment *segment = &row->segment;
	const uint32_t header = segment->mss != 0 ? 24 : 20;

	ck_assert_mem_eq(tcp, was + (segment->back ? 2 : 0), 2);
	ck_assert_mem_eq(tcp + 2, was + (segment->back ? 0 : 2), 2);
	ck_assert_uint_eq(number(tcp + 4, 4), segment->seq);
	ck_assert_uint_eq(number(tcp + 8, 4), segment->flags & TCP_ACK ? segment->ack : 0);
	ck_assert_uint_eq(tcp[12], header / 4 << 4);
	ck_assert_uint_eq(tcp[13], segment->flags);
	ck_assert_uint_eq(number(tcp + 14, 2), segment->window);
	ck_assert_uint_eq(number(tcp + 18, 2), 0);
	if (segment->mss != 0)
		ck_assert_uint_eq(number(tcp + 20, 4), 0x02040000u | segment->mss);
	if (segment->size != 0)
		ck_assert_mem_eq(tcp + header, segment->text, segment->size);
}

START_TEST(every_field)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		struct rte_mbuf *mbuf = segment_build(pool, &row->headers, &row->segment);
		ck_assert_ptr_nonnull(mbuf);
		uint8_t *frame = rte_pktmbuf_mtod(mbuf, uint8_t *);
		uint16_t size = (uint16_t)((row->segment.mss != 0 ? 24 : 20) + row->segment.size);
		struct l4 l4;
		ck_assert_uint_eq(mbuf->pkt_len, row->headers.ip_at + (row->headers.ipv6 ? 40u : 20u) + size);
		check_ethernet(frame, row);
		check_ip(frame + row->headers.ip_at, size, row, &l4);
		check_tcp(l4.bytes, row);
		ck_assert_msg(checksum_check(&l4) == CHECKSUM_GOOD, "%s: checksum", row->why);
		rte_pktmbuf_free(mbuf);
	}
	ck_assert_uint_eq(rte_mempool_avail_count(pool), 15);
}
END_TEST

START_TEST(an_empty_pool)
{
	struct rte_mbuf *mbuf[16];
	unsigned count = 0;

	while (count < 16 && (mbuf[count] = segment_build(pool, &rows[0].headers, &rows[0].segment)) != NULL)
		count++;
	ck_assert_uint_eq(count, 15);
	ck_assert_ptr_null(segment_build(pool, &rows[0].headers, &rows[0].segment));
	rte_pktmbuf_free_bulk(mbuf, count);
}
END_TEST

/* More than a packet holds: no packet, and none lost. */
START_TEST(too_long_a_text)
{
	static char text[4000];
	struct segment segment = { .flags = TCP_ACK, .size = sizeof(text), .text = text };

	ck_assert_ptr_null(segment_build(pool, &rows[0].headers, &segment));
	ck_assert_uint_eq(rte_mempool_avail_count(pool), 15);
}
END_TEST

FIXTURE_MAIN("segment", open_pool, close_pool, every_field, an_empty_pool, too_long_a_text)
