/* SPDX-License-Identifier: BSD-3-Clause */
#include "brake/usual.h"

#include <string.h>

#define WEIGHT 0.25   /* of the newest week */
#define GROWTH 2.0    /* a week counts at most as so many times what was usual */
#define EPOCH_HOUR 72 /* 1970 began on a Thursday */
#define DAY 24u

/* The upper half of a float, rounded; what is not 0 stays so. */
static uint16_t pack(double volume)
{
	float value = (float)volume;
	uint32_t bits;

	memcpy(&bits, &value, sizeof(bits));
	bits = (bits + 0x8000u) >> 16;
	return bits > 0 ? (uint16_t)bits : 1;
}

static double unpack(uint16_t packed)
{
	uint32_t bits = (uint32_t)packed << 16;
	float value;

	memcpy(&value, &bits, sizeof(value));
	return (double)value;
}

unsigned usual_hour_of(int64_t unix_s)
{
	int64_t hour = (unix_s / USUAL_HOUR_S + EPOCH_HOUR) % (int64_t)USUAL_HOURS;

	return (unsigned)(hour < 0 ? hour + (int64_t)USUAL_HOURS : hour);
}

/* The most of hours `step` apart, from `first` on. */
static bool most_of(const struct usual *usual, unsigned first, unsigned step, unsigned count, unsigned place,
		    double *ret_volume)
{
	bool known = false;

	*ret_volume = 0;
	for (unsigned i = 0; i < count; i++) {
		uint16_t packed = usual->hour[(first + i * step) % USUAL_HOURS].kind[place];
		if (packed == 0)
			continue;
		known = true;
		*ret_volume = unpack(packed) > *ret_volume ? unpack(packed) : *ret_volume;
	}
	return known;
}

bool usual_around(const struct usual *usual, unsigned hour, enum limit_kind kind, double *ret_volume)
{
	unsigned place = (unsigned)kind - USUAL_FIRST;

	return most_of(usual, hour + USUAL_HOURS - 1, 1, 3, place, ret_volume) ||
	       most_of(usual, hour, DAY, USUAL_HOURS / DAY, place, ret_volume);
}

static double least(double a, double b)
{
	return a < b ? a : b;
}

static double most(double a, double b)
{
	return a > b ? a : b;
}

void usual_learn(struct usual *usual, unsigned hour, const struct volume *volume, const struct volume *floor,
		 bool trusted)
{
	for (unsigned place = 0; place < USUAL_KINDS; place++) {
		uint16_t *packed = &usual->hour[hour].kind[place];
		double known = unpack(*packed), sent = volume->kind[place], others = 0;
		if (*packed != 0) {
			sent = least(sent, most(known * GROWTH, floor->kind[place]));
			*packed = pack(known + (sent - known) * WEIGHT);
			continue;
		}
		most_of(usual, hour, DAY, USUAL_HOURS / DAY, place, &others);
		*packed = pack(trusted ? sent : least(sent, most(others, floor->kind[place])));
	}
}
