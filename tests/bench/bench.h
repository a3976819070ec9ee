/* SPDX-License-Identifier: BSD-3-Clause */
/* What the benchmarks share: time in core cycles, medians, a cheap random source. Times are CPU time of the
 * thread, so that a neighbour on the core is not counted; cycles come from a clock found at start. */
#ifndef SLUICE_BENCH_H
#define SLUICE_BENCH_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <rte_cycles.h>

#define ROUNDS 5

struct bench_clock {
	double tsc_ghz, core_ghz;
};

static inline double bench_cpu(void)
{
	struct timespec time;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* A chain of multiplications, three cycles each on every x86-64 of the last ten years, tells the core's clock. */
static inline double bench_core_ghz(void)
{
	const int links = 1000000;
	double best = 1e9;

	for (int round = 0; round < 9; round++) {
		uint64_t x = 3;
		double start = bench_cpu();
		for (int i = 0; i < links; i++)
			__asm__ volatile("imul %0,%0\n\timul %0,%0\n\timul %0,%0\n\timul %0,%0" : "+r"(x));
		double ns = (bench_cpu() - start) * 1e9 / (4.0 * links);
		best = ns < best ? ns : best;
	}
	return 3.0 / best;
}

static inline struct bench_clock bench_calibrate(void)
{
	return (struct bench_clock){ (double)rte_get_tsc_hz() / 1e9, bench_core_ghz() };
}

static inline uint64_t bench_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static inline uint64_t bench_mix(uint64_t x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

static inline int bench_by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y;
}

static inline double bench_median(const double *values, size_t count)
{
	double sorted[64];

	memcpy(sorted, values, count * sizeof(*values));
	qsort(sorted, count, sizeof(*sorted), bench_by_value);
	return sorted[count / 2];
}

#endif
