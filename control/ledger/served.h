/* SPDX-License-Identifier: BSD-3-Clause */
/* How much time has passed for decisions: what the machine was up since the journal was made, its restarts bridged by
 * a mark in the journal. The calendar has no say in it, so none of its jumps does; time in which the machine was off
 * does not count, because nobody knows how long it was. Pure. */
#ifndef SLUICE_SERVED_H
#define SLUICE_SERVED_H

#include <stdint.h>

#define BOOT_ID_MAX 40

/* It was `served_ms` when boot_ms() was `boot_ms`, in the life of the machine called `boot`; "" is never. */
struct served_mark {
	char boot[BOOT_ID_MAX];
	int64_t boot_ms, served_ms;
};

/* What it is now, in this life of the machine: at least what it was at the mark. */
int64_t served_ms(const struct served_mark *mark, const char *boot, int64_t boot_now_ms);

/* When a decision may end at the earliest: `given_ms` from now on. */
int64_t served_deadline(int64_t served_now_ms, int64_t given_ms);

#endif
