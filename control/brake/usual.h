/* SPDX-License-Identifier: BSD-3-Clause */
/* What a customer usually sends, by hour of the week: the baseline of the spike brake. Learned as a weighted mean of
 * its weeks, and so that a spike is not learned as it comes: a week adds at most a quarter of what there is, however
 * much was sent. Figures are kept in 16 bits each, true to half a per cent: 1 kB a customer. Pure. */
#ifndef SLUICE_USUAL_H
#define SLUICE_USUAL_H

#include <stdbool.h>
#include <stdint.h>

#include "limit.h"

#define USUAL_HOURS 168u /* of a week, the first is Monday's from 0:00 UTC on */
#define USUAL_HOUR_S 3600

/* The rates among the kinds of limits, by LIMIT_... - USUAL_FIRST. */
#define USUAL_FIRST LIMIT_CONNECTION_RATE
#define USUAL_KINDS (LIMIT_KINDS - USUAL_FIRST)

/* Of one hour; 0 is "not learned", not "nothing". */
struct usual_hour {
	uint16_t kind[USUAL_KINDS];
};

struct usual {
	struct usual_hour hour[USUAL_HOURS];
};

struct volume {
	double kind[USUAL_KINDS]; /* units an hour */
};

/* Of the week, by Unix time. */
unsigned usual_hour_of(int64_t unix_s);

/* One whole hour went by, and so much was sent in it. `floor` is what may be learned however little there was: the
 * brake lets as much pass anyway. An hour that is learned for the first time is taken as it is if `trusted`, else up to
 * what is known of other days or `floor`. */
void usual_learn(struct usual *usual, unsigned hour, const struct volume *volume, const struct volume *floor,
		 bool trusted);

/* The most of this hour and those beside it, so that no full hour is a cliff and who is early or late, or sets his
 * clocks, is as usual. Of hours never seen: the most of the same hour of other days. False: nothing is known. */
bool usual_around(const struct usual *usual, unsigned hour, enum limit_kind kind, double *ret_volume);

#endif
