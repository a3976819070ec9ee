/* SPDX-License-Identifier: BSD-3-Clause */
/* What the race programs share. Each runs its threads for RACE_SECONDS (4), then looks at what they left behind.
 * The first thing that is wrong ends the program, so that its place is the last thing said. */
#ifndef SLUICE_RACE_H
#define SLUICE_RACE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "clock.h"

#define require(condition, ...)                                                                                        \
	do {                                                                                                           \
		if (!(condition)) {                                                                                    \
			fprintf(stderr, "%s:%d: %s: ", __FILE__, __LINE__, #condition);                                \
			fprintf(stderr, __VA_ARGS__);                                                                  \
			fputc('\n', stderr);                                                                           \
			_exit(1);                                                                                      \
		}                                                                                                      \
	} while (0)

/* xorshift64*, one state a thread; the seed must not be 0. */
static inline uint32_t race_random(uint64_t *state, uint32_t below)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return (uint32_t)((*state * 2685821657736338717u) >> 33) % below;
}

/* When a program that starts now stops its threads. */
static inline uint64_t race_end(void)
{
	const char *seconds = getenv("RACE_SECONDS");

	return clock_now() + (seconds != NULL ? strtoull(seconds, NULL, 10) : 4u) * 1000000000u;
}

static inline pthread_t race_start(void *(*run)(void *argument), void *argument)
{
	pthread_t thread;

	require(pthread_create(&thread, NULL, run, argument) == 0, "no thread");
	return thread;
}

#endif
