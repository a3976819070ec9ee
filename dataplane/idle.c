/* SPDX-License-Identifier: BSD-3-Clause */
#include "idle.h"

#include <stdbool.h>

#define FORGET 256 /* of what is known of naps, one part with each */

/* The core was away while the worker was up. */
static void notice_stop(struct idle *idle, uint64_t now)
{
	uint64_t looked = idle->looked;

	idle->looked = 0;
	if (looked == 0 || now - looked <= IDLE_STOP_NS)
		return;
	bool soon = idle->pause != 0 && now - idle->shared < idle->pause;
	idle->pause = soon ? idle->pause * 2 : IDLE_SHARED_FIRST_NS;
	if (idle->pause > IDLE_SHARED_MOST_NS)
		idle->pause = IDLE_SHARED_MOST_NS;
	idle->shared = now + idle->pause;
}

void idle_busy(struct idle *idle, uint64_t now)
{
	notice_stop(idle, now);
	idle->empty = 0;
	idle->nap = 0;
}

uint64_t idle_nap(struct idle *idle, uint64_t now, uint64_t next)
{
	notice_stop(idle, now);
	uint64_t up = now + (now >= idle->shared ? idle->late : 0);
	if (++idle->empty < IDLE_LOOKS || next <= up) {
		idle->looked = now;
		return 0;
	}
	idle->nap = idle->nap == 0 ? IDLE_NAP_FIRST_NS : idle->nap * 2;
	if (idle->nap > IDLE_NAP_MOST_NS)
		idle->nap = IDLE_NAP_MOST_NS;
	return next - up < idle->nap ? next - up : idle->nap;
}

void idle_woke(struct idle *idle, uint64_t due, uint64_t now)
{
	uint64_t late = now > due ? now - due : 0;

	if (late > IDLE_LATE_MOST_NS)
		late = IDLE_LATE_MOST_NS;
	if (late > idle->late)
		idle->late = late;
	else
		idle->late -= (idle->late - late) / FORGET;
}
