/* SPDX-License-Identifier: BSD-3-Clause */
/* Every token that was given out, and when: at the end they are held against the rate they came from. */
#ifndef SLUICE_RACE_GRANTS_H
#define SLUICE_RACE_GRANTS_H

#include <stdint.h>

#define GRANTS_MOST 1000000u

struct grants {
	uint64_t now[GRANTS_MOST];
	uint32_t count;
};

/* By any number of threads at once. */
void grants_note(struct grants *grants, uint64_t now);

/* In any interval t at most burst + t x rate; rate in tokens a second. Says of whom it speaks. */
void grants_check(struct grants *grants, const char *whose, uint64_t rate, uint64_t burst);

#endif
