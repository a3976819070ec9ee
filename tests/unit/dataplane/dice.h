/* SPDX-License-Identifier: BSD-3-Clause */
/* Random numbers from a fixed seed (xorshift64*): a property that fails once fails each time. */
#ifndef SLUICE_DICE_H
#define SLUICE_DICE_H

#include <stdint.h>

struct dice {
	uint64_t state; /* never 0 */
};

/* 0 to sides - 1. */
static inline uint64_t dice_roll(struct dice *dice, uint64_t sides)
{
	dice->state ^= dice->state >> 12;
	dice->state ^= dice->state << 25;
	dice->state ^= dice->state >> 27;
	return (dice->state * 0x2545f4914f6cdd1d >> 16) % sides;
}

#endif
