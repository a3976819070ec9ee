/* SPDX-License-Identifier: BSD-3-Clause */
#include "wheel.h"

#include <stdbool.h>
#include <stddef.h>

#include "memory.h"

#define MASK (WHEEL_SLOTS - 1)

/* Old handles stay until their slot comes: room for as many again. A slot that found no line goes on in the
 * next one. */
static uint32_t lines_for(uint32_t most)
{
	return most / WHEEL_LINE * 2 + 64;
}

size_t wheel_size(uint32_t most)
{
	return sizeof(struct wheel) + lines_for(most) * sizeof(struct wheel_line);
}

void wheel_init(struct wheel *wheel, uint32_t most, uint64_t now)
{
	wheel->cursor = now >> WHEEL_SHIFT;
	wheel->lines = lines_for(most);
	/* Line 0 of the pool is never used: 0 means none. */
	for (uint32_t line = 1; line + 1 < wheel->lines; line++)
		wheel->pool[line].next = line + 1;
	wheel->free = 1;
}

static uint32_t take_line(struct wheel *wheel)
{
	uint32_t line = wheel->free;

	if (line != 0) {
		wheel->free = wheel->pool[line].next;
		wheel->pool[line].next = wheel->pool[line].count = 0;
	}
	return line;
}

static bool append(struct wheel *wheel, struct wheel_line *slot, uint32_t handle)
{
	struct wheel_line *line = slot->last != 0 ? &wheel->pool[slot->last] : slot;

	if (line->count == WHEEL_LINE) {
		uint32_t more = take_line(wheel);
		if (more == 0)
			return false;
		line->next = slot->last = more;
		line = &wheel->pool[more];
	}
	line->handle[line->count++] = handle;
	return true;
}

/* Turns are told apart by 32 bits: they come round after ten hours, a handle after half a second. */
static uint32_t name_of(uint64_t turn)
{
	return (uint32_t)turn != 0 ? (uint32_t)turn : 1;
}

static uint64_t last_turn(const struct wheel *wheel)
{
	return wheel->cursor + WHEEL_SLOTS - 2;
}

/* The first slot that begins at or after the time, as far as the horizon goes. */
static uint64_t turn_of(const struct wheel *wheel, uint64_t due)
{
	uint64_t turn = (due >> WHEEL_SHIFT) + ((due & ((1u << WHEEL_SHIFT) - 1)) != 0);

	if (turn < wheel->cursor)
		return wheel->cursor;
	return turn < last_turn(wheel) ? turn : last_turn(wheel);
}

void wheel_fetch(const struct wheel *wheel, uint64_t due)
{
	fetch(&wheel->slot[turn_of(wheel, due) & MASK]);
}

void wheel_fetch_end(const struct wheel *wheel, uint64_t due)
{
	fetch(&wheel->pool[wheel->slot[turn_of(wheel, due) & MASK].last]);
}

uint32_t wheel_turn(const struct wheel *wheel, uint64_t due)
{
	return name_of(turn_of(wheel, due));
}

uint32_t wheel_insert(struct wheel *wheel, uint32_t handle, uint64_t due)
{
	uint64_t turn = turn_of(wheel, due), last = last_turn(wheel);

	while (!append(wheel, &wheel->slot[turn & MASK], handle))
		turn = turn > wheel->cursor + 1 ? turn - 1 : last; /* the pool is empty: where there is room */
	wheel->busy[(turn & MASK) / 64] |= 1ull << (turn & MASK) % 64;
	wheel->entries++;
	return name_of(turn);
}

/* First slot with handles among [from, limit), or limit. */
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

static void clear_slot(struct wheel *wheel, uint64_t turn)
{
	struct wheel_line *slot = &wheel->slot[turn & MASK];

	slot->next = slot->last = slot->count = 0;
	wheel->busy[(turn & MASK) / 64] &= ~(1ull << (turn & MASK) % 64);
	wheel->at_line = wheel->at = 0;
}

/* Goes on where the slot was left; false when there is more of it. */
static bool drain(struct wheel *wheel, uint64_t turn, struct wheel_due *ret_due, unsigned most, unsigned *count)
{
	for (;;) {
		struct wheel_line *line =
			wheel->at_line != 0 ? &wheel->pool[wheel->at_line] : &wheel->slot[turn & MASK];
		while (wheel->at < line->count && *count < most)
			ret_due[(*count)++] = (struct wheel_due){ line->handle[wheel->at++], name_of(turn) };
		if (wheel->at < line->count)
			return false;
		uint32_t done = wheel->at_line, next = line->next;
		if (done != 0) {
			line->next = wheel->free;
			wheel->free = done;
		}
		if (next == 0) {
			clear_slot(wheel, turn);
			return true;
		}
		wheel->at_line = next;
		wheel->at = 0;
	}
}

unsigned wheel_expire(struct wheel *wheel, uint64_t now, struct wheel_due *ret_due, unsigned most)
{
	uint64_t current = now >> WHEEL_SHIFT;
	unsigned count = 0;

	if (current < wheel->cursor)
		return 0;
	if (wheel->entries == 0) { /* whatever time has passed: there is nothing to look for */
		wheel->cursor = current + 1;
		return 0;
	}
	while (count < most) {
		uint64_t turn = first_busy(wheel, wheel->cursor, current + 1);
		wheel->cursor = turn;
		if (turn > current)
			break;
		if (!drain(wheel, turn, ret_due, most, &count))
			break;
		wheel->cursor = turn + 1;
	}
	wheel->entries -= count;
	return count;
}

uint64_t wheel_next(const struct wheel *wheel)
{
	if (wheel->entries == 0)
		return UINT64_MAX;
	return first_busy(wheel, wheel->cursor, wheel->cursor + WHEEL_SLOTS) << WHEEL_SHIFT;
}
