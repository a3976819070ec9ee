/* SPDX-License-Identifier: BSD-3-Clause */
#include "idle.h"

uint64_t idle_nap(struct idle *idle, uint64_t now, uint64_t next)
{
	if (++idle->empty < IDLE_LOOKS || next <= now)
		return 0;
	idle->nap = idle->nap == 0 ? IDLE_NAP_FIRST_NS : idle->nap * 2;
	if (idle->nap > IDLE_NAP_MOST_NS)
		idle->nap = IDLE_NAP_MOST_NS;
	return next - now < idle->nap ? next - now : idle->nap;
}
