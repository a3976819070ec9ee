/* SPDX-License-Identifier: BSD-3-Clause */
/* TCP and UDP checksums in software (RFC 1071). A kernel that sends over a virtual link leaves the sum to
 * a NIC that does not exist: the field then holds the pseudo-header's sum alone, which is how such frames
 * are told from broken ones. */
#ifndef SLUICE_CHECKSUM_H
#define SLUICE_CHECKSUM_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static inline uint16_t checksum_fold(uint64_t sum)
{
	sum = (sum & UINT32_MAX) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)((sum & 0xffff) + (sum >> 16));
}

/* Words of the machine's order in a wide sum: folded, it is the same as of 16-bit words (RFC 1071 section 2). */
static inline uint64_t checksum_sum(const uint8_t *bytes, uint32_t size)
{
	uint64_t sum = 0, word[4], tail = 0;

	for (; size >= sizeof(word); bytes += sizeof(word), size -= sizeof(word)) {
		memcpy(word, bytes, sizeof(word));
		for (int i = 0; i < 4; i++)
			sum += (word[i] & UINT32_MAX) + (word[i] >> 32);
	}
	for (; size >= 8; bytes += 8, size -= 8) {
		memcpy(word, bytes, 8);
		sum += (word[0] & UINT32_MAX) + (word[0] >> 32);
	}
	if (size >= 4) {
		memcpy(&tail, bytes, 4);
		sum += tail;
		bytes += 4;
		size -= 4;
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

/* Whether only the pseudo-header was summed; cheap, and wrong once in 65536 good sums. */
bool checksum_looks_partial(const struct l4 *l4);

enum checksum_state checksum_check(const struct l4 *l4);

void checksum_set(const struct l4 *l4);

#endif
