/* SPDX-License-Identifier: BSD-3-Clause */
/* Sizes of tables, and cache lines fetched ahead. */
#ifndef SLUICE_MEMORY_H
#define SLUICE_MEMORY_H

#include <stdint.h>

static inline uint32_t power_of_two(uint32_t at_least)
{
	uint32_t power = 1;

	while (power < at_least && power < 1u << 31)
		power *= 2;
	return power;
}

/* A cold line costs some 500 cycles alone and a tenth of that when many are on their way at once. Not announced as
 * one to be written: prefetchw, where the compiler may use it, made the whole path a third slower. */
static inline void fetch(const void *line)
{
	__builtin_prefetch(line, 0, 3);
}

#endif
