/* SPDX-License-Identifier: BSD-3-Clause */
/* Multilinear hashing (Lemire and Kaser, "Strongly universal string hashing is fast", 2014, in the form that halves the
 * multiplications): with keys drawn at random, two different texts have the same 64 bits with a probability of 2^-64,
 * whatever they are. Three multiplications for a pair of words, where SipHash has some seventy instructions. But
 * whoever sees hashes can compute the keys: it is for tables, and not for what goes out on the wire. */
#ifndef SLUICE_MULTILINEAR_H
#define SLUICE_MULTILINEAR_H

#include <stdint.h>

#include "siphash.h"

#define MULTILINEAR_WORDS 6

struct multilinear_key {
	unsigned __int128 first, word[MULTILINEAR_WORDS];
};

/* Texts of two words and of six, each by keys of their own. */
struct multilinear {
	struct multilinear_key two, six;
};

/* All keys from a secret. */
static inline void multilinear_init(struct multilinear *hash, const uint8_t secret[16])
{
	uint64_t half[sizeof(*hash) / sizeof(uint64_t)];

	for (uint64_t i = 0; i < sizeof(half) / sizeof(half[0]); i++)
		half[i] = siphash_words(secret, &i, 1);
	memcpy(hash, half, sizeof(*hash));
}

/* What counts up in a text counts up in the sum too: that all such sums are apart says little of where they lie. Each
 * is put in another's place, so the probability stays (the finish of splitmix64, Steele et al., 2014). */
static inline uint64_t multilinear_finish(unsigned __int128 sum)
{
	uint64_t hash = (uint64_t)(sum >> 64);

	hash = (hash ^ hash >> 30) * 0xbf58476d1ce4e5b9;
	return hash ^ hash >> 27;
}

static inline uint64_t multilinear_two(const struct multilinear *hash, uint64_t a, uint64_t b)
{
	const struct multilinear_key *key = &hash->two;

	return multilinear_finish(key->first + (key->word[0] + a) * (key->word[1] + b));
}

static inline uint64_t multilinear_six(const struct multilinear *hash, const uint64_t word[MULTILINEAR_WORDS])
{
	const struct multilinear_key *key = &hash->six;
	unsigned __int128 sum = key->first;

	for (int i = 0; i < MULTILINEAR_WORDS; i += 2)
		sum += (key->word[i] + word[i]) * (key->word[i + 1] + word[i + 1]);
	return multilinear_finish(sum);
}

#endif
