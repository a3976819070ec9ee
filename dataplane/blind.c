/* SPDX-License-Identifier: BSD-3-Clause */
#include "blind.h"

#define STEPS 20u

void blind_heard(struct blind *blind, uint64_t now)
{
	blind->heard = now;
	if (blind->met)
		return;
	blind->met = true;
	blind->dark = 0;
}

/* Up or down by the time that has passed. */
static uint64_t walk(const struct blind *blind, bool stale, uint64_t decay, uint64_t now)
{
	uint64_t passed = now - blind->looked;

	if (stale)
		return blind->met && decay - blind->dark > passed ? blind->dark + passed : decay;
	return blind->dark > passed ? blind->dark - passed : 0;
}

bool blind_look(struct blind *blind, uint64_t stale_after, uint64_t decay, uint64_t now)
{
	bool stale = stale_after != 0 && (!blind->met || now - blind->heard > stale_after);

	decay += decay == 0; /* at once */
	if (blind->dark > decay)
		blind->dark = decay; /* it was longer before */
	blind->dark = walk(blind, stale, decay, now);
	blind->looked = now;
	/* A step begins with its time: never tighter late, never looser early. */
	uint32_t permille = (uint32_t)((blind->dark * STEPS + decay - 1) / decay) * (BLIND_WHOLLY / STEPS);
	bool changed = permille != blind->permille;
	blind->permille = permille;
	return changed;
}
