/* SPDX-License-Identifier: BSD-3-Clause */
/* TCP and UDP checksums in software (RFC 1071). A kernel that sends over a virtual link leaves the sum to
 * a NIC that does not exist: the field then holds the pseudo-header's sum alone, which is how such frames
 * are told from broken ones. */
#ifndef SLUICE_CHECKSUM_H
#define SLUICE_CHECKSUM_H

#include <stdbool.h>
#include <stdint.h>

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
