/* SPDX-License-Identifier: BSD-3-Clause */
#include "multilinear.h"

#include "dice.h"
#include "unit.h"

static const uint8_t secret[16] = { 1, 2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47 };

static uint64_t roll(struct dice *dice)
{
	return dice_roll(dice, 1ull << 40) << 24 ^ dice_roll(dice, 1ull << 40);
}

/* a times b plus c, by the 32-bit digits that are learned at school: 128 bits of it. */
static void letter_add(uint32_t sum[4], const uint32_t more[4])
{
	uint64_t carry = 0;

	for (int i = 0; i < 4; i++) {
		carry += (uint64_t)sum[i] + more[i];
		sum[i] = (uint32_t)carry;
		carry >>= 32;
	}
}

static void letter_times(const uint32_t a[4], const uint32_t b[4], uint32_t product[4])
{
	uint32_t sum[4] = { 0 };

	for (int i = 0; i < 4; i++)
		for (int j = 0; i + j < 4; j++) {
			uint64_t digit = (uint64_t)a[i] * b[j];
			uint32_t part[4] = { 0 };
			part[i + j] = (uint32_t)digit;
			if (i + j < 3)
				part[i + j + 1] = (uint32_t)(digit >> 32);
			letter_add(sum, part);
		}
	memcpy(product, sum, sizeof(sum));
}

static uint64_t letter(const struct multilinear_key *key, const uint64_t *word, int words)
{
	uint32_t sum[4], digits[2][4], product[4];

	memcpy(sum, &key->first, 16);
	for (int i = 0; i < words; i += 2) {
		for (int half = 0; half < 2; half++) {
			const uint32_t text[4] = { (uint32_t)word[i + half], (uint32_t)(word[i + half] >> 32) };
			memcpy(digits[half], &key->word[i + half], 16);
			letter_add(digits[half], text);
		}
		letter_times(digits[0], digits[1], product);
		letter_add(sum, product);
	}
	uint64_t is = sum[2] | (uint64_t)sum[3] << 32;
	is ^= is >> 30;
	is *= 0xbf58476d1ce4e5b9;
	return is ^ is >> 27;
}

START_TEST(by_the_letter)
{
	struct multilinear hash;
	struct dice dice = { 7 };

	multilinear_init(&hash, secret);
	for (int round = 0; round < 1000; round++) {
		uint64_t word[MULTILINEAR_WORDS];
		for (int i = 0; i < MULTILINEAR_WORDS; i++)
			word[i] = roll(&dice);
		ck_assert_uint_eq(multilinear_two(&hash, word[0], word[1]), letter(&hash.two, word, 2));
		ck_assert_uint_eq(multilinear_six(&hash, word), letter(&hash.six, word, 6));
	}
}
END_TEST

/* Every bit of the secret and of the text counts. */
START_TEST(every_bit_counts)
{
	uint64_t word[MULTILINEAR_WORDS] = { 1, 2, 3, 4, 5, 6 };
	struct multilinear hash, other;

	multilinear_init(&hash, secret);
	uint64_t two = multilinear_two(&hash, 1, 2), six = multilinear_six(&hash, word);
	for (int bit = 0; bit < 128; bit++) {
		uint8_t near[16];
		memcpy(near, secret, sizeof(near));
		near[bit / 8] ^= (uint8_t)(1u << bit % 8);
		multilinear_init(&other, near);
		ck_assert(multilinear_two(&other, 1, 2) != two && multilinear_six(&other, word) != six);
	}
	for (int bit = 0; bit < 64 * MULTILINEAR_WORDS; bit++) {
		word[bit / 64] ^= 1ull << bit % 64;
		ck_assert_uint_ne(multilinear_six(&hash, word), six);
		ck_assert(bit >= 128 || multilinear_two(&hash, word[0], word[1]) != two);
		word[bit / 64] ^= 1ull << bit % 64;
	}
}
END_TEST

/* A text of two words and one of six that goes on with zeros are not one. */
START_TEST(forms_are_apart)
{
	const uint64_t word[MULTILINEAR_WORDS] = { 1, 2 };
	struct multilinear hash;

	multilinear_init(&hash, secret);
	ck_assert_uint_ne(multilinear_two(&hash, 1, 2), multilinear_six(&hash, word));
}
END_TEST

/* Addresses and ports that count up are spread as dice would: by low bits and by high ones over 64 places of 1000 on
 * average, where six standard deviations are 190; and over 4096 of 16 some are empty nearly, and some have twice as
 * much. */
START_TEST(spread_evenly)
{
	static uint32_t fine[4096];
	uint32_t low[64] = { 0 }, high[64] = { 0 }, least = UINT32_MAX, most = 0;
	struct multilinear hash;

	multilinear_init(&hash, secret);
	for (uint64_t i = 0; i < 64000; i++) {
		uint64_t is = multilinear_two(&hash, 0x0a00000100000000 + i / 100, 25 << 16 | i % 100);
		low[is % 64]++;
		high[is >> 58]++;
		fine[is % 4096]++;
	}
	for (int i = 0; i < 4096; i++) {
		least = fine[i] < least ? fine[i] : least;
		most = fine[i] > most ? fine[i] : most;
	}
	ck_assert(least < 6 && most > 27 && most < 60);
	for (int i = 0; i < 64; i++) {
		ck_assert(low[i] > 810 && low[i] < 1190);
		ck_assert(high[i] > 810 && high[i] < 1190);
	}
}
END_TEST

UNIT_MAIN("multilinear", by_the_letter, every_bit_counts, forms_are_apart, spread_evenly)
