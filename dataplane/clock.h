/* SPDX-License-Identifier: BSD-3-Clause */
/* The one clock of the gate: monotonic, in ns. Asked only at the edges (a worker's loop, the control thread);
 * arithmetic takes time as an argument. */
#ifndef SLUICE_CLOCK_H
#define SLUICE_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline uint64_t clock_now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

#endif
