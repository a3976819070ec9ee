/* SPDX-License-Identifier: BSD-3-Clause */
/* A timing wheel of things that wait: hashed slots of 2^14 ns, entries beyond the horizon (1.07 s) wait
 * in the last slot and are looked at again there. Nothing comes out before it is due; late by at most a
 * slot and the time between two calls. Owned by one worker; time is an argument, in ns. */
#ifndef SLUICE_WHEEL_H
#define SLUICE_WHEEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WHEEL_SHIFT 14
#define WHEEL_SLOTS 65536u

struct wheel_entry {
	struct wheel_entry *next, **back; /* back NULL: not in a wheel */
	uint64_t due;
	uint32_t at; /* its slot */
};

struct wheel_slot {
	struct wheel_entry *first, **last; /* first come, first out */
};

struct wheel {
	uint64_t cursor; /* first slot not yet passed, in slots since time 0 */
	uint32_t entries;
	uint64_t busy[WHEEL_SLOTS / 64]; /* a bit for each slot with entries */
	struct wheel_slot slot[WHEEL_SLOTS];
};

void wheel_init(struct wheel *wheel, uint64_t now);

/* Waits until `due`; an entry that waits already is moved. */
void wheel_insert(struct wheel *wheel, struct wheel_entry *entry, uint64_t due);
void wheel_remove(struct wheel *wheel, struct wheel_entry *entry);

static inline bool wheel_waits(const struct wheel_entry *entry)
{
	return entry->back != NULL;
}

/* Takes out one entry that is due; NULL when none is. */
struct wheel_entry *wheel_expire(struct wheel *wheel, uint64_t now);

/* A time before which nothing becomes due; UINT64_MAX when nothing waits. */
uint64_t wheel_next(const struct wheel *wheel);

#endif
