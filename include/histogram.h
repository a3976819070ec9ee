/* SPDX-License-Identifier: BSD-3-Clause */
/* How long things waited, counted in cells: four to an octave from 1 us on, so a cell's bounds are at most a quarter
 * apart. One writer; readers see whole words. Time is an argument, in nanoseconds. */
#ifndef SLUICE_HISTOGRAM_H
#define SLUICE_HISTOGRAM_H

#include <stdatomic.h>
#include <stdint.h>

#define HISTOGRAM_STEPS 4u    /* an octave */
#define HISTOGRAM_OCTAVES 26u /* 2^26 us is 67 s, above the longest hold that makes sense */
/* Below 1 us, the octaves, and all that is longer. */
#define HISTOGRAM_CELLS (1 + HISTOGRAM_OCTAVES * HISTOGRAM_STEPS + 1)

struct histogram {
	_Atomic uint64_t most_ns; /* the longest there was */
	_Atomic uint64_t cell[HISTOGRAM_CELLS];
};

static inline unsigned histogram_cell(uint64_t ns)
{
	uint64_t us = ns / 1000;

	if (us == 0)
		return 0;
	unsigned octave = 63u - (unsigned)__builtin_clzll(us);
	if (octave >= HISTOGRAM_OCTAVES)
		return HISTOGRAM_CELLS - 1;
	/* The two bits below the first one. */
	return 1 + octave * HISTOGRAM_STEPS + ((unsigned)(us << 2 >> octave) & (HISTOGRAM_STEPS - 1));
}

static inline void histogram_add(struct histogram *histogram, uint64_t ns)
{
	_Atomic uint64_t *cell = &histogram->cell[histogram_cell(ns)];

	atomic_store_explicit(cell, atomic_load_explicit(cell, memory_order_relaxed) + 1, memory_order_relaxed);
	if (ns > atomic_load_explicit(&histogram->most_ns, memory_order_relaxed))
		atomic_store_explicit(&histogram->most_ns, ns, memory_order_relaxed);
}

/* Nothing in this cell is as long; UINT64_MAX of the last one. */
uint64_t histogram_end(unsigned cell);

uint64_t histogram_total(const uint64_t cell[HISTOGRAM_CELLS]);

/* The least bound that so many permille of all do not exceed, `most_ns` at most; 0 when there are none. */
uint64_t histogram_quantile(const uint64_t cell[HISTOGRAM_CELLS], uint64_t most_ns, unsigned permille);

#endif
