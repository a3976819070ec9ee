/* SPDX-License-Identifier: BSD-3-Clause */
/* SipHash-c-d (Aumasson and Bernstein, 2012): a keyed hash, so that nobody outside can choose keys that
 * collide. 1-3 for tables, 2-4 for cookies that an attacker sees. */
#ifndef SLUICE_SIPHASH_H
#define SLUICE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct siphash {
	uint64_t v0, v1, v2, v3;
};

static inline uint64_t siphash_rotate(uint64_t x, unsigned bits)
{
	return x << bits | x >> (64 - bits);
}

static inline void siphash_round(struct siphash *s)
{
	s->v0 += s->v1;
	s->v1 = siphash_rotate(s->v1, 13) ^ s->v0;
	s->v0 = siphash_rotate(s->v0, 32);
	s->v2 += s->v3;
	s->v3 = siphash_rotate(s->v3, 16) ^ s->v2;
	s->v0 += s->v3;
	s->v3 = siphash_rotate(s->v3, 21) ^ s->v0;
	s->v2 += s->v1;
	s->v1 = siphash_rotate(s->v1, 17) ^ s->v2;
	s->v2 = siphash_rotate(s->v2, 32);
}

static inline void siphash_rounds(struct siphash *s, int rounds)
{
	while (rounds-- > 0)
		siphash_round(s);
}

static inline uint64_t siphash(int compress, int finish, const uint8_t key[16], const void *data, size_t size)
{
	uint64_t k0, k1, word;
	const uint8_t *byte = data;

	memcpy(&k0, key, 8);
	memcpy(&k1, key + 8, 8);
	struct siphash s = { k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d, k0 ^ 0x6c7967656e657261,
			     k1 ^ 0x7465646279746573 };
	for (size_t left = size; left >= 8; left -= 8, byte += 8) {
		memcpy(&word, byte, 8);
		s.v3 ^= word;
		siphash_rounds(&s, compress);
		s.v0 ^= word;
	}
	word = 0;
	memcpy(&word, byte, size & 7);
	word |= (uint64_t)size << 56;
	s.v3 ^= word;
	siphash_rounds(&s, compress);
	s.v0 ^= word;
	s.v2 ^= 0xff;
	siphash_rounds(&s, finish);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

/* SipHash-1-3 of whole words, without the length that ends the general one: for keys of a fixed form. */
static inline uint64_t siphash_words(const uint8_t key[16], const uint64_t *word, unsigned words)
{
	uint64_t k0, k1;

	memcpy(&k0, key, 8);
	memcpy(&k1, key + 8, 8);
	struct siphash s = { k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d, k0 ^ 0x6c7967656e657261 ^ words,
			     k1 ^ 0x7465646279746573 };
	for (unsigned i = 0; i < words; i++) {
		s.v3 ^= word[i];
		siphash_round(&s);
		s.v0 ^= word[i];
	}
	s.v2 ^= 0xff;
	siphash_round(&s);
	siphash_round(&s);
	siphash_round(&s);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

#endif
