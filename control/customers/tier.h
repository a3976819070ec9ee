/* SPDX-License-Identifier: BSD-3-Clause */
/* How far a customer is trusted, and what that means to the gate. Pure. */
#ifndef SLUICE_TIER_H
#define SLUICE_TIER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "limit.h"

/* A customer of which nothing is said is normal. */
#define CUSTOMER_TIERS(X)                                                                                              \
	X(NORMAL, "normal")                                                                                            \
	X(NEW, "new")                                                                                                  \
	X(TRUSTED, "trusted")

enum tier {
#define X(name, text) TIER_##name,
	CUSTOMER_TIERS(X)
#undef X
		TIERS
};

#define TIER_EXPECTED "new, normal or trusted"

extern const char *const tier_name[TIERS];

/* TIERS when it is none. */
enum tier tier_find(const char *text);

/* Of each customer of a tier: its limits, its ceilings when the gate is blind, and how many times what is usual for it
 * the spike brake lets pass (0: as for all). */
#define BRAKE_FACTOR_MOST 1000

struct tier_limits {
	struct limits limits, ceiling;
	uint64_t brake_factor;
};

#define WARM_UP_STEPS_MOST 32

/* A new customer stays in a step at least so long and until so many clean messages. Its limits stand before those of
 * the tier. */
struct warm_up_step {
	struct limits limits;
	int64_t lasts_ms;
	uint64_t messages;
};

struct tiers {
	struct tier_limits of[TIERS];
	struct warm_up_step step[WARM_UP_STEPS_MOST]; /* of the tier new, from the first message on */
	size_t steps;
};

/* Where a customer stands: a step counts in the tier new alone. */
struct tier_place {
	enum tier tier;
	unsigned step; /* from 0 on */
};

/* The step that holds: the last one where the schedule has become shorter. */
unsigned tier_step(const struct tiers *tiers, struct tier_place place);

/* The number by which the gate knows a tier, or a step of it; 0 when it limits nothing. */
uint16_t tier_number(const struct tiers *tiers, struct tier_place place);

/* What holds for each customer there. */
void tier_limits_at(const struct tiers *tiers, struct tier_place place, struct tier_limits *ret_limits);

/* "new, step 2 of 4", "trusted". Returns `out`. */
char *tier_text(const struct tiers *tiers, struct tier_place place, char *out, size_t size);

#endif
