/* SPDX-License-Identifier: BSD-3-Clause */
/* TCP and UDP checksums in software (RFC 1071). A kernel that sends over a virtual link leaves the sum to
 * a NIC that does not exist: the field then holds the pseudo-header's sum alone, which is how such frames
 * are told from broken ones. */
#ifndef SLUICE_CHECKSUM_H
#define SLUICE_CHECKSUM_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static inline uint16_t checksum_fold(uint64_t sum)
{
	sum += sum << 32 | sum >> 32; /* above: both halves and the carry of the one below */
	uint32_t half = (uint32_t)(sum >> 32);
	half += half << 16 | half >> 16;
	return (uint16_t)(half >> 16);
}

/* Words of the machine's order in a wide sum: folded, it is the same as of 16-bit words (RFC 1071 section 2). */
static inline uint64_t checksum_sum(const uint8_t *bytes, uint32_t size)
{
	uint64_t sum = 0;
	uint32_t word[4];

	for (; size >= sizeof(word); bytes += sizeof(word), size -= sizeof(word)) {
		memcpy(word, bytes, sizeof(word));
		sum += (uint64_t)word[0] + word[1];
		sum += (uint64_t)word[2] + word[3];
	}
	for (; size >= 4; bytes += 4, size -= 4) {
		memcpy(word, bytes, 4);
		sum += word[0];
	}
	if (size >= 2) {
		uint16_t pair;
		memcpy(&pair, bytes, 2);
		sum += pair;
		bytes += 2;
	}
	if (size & 1) {
		uint16_t odd = 0;
		memcpy(&odd, bytes, 1);
		sum += odd;
	}
	return sum;
}

/* A TCP or UDP segment in its frame. */
struct l4 {
	const uint8_t *source, *destination; /* addresses */
	uint8_t address_size;		     /* 4 or 16 */
	uint8_t protocol;
	uint16_t size; /* header and payload */
	uint8_t *bytes;
};

enum checksum_state { CHECKSUM_GOOD, CHECKSUM_PARTIAL, CHECKSUM_BAD };

/* RFC 9293 section 3.1 and RFC 8200 section 8.1: both come to the same sum. */
static inline uint16_t checksum_pseudo(const struct l4 *l4)
{
	return checksum_fold(checksum_sum(l4->source, l4->address_size) +
			     checksum_sum(l4->destination, l4->address_size) + htons(l4->protocol) + htons(l4->size));
}

/* As nearly all are, so it is asked first. Without options in between, what is summed is one piece of memory. */
static inline bool checksum_is_right(const struct l4 *l4)
{
	if (l4->destination == l4->source + l4->address_size && l4->bytes == l4->destination + l4->address_size)
		return checksum_fold(checksum_sum(l4->source, 2u * l4->address_size + l4->size) + htons(l4->protocol) +
				     htons(l4->size)) == 0xffff;
	return checksum_fold((uint64_t)checksum_pseudo(l4) + checksum_sum(l4->bytes, l4->size)) == 0xffff;
}

/* Whether only the pseudo-header was summed; cheap, and wrong once in 65536 good sums. */
bool checksum_looks_partial(const struct l4 *l4);

enum checksum_state checksum_check(const struct l4 *l4);

void checksum_set(const struct l4 *l4);

#endif
