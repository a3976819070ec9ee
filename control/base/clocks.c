/* SPDX-License-Identifier: BSD-3-Clause */
#include "clocks.h"

#include <time.h>

static struct timespec read_clock(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return time;
}

int64_t wall_ms(void)
{
	struct timespec time = read_clock(CLOCK_REALTIME);

	return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

int64_t boot_ms(void)
{
	struct timespec time = read_clock(CLOCK_BOOTTIME);

	return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

uint64_t steady_usec(void)
{
	struct timespec time = read_clock(CLOCK_MONOTONIC);

	return (uint64_t)time.tv_sec * 1000000u + (uint64_t)time.tv_nsec / 1000;
}
