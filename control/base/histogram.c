/* SPDX-License-Identifier: BSD-3-Clause */
#include "histogram.h"

uint64_t histogram_end(unsigned cell)
{
	unsigned octave = cell / HISTOGRAM_STEPS, step = cell % HISTOGRAM_STEPS;

	if (cell >= HISTOGRAM_CELLS - 1)
		return UINT64_MAX;
	/* In quarters of a microsecond, and up to the next whole one: so are those that were counted. */
	uint64_t quarters = (uint64_t)(HISTOGRAM_STEPS + step) << octave;
	return (quarters + 3) / 4 * 1000;
}

uint64_t histogram_total(const uint64_t cell[HISTOGRAM_CELLS])
{
	uint64_t total = 0;

	for (unsigned i = 0; i < HISTOGRAM_CELLS; i++)
		total += cell[i];
	return total;
}

uint64_t histogram_quantile(const uint64_t cell[HISTOGRAM_CELLS], uint64_t most_ns, unsigned permille)
{
	uint64_t total = histogram_total(cell), wanted = (total * permille + 999) / 1000, seen = 0;

	if (total == 0)
		return 0;
	for (unsigned i = 0; i < HISTOGRAM_CELLS; i++) {
		seen += cell[i];
		if (seen >= wanted && seen > 0)
			return histogram_end(i) < most_ns ? histogram_end(i) : most_ns;
	}
	return most_ns;
}
