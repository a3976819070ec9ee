/* SPDX-License-Identifier: BSD-3-Clause */
#include "checksum.h"

#include <netinet/in.h>
#include <string.h>

static uint8_t *field(const struct l4 *l4)
{
	return l4->bytes + (l4->protocol == IPPROTO_TCP ? 16 : 6);
}

static uint16_t stored(const struct l4 *l4)
{
	uint16_t sum;

	memcpy(&sum, field(l4), sizeof(sum));
	return sum;
}

bool checksum_looks_partial(const struct l4 *l4)
{
	return stored(l4) == checksum_pseudo(l4);
}

enum checksum_state checksum_check(const struct l4 *l4)
{
	/* RFC 768: a UDP sum of 0 over IPv4 means none. */
	if (l4->protocol == IPPROTO_UDP && stored(l4) == 0 && l4->address_size == 4)
		return CHECKSUM_GOOD;
	if (checksum_is_right(l4))
		return CHECKSUM_GOOD;
	return checksum_looks_partial(l4) ? CHECKSUM_PARTIAL : CHECKSUM_BAD;
}

void checksum_set(const struct l4 *l4)
{
	uint16_t sum = 0;

	memcpy(field(l4), &sum, sizeof(sum));
	sum = (uint16_t)~checksum_fold((uint64_t)checksum_pseudo(l4) + checksum_sum(l4->bytes, l4->size));
	if (sum == 0 && l4->protocol == IPPROTO_UDP)
		sum = 0xffff;
	memcpy(field(l4), &sum, sizeof(sum));
}
