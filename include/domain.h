/* SPDX-License-Identifier: BSD-3-Clause */
/* A keyed name for a mail domain, made byte by byte while it goes by: a polynomial over the prime 2^61 - 1 at
 * a secret point. Two different domains of at most 255 bytes meet with a chance below 2^-53, and who does not
 * know the point cannot look for such a pair. */
#ifndef SLUICE_DOMAIN_H
#define SLUICE_DOMAIN_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "scope.h"

#define DOMAIN_PRIME ((1ull << 61) - 1)

/* Zero is no domain's name. */
#define DOMAIN_NONE 0ull

struct domain_key {
	uint64_t point; /* random, below DOMAIN_PRIME; 0: domains are not looked at */
};

static inline struct domain_key domain_key(uint64_t random)
{
	return (struct domain_key){ .point = random % (DOMAIN_PRIME - 256) + 256 };
}

static inline uint64_t domain_begin(void)
{
	return 1;
}

/* RFC 5321 section 2.4: domains have no case; bytes of UTF-8 (RFC 6531) are taken as they are. */
static inline uint64_t domain_add(struct domain_key key, uint64_t sum, uint8_t byte)
{
	uint8_t lower = byte >= 'A' && byte <= 'Z' ? byte + ('a' - 'A') : byte;
	unsigned __int128 wide = (unsigned __int128)sum * key.point + lower;
	uint64_t folded = (uint64_t)(wide & DOMAIN_PRIME) + (uint64_t)(wide >> 61);

	return folded >= DOMAIN_PRIME ? folded - DOMAIN_PRIME : folded;
}

static inline uint64_t domain_name(uint64_t sum)
{
	return sum + 1;
}

/* The name of a domain that is known whole. */
static inline uint64_t domain_of(struct domain_key key, const char *text, size_t size)
{
	uint64_t sum = domain_begin();

	for (size_t i = 0; i < size; i++)
		sum = domain_add(key, sum, (uint8_t)text[i]);
	return domain_name(sum);
}

/* Its scope: the name stands in place of an address. / The name in such a key. */
static inline struct scope_key domain_scope(uint64_t name)
{
	struct scope_key key = { .scope = SCOPE_DOMAIN };

	memcpy(key.address.byte, &name, sizeof(name));
	return key;
}

static inline uint64_t domain_in(const struct scope_key *key)
{
	uint64_t name;

	memcpy(&name, key->address.byte, sizeof(name));
	return name;
}

#endif
