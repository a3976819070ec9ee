/* SPDX-License-Identifier: BSD-3-Clause */
/* What a worker does when nothing came: a few more looks, then naps that double up to a most. A shared core stays
 * usable; the first packet after a pause waits one nap.
 *
 * A nap ends when the system gets round to it: on a virtual machine often fifty microseconds after the time asked
 * for. So a worker learns how late its naps end, gets up so much before the next departure, and looks until it is
 * time. Where departures are closer than that it does not nap at all.
 *
 * That asks for a core of its own. A worker that was put off its core while it looked has neighbours there: who stays
 * up has used up his share when it matters, who comes from a nap is let in first. So for a while it naps as long as it
 * can; for twice as long when it was put off again soon after. */
#ifndef SLUICE_IDLE_H
#define SLUICE_IDLE_H

#include <stdint.h>

#define IDLE_LOOKS 64
#define IDLE_NAP_FIRST_NS 20000u
#define IDLE_NAP_MOST_NS 500000u

/* Nothing of the gate's takes so long: another had the core. */
#define IDLE_STOP_NS 500000u
#define IDLE_SHARED_FIRST_NS 500000000u
#define IDLE_SHARED_MOST_NS 64000000000u

/* Later than this a nap's end was somebody else's turn on the core: getting up earlier would not help. */
#define IDLE_LATE_MOST_NS 200000u

struct idle {
	uint32_t empty; /* turns in a row with nothing to do */
	uint64_t nap;
	uint64_t late;	 /* how much later naps end: nearly the most of the last few hundred */
	uint64_t looked; /* when it last had nothing to do and stayed up; 0: not since it napped or worked */
	uint64_t shared; /* until when others are taken to be on its core, */
	uint64_t pause;	 /* and for how long they were */
};

/* A turn that moved something ended now. */
void idle_busy(struct idle *idle, uint64_t now);

/* How long to sleep after one more empty turn, in ns; 0: look again at once. `next`: when something is due. */
uint64_t idle_nap(struct idle *idle, uint64_t now, uint64_t next);

/* A nap was to end at `due` and ended now. */
void idle_woke(struct idle *idle, uint64_t due, uint64_t now);

#endif
