/* SPDX-License-Identifier: BSD-3-Clause */
/* What the fuzz targets share. A target is one function; libFuzzer calls it with bytes of its own making, and a
 * must() that does not hold ends it as a sanitizer's finding does. */
#ifndef SLUICE_FUZZ_H
#define SLUICE_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

#define must(condition)                                                                                                \
	do {                                                                                                           \
		if (!(condition))                                                                                      \
			__builtin_trap();                                                                              \
	} while (0)

/* The input as a source of numbers; 0 when it is used up. */
struct bytes {
	const uint8_t *at;
	size_t left;
};

static inline uint8_t take8(struct bytes *bytes)
{
	if (bytes->left == 0)
		return 0;
	bytes->left--;
	return *bytes->at++;
}

static inline uint16_t take16(struct bytes *bytes)
{
	uint16_t high = take8(bytes);

	return (uint16_t)(high << 8 | take8(bytes));
}

static inline uint32_t take32(struct bytes *bytes)
{
	uint32_t high = take16(bytes);

	return high << 16 | take16(bytes);
}

/* Up to `size` bytes in a block of exactly that many, so that a step beyond it is seen. To be freed. */
static inline uint8_t *take_block(struct bytes *bytes, size_t size)
{
	uint8_t *block = calloc(1, size > 0 ? size : 1);
	size_t taken = size < bytes->left ? size : bytes->left;

	must(block != NULL);
	memcpy(block, bytes->at, taken);
	bytes->at += taken;
	bytes->left -= taken;
	return block;
}

/* All that is left, as a text. To be freed. */
static inline char *take_text(struct bytes *bytes)
{
	char *text = strndup((const char *)bytes->at, bytes->left);

	must(text != NULL);
	bytes->left = 0;
	return text;
}

#endif
