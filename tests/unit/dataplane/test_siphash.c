/* SPDX-License-Identifier: BSD-3-Clause */
#include "siphash.h"

#include "dice.h"
#include "unit.h"

/* SipHash-2-4 of the bytes 0, 1, 2, ... under the key 00 01 .. 0f; 15 bytes: the paper's own example
 * (appendix A), the others: vectors_sip64 of the authors' program. */
static const struct {
	size_t size;
	uint64_t hash;
} rows_2_4[] = {
	{ 0, 0x726fdb47dd0e0e31 }, { 1, 0x74f839c593dc67fd }, { 2, 0x0d6c8009d9a94f5a },  { 3, 0x85676696d7fb7e2d },
	{ 7, 0xab0200f58b01d137 }, { 8, 0x93f5f5799a932462 }, { 15, 0xa129ca6149be45e5 },
};

/* SipHash-1-3 of the same bytes under a key of zeros, as CPython has it for its own hash(). */
static const struct {
	size_t size;
	uint64_t hash;
} rows_1_3[] = {
	{ 1, 0x68a914128e01e473 },  { 7, 0x2f098ab0c751325a },	{ 8, 0xead411e67ebe2eea },  { 9, 0x75927f9d95124362 },
	{ 15, 0xf30eb725bb91c9ea }, { 16, 0x8972188433a5c5b7 }, { 40, 0x95bc321ab41d8206 },
};

static uint8_t counting[64];

static void count_up(void)
{
	for (size_t i = 0; i < sizeof(counting); i++)
		counting[i] = (uint8_t)i;
}

START_TEST(published_vectors)
{
	count_up();
	for (size_t i = 0; i < sizeof(rows_2_4) / sizeof(rows_2_4[0]); i++)
		ck_assert_msg(siphash(2, 4, counting, counting, rows_2_4[i].size) == rows_2_4[i].hash, "2-4, %zu bytes",
			      rows_2_4[i].size);
}
END_TEST

START_TEST(fewer_rounds)
{
	static const uint8_t zeros[16];

	count_up();
	for (size_t i = 0; i < sizeof(rows_1_3) / sizeof(rows_1_3[0]); i++)
		ck_assert_msg(siphash(1, 3, zeros, counting, rows_1_3[i].size) == rows_1_3[i].hash, "1-3, %zu bytes",
			      rows_1_3[i].size);
}
END_TEST

/* Every bit of key and data counts. */
START_TEST(every_bit_counts)
{
	uint8_t key[16], data[40];

	count_up();
	memcpy(key, counting, sizeof(key));
	memcpy(data, counting, sizeof(data));
	uint64_t hash = siphash(1, 3, key, data, sizeof(data));
	for (size_t bit = 0; bit < sizeof(data) * 8; bit++) {
		data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		ck_assert_uint_ne(siphash(1, 3, key, data, sizeof(data)), hash);
		data[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	for (size_t bit = 0; bit < sizeof(key) * 8; bit++) {
		key[bit / 8] ^= (uint8_t)(1u << bit % 8);
		ck_assert_uint_ne(siphash(1, 3, key, data, sizeof(data)), hash);
		key[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}
END_TEST

START_TEST(needs_no_alignment)
{
	uint8_t shifted[sizeof(counting) + 8];

	count_up();
	for (size_t by = 0; by < 8; by++) {
		memcpy(shifted + by, counting, 15);
		ck_assert_uint_eq(siphash(2, 4, counting, shifted + by, 15), 0xa129ca6149be45e5);
	}
}
END_TEST

/* SipHash-1-3 by the letter of the paper, over 64-bit words and nothing after them; their number goes into the
 * third word of the state. */
static void letter_round(uint64_t v[4])
{
#define ROTL(x, bits) (((x) << (bits)) | ((x) >> (64 - (bits))))
	v[0] += v[1];
	v[2] += v[3];
	v[1] = ROTL(v[1], 13);
	v[3] = ROTL(v[3], 16);
	v[1] ^= v[0];
	v[3] ^= v[2];
	v[0] = ROTL(v[0], 32);
	v[2] += v[1];
	v[0] += v[3];
	v[1] = ROTL(v[1], 17);
	v[3] = ROTL(v[3], 21);
	v[1] ^= v[2];
	v[3] ^= v[0];
	v[2] = ROTL(v[2], 32);
}

static uint64_t letter(const uint64_t key[2], const uint64_t *word, unsigned words)
{
	uint64_t v[4] = { key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d, key[0] ^ 0x6c7967656e657261 ^ words,
			  key[1] ^ 0x7465646279746573 };

	for (unsigned i = 0; i < words; i++) {
		v[3] ^= word[i];
		letter_round(v);
		v[0] ^= word[i];
	}
	v[2] ^= 0xff;
	for (int i = 0; i < 3; i++)
		letter_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

START_TEST(words_by_the_letter)
{
	struct dice dice = { 12 };

	for (int round = 0; round < 1000; round++) {
		uint64_t key[2], word[5];
		uint8_t bytes[16];
		for (int i = 0; i < 2; i++)
			key[i] = dice_roll(&dice, 1ull << 40) << 24 ^ dice_roll(&dice, 1ull << 40);
		for (int i = 0; i < 5; i++)
			word[i] = dice_roll(&dice, 1ull << 40) << 24 ^ dice_roll(&dice, 1ull << 40);
		memcpy(bytes, key, sizeof(bytes));
		for (unsigned words = 0; words <= 5; words++)
			ck_assert_uint_eq(siphash_words(bytes, word, words), letter(key, word, words));
	}
}
END_TEST

/* Two keys of different forms never are one: words of zero count as well. */
START_TEST(their_number_counts)
{
	static const uint64_t zeros[8];
	uint64_t hash[9];

	count_up();
	for (unsigned words = 0; words <= 8; words++) {
		hash[words] = siphash_words(counting, zeros, words);
		for (unsigned fewer = 0; fewer < words; fewer++)
			ck_assert_uint_ne(hash[fewer], hash[words]);
	}
}
END_TEST

START_TEST(every_bit_of_the_words_counts)
{
	uint64_t word[5] = { 1, 2, 3, 4, 5 };
	uint8_t key[16];

	count_up();
	memcpy(key, counting, sizeof(key));
	uint64_t hash = siphash_words(key, word, 5);
	for (size_t bit = 0; bit < sizeof(word) * 8; bit++) {
		word[bit / 64] ^= 1ull << bit % 64;
		ck_assert_uint_ne(siphash_words(key, word, 5), hash);
		word[bit / 64] ^= 1ull << bit % 64;
	}
	for (size_t bit = 0; bit < sizeof(key) * 8; bit++) {
		key[bit / 8] ^= (uint8_t)(1u << bit % 8);
		ck_assert_uint_ne(siphash_words(key, word, 5), hash);
		key[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}
END_TEST

/* Keys that count up, as ports and addresses do, are spread evenly over a small table: by its low bits and by its
 * high ones. 64 places of 1000 on average; six standard deviations are 190. */
START_TEST(words_are_spread_evenly)
{
	uint32_t low[64] = { 0 }, high[64] = { 0 };

	count_up();
	for (uint64_t i = 0; i < 64000; i++) {
		const uint64_t word[2] = { 0x0a00000100000000 + i / 100, 25 << 16 | i % 100 };
		uint64_t hash = siphash_words(counting, word, 2);
		low[hash % 64]++;
		high[hash >> 58]++;
	}
	for (int i = 0; i < 64; i++) {
		ck_assert(low[i] > 810 && low[i] < 1190);
		ck_assert(high[i] > 810 && high[i] < 1190);
	}
}
END_TEST

UNIT_MAIN("siphash", published_vectors, fewer_rounds, every_bit_counts, needs_no_alignment, words_by_the_letter,
	  their_number_counts, every_bit_of_the_words_counts, words_are_spread_evenly)
