/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames made from a few words: what is not said is a plain SYN from an MTA to port 25. Sums are made by the
 * letter of RFC 1071, not by the code under test. */
#ifndef SLUICE_FRAMES_H
#define SLUICE_FRAMES_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "burst.h"

#define FRAME_MOST 1900

enum frame_sum { SUM_GOOD, SUM_PARTIAL, SUM_BAD, SUM_NONE };
enum frame_part { PART_NONE, PART_FRAME, PART_IP, PART_L4 };

struct frame {
	uint8_t side;	      /* where it comes from */
	uint16_t tag[3], tci; /* types of VLAN tags; each carries its place + 100, the last one `tci` */
	uint16_t type;	      /* of the frame, when not that of IP */
	bool ipv6;
	uint8_t options;	/* IPv4: words */
	const char *extensions; /* IPv6: a letter each, see extension_protocol() */
	uint16_t fragment;	/* the field of IPv4's header, or of IPv6's fragment header */
	uint8_t protocol;	/* 0: TCP */
	uint16_t from, to;	/* 0: 40000, 25 */
	uint8_t words;		/* of the TCP header; 0: 5 */
	uint16_t payload;
	uint16_t l4_size; /* 0: as much as header and payload; NO_L4: nothing */
	enum frame_sum sum;
	bool bad_ip_sum;
	struct {
		enum frame_part part;
		uint16_t at;
		uint8_t value;
	} edit;		/* a byte written over at last */
	uint16_t size;	/* of the frame, when not all of it */
	int16_t longer; /* by that many bytes, or shorter */
};

#define NO_L4 UINT16_MAX

struct frame_bytes {
	uint8_t byte[FRAME_MOST];
	uint16_t size, ip_at, l4_at, l4_size;
};

static inline void frame_write(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static inline uint16_t frame_sum(uint32_t sum, const uint8_t *bytes, uint16_t size)
{
	for (uint16_t i = 0; i < size; i++)
		sum += i % 2 == 0 ? (uint32_t)bytes[i] << 8 : bytes[i];
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static inline uint8_t frame_protocol(const struct frame *frame)
{
	return frame->protocol != 0 ? frame->protocol : IPPROTO_TCP;
}

static inline void frame_put_ethernet(const struct frame *frame, struct frame_bytes *bytes)
{
	uint8_t *at = bytes->byte + 12;

	memcpy(bytes->byte, (const uint8_t[12]){ 2, 0, 0, 0, 0, 0xb, 2, 0, 0, 0, 0, 0xa }, 12);
	for (int i = 0; i < 3 && frame->tag[i] != 0; i++, at += 4) {
		frame_write(at, frame->tag[i]);
		frame_write(at + 2, i == 2 || frame->tag[i + 1] == 0 ? frame->tci : (uint16_t)(100 + i));
	}
	frame_write(at, frame->type != 0 ? frame->type : frame->ipv6 ? 0x86dd : 0x0800);
	bytes->ip_at = (uint16_t)(at + 2 - bytes->byte);
}

/* h: hop by hop, r: routing, d: destination, D: the same with 264 bytes, f: fragment, a: authentication. */
static inline uint8_t extension_protocol(char letter)
{
	switch (letter) {
	case 'h':
		return IPPROTO_HOPOPTS;
	case 'r':
		return IPPROTO_ROUTING;
	case 'f':
		return IPPROTO_FRAGMENT;
	case 'a':
		return IPPROTO_AH;
	default:
		return IPPROTO_DSTOPTS;
	}
}

static inline uint16_t put_extension(const struct frame *frame, uint8_t *at, char letter, char next)
{
	at[0] = next != '\0' ? extension_protocol(next) : frame_protocol(frame);
	if (letter == 'f')
		frame_write(at + 2, frame->fragment);
	if (letter == 'a')
		at[1] = 1;
	if (letter == 'D')
		at[1] = 32;
	return letter == 'a' ? 12 : letter == 'D' ? 264 : 8;
}

static inline void frame_put_ipv6(const struct frame *frame, struct frame_bytes *bytes)
{
	const char *extensions = frame->extensions != NULL ? frame->extensions : "";
	uint8_t *ip = bytes->byte + bytes->ip_at, *at = ip + 40;

	ip[0] = 0x60;
	ip[6] = *extensions != '\0' ? extension_protocol(*extensions) : frame_protocol(frame);
	ip[7] = 64;
	memcpy(ip + 8, (const uint8_t[]){ 0x20, 1, 0xd, 0xb8, [15] = 1 }, 16);
	memcpy(ip + 24, (const uint8_t[]){ 0x20, 1, 0xd, 0xb8, [15] = 2 }, 16);
	for (; *extensions != '\0'; extensions++)
		at += put_extension(frame, at, extensions[0], extensions[1]);
	bytes->l4_at = (uint16_t)(at - bytes->byte);
	frame_write(ip + 4, (uint16_t)(at - ip - 40 + bytes->l4_size));
}

static inline void frame_put_ipv4(const struct frame *frame, struct frame_bytes *bytes)
{
	uint8_t *ip = bytes->byte + bytes->ip_at;
	uint16_t header = (uint16_t)(20 + frame->options * 4);

	ip[0] = (uint8_t)(0x40 | header / 4);
	frame_write(ip + 2, (uint16_t)(header + bytes->l4_size));
	frame_write(ip + 6, frame->fragment);
	ip[8] = 64;
	ip[9] = frame_protocol(frame);
	memcpy(ip + 12, (const uint8_t[]){ 10, 0, 0, 1, 192, 0, 2, 1 }, 8);
	memset(ip + 20, 1, header - 20u);
	frame_write(ip + 10, (uint16_t)(~frame_sum(0, ip, header) + frame->bad_ip_sum));
	bytes->l4_at = (uint16_t)(bytes->ip_at + header);
}

static inline void frame_put_sum(const struct frame *frame, struct frame_bytes *bytes)
{
	const uint8_t *ip = bytes->byte + bytes->ip_at, *addresses = ip + (frame->ipv6 ? 8 : 12);
	uint8_t *l4 = bytes->byte + bytes->l4_at, *field = l4 + (frame_protocol(frame) == IPPROTO_UDP ? 6 : 16);
	uint16_t pseudo = frame_sum(frame_protocol(frame) + (uint32_t)bytes->l4_size, addresses, frame->ipv6 ? 32 : 8);

	if (frame->sum == SUM_NONE || bytes->l4_size < 18)
		return;
	frame_write(field, frame->sum == SUM_PARTIAL ? pseudo : (uint16_t)~frame_sum(pseudo, l4, bytes->l4_size));
	if (frame->sum == SUM_BAD)
		field[1] ^= 0x10;
}

static inline void frame_put_l4(const struct frame *frame, struct frame_bytes *bytes)
{
	uint8_t *l4 = bytes->byte + bytes->l4_at;
	uint16_t header = (uint16_t)((frame->words != 0 ? frame->words : 5) * 4);

	frame_write(l4, frame->from != 0 ? frame->from : 40000);
	frame_write(l4 + 2, frame->to != 0 ? frame->to : 25);
	if (frame_protocol(frame) == IPPROTO_TCP) {
		memcpy(l4 + 4, (const uint8_t[]){ 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88 }, 8);
		l4[12] = (uint8_t)(header / 4 << 4);
		l4[13] = TCP_PSH | TCP_ACK;
	} else {
		frame_write(l4 + 4, bytes->l4_size);
	}
	for (uint16_t i = 0; i < frame->payload; i++)
		l4[header + i] = (uint8_t)(i * 7);
	frame_put_sum(frame, bytes);
}

static inline void frame_make(const struct frame *frame, struct frame_bytes *bytes)
{
	const uint16_t whole = (uint16_t)((frame->words != 0 ? frame->words : 5) * 4 + frame->payload);

	memset(bytes, 0, sizeof(*bytes));
	bytes->l4_size = frame->l4_size == NO_L4 ? 0 : frame->l4_size != 0 ? frame->l4_size : whole;
	frame_put_ethernet(frame, bytes);
	if (frame->ipv6)
		frame_put_ipv6(frame, bytes);
	else
		frame_put_ipv4(frame, bytes);
	frame_put_l4(frame, bytes);
	if (frame->edit.part != PART_NONE)
		bytes->byte[(frame->edit.part == PART_IP   ? bytes->ip_at
			     : frame->edit.part == PART_L4 ? bytes->l4_at
							   : 0) +
			    frame->edit.at] = frame->edit.value;
	bytes->size = frame->size != 0 ? frame->size : (uint16_t)(bytes->l4_at + bytes->l4_size + frame->longer);
}

#endif
