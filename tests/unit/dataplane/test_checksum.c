/* SPDX-License-Identifier: BSD-3-Clause */
#include <netinet/in.h>
#include <string.h>

#include "checksum.h"
#include "dice.h"
#include "unit.h"

/* A segment of its own: addresses, then header and payload. */
struct datagram {
	uint8_t source[16], destination[16], bytes[2048];
	struct l4 l4;
};

static void make(struct datagram *datagram, uint8_t address_size, uint8_t protocol, uint16_t size)
{
	datagram->l4 =
		(struct l4){ datagram->source, datagram->destination, address_size, protocol, size, datagram->bytes };
}

static uint8_t *field(struct datagram *datagram)
{
	return datagram->bytes + (datagram->l4.protocol == IPPROTO_TCP ? 16 : 6);
}

/* RFC 1071 by the letter: 16-bit words in network order, byte by byte. */
static uint32_t add_words(uint32_t sum, const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		sum += i % 2 == 0 ? (uint32_t)bytes[i] << 8 : bytes[i];
	return sum;
}

static uint16_t by_the_letter(const struct l4 *l4, bool pseudo_only)
{
	uint32_t sum = add_words(0, l4->source, l4->address_size);

	sum = add_words(sum, l4->destination, l4->address_size) + l4->protocol + l4->size;
	if (!pseudo_only)
		sum = add_words(sum, l4->bytes, l4->size);
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* A SYN that a Linux kernel sent from 192.168.1.2:40000 to 192.0.2.1:25. */
START_TEST(a_known_segment)
{
	struct datagram datagram = {
		.source = { 192, 168, 1, 2 },
		.destination = { 192, 0, 2, 1 },
		.bytes = { 0x9c, 0x40, 0x00, 0x19, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 0x02, 0xff, 0xff },
	};
	make(&datagram, 4, IPPROTO_TCP, 20);
	/* c0a8+0102+c000+0201+0006+0014 + 9c40+0019+0001+5002+ffff = 37020: 7023, its complement 8fdc */
	checksum_set(&datagram.l4);
	ck_assert_uint_eq(datagram.bytes[16], 0x8f);
	ck_assert_uint_eq(datagram.bytes[17], 0xdc);
	ck_assert_int_eq(checksum_check(&datagram.l4), CHECKSUM_GOOD);
}
END_TEST

static void roll(struct dice *dice, struct datagram *datagram)
{
	static const uint8_t protocols[] = { IPPROTO_TCP, IPPROTO_UDP };
	uint8_t *byte = (uint8_t *)datagram;

	for (size_t i = 0; i < sizeof(datagram->source) + sizeof(datagram->destination) + sizeof(datagram->bytes); i++)
		byte[i] = (uint8_t)dice_roll(dice, 256);
	make(datagram, dice_roll(dice, 2) ? 4 : 16, protocols[dice_roll(dice, 2)],
	     (uint16_t)(20 + dice_roll(dice, 1500)));
}

/* Odd and even sizes, both families, both protocols: good by the letter, and a changed bit makes them bad. */
START_TEST(random_segments)
{
	struct dice dice = { 8 };
	static struct datagram datagram;

	for (int round = 0; round < 500; round++) {
		roll(&dice, &datagram);
		checksum_set(&datagram.l4);
		ck_assert_uint_eq(by_the_letter(&datagram.l4, false), 0xffff);
		ck_assert_int_eq(checksum_check(&datagram.l4), CHECKSUM_GOOD);
		for (int flip = 0; flip < 50; flip++) {
			size_t bit = dice_roll(&dice, datagram.l4.size * 8u);
			datagram.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
			ck_assert_int_ne(checksum_check(&datagram.l4), CHECKSUM_GOOD);
			datagram.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
		datagram.destination[datagram.l4.address_size - 1u] ^= 1;
		ck_assert_int_ne(checksum_check(&datagram.l4), CHECKSUM_GOOD);
	}
}
END_TEST

/* As a kernel leaves it to a NIC: the pseudo-header's sum alone. */
START_TEST(partial_sums)
{
	struct dice dice = { 9 };
	static struct datagram datagram;

	for (int round = 0; round < 500; round++) {
		roll(&dice, &datagram);
		uint16_t pseudo = by_the_letter(&datagram.l4, true);
		field(&datagram)[0] = (uint8_t)(pseudo >> 8);
		field(&datagram)[1] = (uint8_t)pseudo;
		ck_assert(checksum_looks_partial(&datagram.l4));
		ck_assert_int_eq(checksum_check(&datagram.l4), CHECKSUM_PARTIAL);
		checksum_set(&datagram.l4);
		ck_assert_int_eq(checksum_check(&datagram.l4), CHECKSUM_GOOD);
		ck_assert(!checksum_looks_partial(&datagram.l4));
		field(&datagram)[1] ^= 1;
		ck_assert_int_eq(checksum_check(&datagram.l4), CHECKSUM_BAD);
	}
}
END_TEST

/* RFC 768: a UDP sum of 0 means none, over IPv4 only; one that comes to 0 is written as all ones. */
START_TEST(udp_without_a_sum)
{
	static const struct {
		uint8_t address_size, protocol;
		enum checksum_state state;
	} rows[] = { { 4, IPPROTO_UDP, CHECKSUM_GOOD },
		     { 16, IPPROTO_UDP, CHECKSUM_BAD },
		     { 4, IPPROTO_TCP, CHECKSUM_BAD } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct datagram datagram = { .source = { 10, 1 }, .destination = { 10, 2 }, .bytes = { 1, 2, 3, 4 } };
		make(&datagram, rows[i].address_size, rows[i].protocol, 20);
		ck_assert_msg(checksum_check(&datagram.l4) == rows[i].state, "row %zu", i);
	}
}
END_TEST

START_TEST(a_sum_that_comes_to_nothing)
{
	for (int udp = 0; udp < 2; udp++) {
		struct datagram datagram = { .source = { 10, 1 }, .destination = { 10, 2 }, .bytes = { 1, 2, 3, 4 } };
		make(&datagram, 4, udp ? IPPROTO_UDP : IPPROTO_TCP, 20);
		uint16_t rest = (uint16_t)(0xffff - by_the_letter(&datagram.l4, false));
		datagram.bytes[8] = (uint8_t)(rest >> 8);
		datagram.bytes[9] = (uint8_t)rest;
		checksum_set(&datagram.l4);
		ck_assert_uint_eq(field(&datagram)[0] << 8 | field(&datagram)[1], udp ? 0xffff : 0);
		ck_assert_int_eq(checksum_check(&datagram.l4), CHECKSUM_GOOD);
	}
}
END_TEST

UNIT_MAIN("checksum", a_known_segment, random_segments, partial_sums, udp_without_a_sum, a_sum_that_comes_to_nothing)
