/* SPDX-License-Identifier: BSD-3-Clause */
/* What a worker does when nothing came: a few more looks, then naps that double up to a most, never past
 * the next departure. A shared core stays usable; the first packet after a pause waits one nap. */
#ifndef SLUICE_IDLE_H
#define SLUICE_IDLE_H

#include <stdint.h>

#define IDLE_LOOKS 64
#define IDLE_NAP_FIRST_NS 20000u
#define IDLE_NAP_MOST_NS 500000u

struct idle {
	uint32_t empty; /* turns in a row with nothing to do */
	uint64_t nap;
};

static inline void idle_busy(struct idle *idle)
{
	idle->empty = 0;
	idle->nap = 0;
}

/* How long to sleep after one more empty turn, in ns; 0: look again at once. `next`: when something is due. */
uint64_t idle_nap(struct idle *idle, uint64_t now, uint64_t next);

#endif
