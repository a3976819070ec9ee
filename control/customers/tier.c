/* SPDX-License-Identifier: BSD-3-Clause */
#include "customers/tier.h"

#include <stdio.h>
#include <string.h>

const char *const tier_name[TIERS] = {
#define X(name, text) [TIER_##name] = text,
	CUSTOMER_TIERS(X)
#undef X
};

_Static_assert(TIERS + WARM_UP_STEPS_MOST <= TIERS_MOST, "each tier and each step has a number at the gate");

enum tier tier_find(const char *text)
{
	int tier = 0;

	while (tier < TIERS && strcmp(text, tier_name[tier]) != 0)
		tier++;
	return (enum tier)tier;
}

unsigned tier_step(const struct tiers *tiers, struct tier_place place)
{
	return place.step < tiers->steps || place.step == 0 ? place.step : (unsigned)tiers->steps - 1;
}

static bool has_steps(const struct tiers *tiers, enum tier tier)
{
	return tier == TIER_NEW && tiers->steps > 0;
}

void tier_limits_at(const struct tiers *tiers, struct tier_place place, struct tier_limits *ret_limits)
{
	*ret_limits = tiers->of[place.tier];
	if (!has_steps(tiers, place.tier))
		return;
	const struct limits *step = &tiers->step[tier_step(tiers, place)].limits;
	for (int kind = 0; kind < LIMIT_KINDS; kind++)
		if (step->has & 1u << kind)
			ret_limits->limits.kind[kind] = step->kind[kind];
	ret_limits->limits.has |= step->has;
}

uint16_t tier_number(const struct tiers *tiers, struct tier_place place)
{
	struct tier_limits limits;

	tier_limits_at(tiers, place, &limits);
	if (limits.limits.has == 0 && limits.ceiling.has == 0)
		return 0;
	return (uint16_t)(1 + (has_steps(tiers, place.tier) ? TIERS + tier_step(tiers, place) : place.tier));
}

char *tier_text(const struct tiers *tiers, struct tier_place place, char *out, size_t size)
{
	if (has_steps(tiers, place.tier))
		snprintf(out, size, "%s, step %u of %zu", tier_name[place.tier], tier_step(tiers, place) + 1,
			 tiers->steps);
	else
		snprintf(out, size, "%s", tier_name[place.tier]);
	return out;
}
