/* SPDX-License-Identifier: BSD-3-Clause */
/* Which hours of the calendar were seen whole. An hour in which the gate was away or began anew, the daemon was down or
 * the calendar jumped is not: nothing is learned of it, since what was not seen is not nothing. Pure. */
#ifndef SLUICE_HOURS_H
#define SLUICE_HOURS_H

#include <stdbool.h>
#include <stdint.h>

struct hours {
	int64_t hour; /* of the calendar, counted from 1970 on; 0: none yet */
	bool whole;   /* seen from its beginning on, without a gap */
	uint64_t began_usec, heard_usec;
	uint32_t gate;
};

/* An answer of the gate, or that there was none. */
struct hours_heard {
	int64_t unix_s;
	uint64_t steady_usec;
	uint32_t gate; /* its pid */
	bool answered;
};

enum hours_turn {
	HOUR_GOES_ON,
	HOUR_OVER, /* and it was not seen whole */
	HOUR_WHOLE,
};

enum hours_turn hours_hear(struct hours *hours, const struct hours_heard *heard);

#endif
