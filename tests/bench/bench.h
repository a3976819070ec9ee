/* SPDX-License-Identifier: BSD-3-Clause */
/* What the benchmarks share: time in core cycles, a cheap random source, how figures are given out. Times are CPU
 * time of the thread, so that a neighbour on the core is not counted; cycles come from the core's clock, measured
 * anew in each round. */
#ifndef SLUICE_BENCH_H
#define SLUICE_BENCH_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <rte_cycles.h>

#define BENCH_ROUNDS_MOST 32

static inline double bench_cpu_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	return 1e9 * (double)time.tv_sec + (double)time.tv_nsec;
}

/* A chain of multiplications, three cycles each on every x86-64 of the last ten years, tells the core's clock. */
static inline double bench_core_ghz(void)
{
	const int links = 250000;
	double best = 1e9;

	for (int attempt = 0; attempt < 5; attempt++) {
		uint64_t x = 3;
		double start = bench_cpu_ns();
		for (int i = 0; i < links; i++)
			__asm__ volatile("imul %0,%0\n\timul %0,%0\n\timul %0,%0\n\timul %0,%0" : "+r"(x));
		double ns = (bench_cpu_ns() - start) / (4.0 * links);
		best = ns < best ? ns : best;
	}
	return 3.0 / best;
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

/* How long to measure, from the environment: a number, or what is usual. */
static inline uint32_t bench_setting(const char *name, uint32_t usual)
{
	const char *text = getenv(name);

	return text != NULL ? (uint32_t)strtoul(text, NULL, 10) : usual;
}

static inline unsigned bench_rounds(void)
{
	uint32_t rounds = bench_setting("BENCH_ROUNDS", 5);

	return rounds < BENCH_ROUNDS_MOST ? rounds : BENCH_ROUNDS_MOST;
}

/* One figure a line: its name, then what each round gave. Medians and spreads are the reader's. */
static inline void bench_report(const char *name, const double *rounds, unsigned count)
{
	printf("%s", name);
	for (unsigned i = 0; i < count; i++)
		printf(" %.6g", rounds[i]);
	printf("\n");
	fflush(stdout);
}

static inline void bench_report_one(const char *name, double value)
{
	bench_report(name, &value, 1);
}

/* A program that cannot measure says why, and gives out no figure. */
static inline void __attribute__((noreturn)) bench_die(const char *why)
{
	fprintf(stderr, "bench: %s\n", why);
	exit(EXIT_FAILURE);
}

#endif
