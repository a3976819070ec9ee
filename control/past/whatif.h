/* SPDX-License-Identifier: BSD-3-Clause */
/* What a limit would have come to in the hour that passed. At least: within a minute units are taken to come as evenly
 * as the limit likes them, and what was held back or refused by the limits that were in force is not among what
 * passed. Pure. */
#ifndef SLUICE_WHATIF_H
#define SLUICE_WHATIF_H

#include "limit.h"
#include "past/past.h"

struct whatif {
	uint64_t passed;  /* units; of connections at once: the most there were */
	uint64_t over;	  /* of them, those that would have waited or been refused */
	unsigned minutes; /* in so many */
};

/* `limit` NULL: none. */
struct whatif whatif(const struct past *past, const struct scope_key *key, enum limit_kind kind,
		     const struct limit *limit);

#endif
