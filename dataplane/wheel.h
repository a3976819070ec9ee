/* SPDX-License-Identifier: BSD-3-Clause */
/* A timing wheel of handles that wait. A slot is one cache line of handles (more lines when it is full), so
 * that what is due comes out in batches whose records can be fetched ahead; a list of records would be one
 * cache miss after the other. A handle is filed under the first slot that begins at or after its time: nothing
 * comes out early, and late by at most a slot and the time between two calls. Within a slot first come, first
 * out.
 *
 * The wheel forgets nothing by itself: whoever does not wait any more, or files himself anew, leaves an old
 * handle behind, and tells by `turn` (what wheel_insert() returned last) that it is not meant. Beyond the
 * horizon a handle comes out at the horizon, and is to be filed again. Owned by one worker; time in ns. */
#ifndef SLUICE_WHEEL_H
#define SLUICE_WHEEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WHEEL_SHIFT 13 /* a slot is 8.2 us */
#define WHEEL_SLOTS 65536u
#define WHEEL_LINE 13
#define WHEEL_HORIZON_NS ((uint64_t)(WHEEL_SLOTS - 2) << WHEEL_SHIFT) /* 0.54 s */

struct wheel_line {
	uint32_t next; /* line of the pool; 0: none */
	uint32_t last; /* of a slot: where to append; 0: here */
	uint32_t count;
	uint32_t handle[WHEEL_LINE];
};

_Static_assert(sizeof(struct wheel_line) == 64, "a wheel's line is one cache line");

struct wheel {
	uint64_t cursor; /* first slot not yet passed, in slots since time 0 */
	uint32_t entries;
	uint32_t free, lines;		 /* the pool: first free line, how many there are */
	uint32_t at_line, at;		 /* where the cursor's slot was left: 0 is the slot's own line */
	uint64_t busy[WHEEL_SLOTS / 64]; /* a bit for each slot with handles */
	struct wheel_line slot[WHEEL_SLOTS] __attribute__((aligned(64)));
	struct wheel_line pool[] __attribute__((aligned(64)));
};

/* Bytes of a wheel in which `most` handles may wait at once. */
size_t wheel_size(uint32_t most);

/* In zeroed memory of wheel_size(most) bytes, 64-byte aligned. */
void wheel_init(struct wheel *wheel, uint32_t most, uint64_t now);

/* Fetches ahead where a handle with this time will be filed. */
void wheel_fetch(const struct wheel *wheel, uint64_t due);

/* The same of the slot's last line, once its first has come. */
void wheel_fetch_end(const struct wheel *wheel, uint64_t due);

/* The turn by which a handle filed with this time would be known. Whoever is filed under it already need not be again:
 * so handles that are called again and again do not pile up. */
uint32_t wheel_turn(const struct wheel *wheel, uint64_t due);

/* Is there room for more of those who may wait? Who waits already is filed anew in any case. */
static inline bool wheel_has_room(const struct wheel *wheel)
{
	return wheel->free != 0;
}

/* Files a handle; returns the turn by which it is known when it comes out (never 0). */
uint32_t wheel_insert(struct wheel *wheel, uint32_t handle, uint64_t due);

struct wheel_due {
	uint32_t handle, turn;
};

/* Takes out up to `most` handles that are due; returns how many. */
unsigned wheel_expire(struct wheel *wheel, uint64_t now, struct wheel_due *ret_due, unsigned most);

/* A time before which nothing becomes due; UINT64_MAX when nothing waits. */
uint64_t wheel_next(const struct wheel *wheel);

#endif
