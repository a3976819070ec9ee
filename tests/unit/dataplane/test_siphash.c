/* SPDX-License-Identifier: BSD-3-Clause */
#include "siphash.h"
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

UNIT_MAIN("siphash", published_vectors, fewer_rounds, every_bit_counts, needs_no_alignment)
