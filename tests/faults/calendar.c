/* SPDX-License-Identifier: BSD-3-Clause */
/* Put before a program by LD_PRELOAD: its calendar is off by as many milliseconds (whole seconds of them) as a file
 * says, 8 bytes named by CALENDAR_OFFSET, which somebody else changes while it runs. Clocks that count time that passed
 * are as they are. */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *offset_ms;

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("CALENDAR_OFFSET");
	int descriptor = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;

	if (descriptor < 0)
		abort();
	offset_ms = mmap(NULL, sizeof(*offset_ms), PROT_READ, MAP_SHARED, descriptor, 0);
	if (offset_ms == MAP_FAILED)
		abort();
	close(descriptor);
}

int clock_gettime(clockid_t clock, struct timespec *time)
{
	long ret = syscall(SYS_clock_gettime, clock, time);

	if (ret == 0 && offset_ms != NULL && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
		time->tv_sec += *offset_ms / 1000;
	return (int)ret;
}

int gettimeofday(struct timeval *restrict time, void *restrict zone)
{
	struct timespec now;
	int ret = clock_gettime(CLOCK_REALTIME, &now);

	(void)zone;
	*time = (struct timeval){ now.tv_sec, now.tv_nsec / 1000 };
	return ret;
}

time_t time(time_t *ret_time)
{
	struct timespec now = { 0 };

	clock_gettime(CLOCK_REALTIME, &now);
	if (ret_time != NULL)
		*ret_time = now.tv_sec;
	return now.tv_sec;
}
