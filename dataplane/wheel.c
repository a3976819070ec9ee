/* SPDX-License-Identifier: BSD-3-Clause */
#include "wheel.h"

#include <string.h>

#define MASK (WHEEL_SLOTS - 1)

void wheel_init(struct wheel *wheel, uint64_t now)
{
	memset(wheel, 0, sizeof(*wheel));
	wheel->cursor = now >> WHEEL_SHIFT;
}

static void put(struct wheel *wheel, struct wheel_entry *entry, uint64_t turn)
{
	entry->at = turn & MASK;
	struct wheel_slot *slot = &wheel->slot[entry->at];

	if (slot->first == NULL)
		slot->last = &slot->first;
	entry->next = NULL;
	entry->back = slot->last;
	*slot->last = entry;
	slot->last = &entry->next;
	wheel->busy[entry->at / 64] |= 1ull << (entry->at % 64);
}

void wheel_insert(struct wheel *wheel, struct wheel_entry *entry, uint64_t due)
{
	uint64_t turn = due >> WHEEL_SHIFT, last = wheel->cursor + WHEEL_SLOTS - 1;

	if (wheel_waits(entry))
		wheel_remove(wheel, entry);
	if (turn < wheel->cursor)
		turn = wheel->cursor;
	entry->due = due;
	put(wheel, entry, turn < last ? turn : last);
	wheel->entries++;
}

void wheel_remove(struct wheel *wheel, struct wheel_entry *entry)
{
	if (!wheel_waits(entry))
		return;
	*entry->back = entry->next;
	if (entry->next != NULL)
		entry->next->back = entry->back;
	else
		wheel->slot[entry->at].last = entry->back;
	entry->back = NULL; /* the slot's bit is cleared when the cursor passes it */
	wheel->entries--;
}

/* First slot with entries among [from, limit), or limit. */
static uint64_t first_busy(const struct wheel *wheel, uint64_t from, uint64_t limit)
{
	while (from < limit) {
		uint32_t at = from & MASK;
		uint64_t bits = wheel->busy[at / 64] >> (at % 64);

		if (bits != 0) {
			from += (unsigned)__builtin_ctzll(bits);
			return from < limit ? from : limit;
		}
		from += 64 - at % 64;
	}
	return limit;
}

/* Takes the first entry of a slot that is due; those beyond the horizon, which only waited here to be
 * looked at again, are put where they belong. */
static struct wheel_entry *take_due(struct wheel *wheel, uint64_t turn, uint64_t now)
{
	struct wheel_entry *next;

	for (struct wheel_entry *entry = wheel->slot[turn & MASK].first; entry != NULL; entry = next) {
		next = entry->next;
		if (entry->due <= now) {
			wheel_remove(wheel, entry);
			return entry;
		}
		if (entry->due >> WHEEL_SHIFT > turn)
			wheel_insert(wheel, entry, entry->due);
	}
	return NULL;
}

struct wheel_entry *wheel_expire(struct wheel *wheel, uint64_t now)
{
	uint64_t current = now >> WHEEL_SHIFT;

	if (wheel->entries == 0) {
		/* Stale bits stay behind; they cost one look each when the cursor comes by. */
		wheel->cursor = current > wheel->cursor ? current : wheel->cursor;
		return NULL;
	}
	while (wheel->cursor <= current) {
		uint64_t turn = first_busy(wheel, wheel->cursor, current + 1);
		wheel->cursor = turn <= current ? turn : current;
		if (turn > current)
			return NULL;
		struct wheel_entry *entry = take_due(wheel, turn, now);
		if (entry != NULL)
			return entry;
		if (wheel->slot[turn & MASK].first != NULL)
			return NULL; /* the current slot, and its entries are due later in it */
		wheel->busy[(turn & MASK) / 64] &= ~(1ull << (turn & MASK) % 64);
		if (turn == current)
			return NULL;
		wheel->cursor = turn + 1;
	}
	return NULL;
}

uint64_t wheel_next(const struct wheel *wheel)
{
	if (wheel->entries == 0)
		return UINT64_MAX;
	return first_busy(wheel, wheel->cursor, wheel->cursor + WHEEL_SLOTS) << WHEEL_SHIFT;
}
