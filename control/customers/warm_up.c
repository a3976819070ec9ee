/* SPDX-License-Identifier: BSD-3-Clause */
#include "customers/warm_up.h"

#include <stdio.h>

#include "units.h"

/* What came since; a figure below the last one is another meter's, which began at 0. */
static uint64_t more(uint64_t now, uint64_t seen)
{
	return now >= seen ? now - seen : now;
}

void warm_up_count(struct standing *standing, const struct figures *now)
{
	const struct figures came = { more(now->messages, standing->seen.messages),
				      more(now->inferred, standing->seen.inferred),
				      more(now->declined, standing->seen.declined) };
	const bool first = !standing->met;

	standing->seen = *now;
	standing->met = true;
	if (first || standing->held || (came.messages == 0 && came.declined == 0))
		return;
	standing->sent.messages += came.messages;
	standing->sent.inferred += came.inferred;
	standing->sent.declined += came.declined;
	standing->dirty = true;
}

uint64_t warm_up_clean(const struct standing *standing)
{
	const struct figures *sent = &standing->sent;

	return sent->messages > sent->declined ? sent->messages - sent->declined : 0;
}

int64_t warm_up_lasted(const struct standing *standing, int64_t now_ms)
{
	int64_t lasted = standing->held ? standing->since_ms : now_ms - standing->since_ms;

	return lasted > 0 ? lasted : 0;
}

void warm_up_hold(struct standing *standing, int64_t now_ms)
{
	if (standing->held)
		return;
	standing->since_ms = warm_up_lasted(standing, now_ms);
	standing->held = standing->dirty = true;
}

void warm_up_go_on(struct standing *standing, int64_t now_ms)
{
	if (!standing->held)
		return;
	standing->since_ms = now_ms - standing->since_ms;
	standing->held = false;
	standing->dirty = true;
}

void warm_up_begin(struct standing *standing, struct tier_place place, int64_t now_ms)
{
	standing->tier = (uint8_t)place.tier;
	standing->step = (uint8_t)place.step;
	standing->since_ms = standing->held ? 0 : now_ms;
	standing->sent = (struct figures){ 0 };
	standing->dirty = true;
}

static struct tier_place place_of(const struct standing *standing)
{
	return (struct tier_place){ (enum tier)standing->tier, standing->step };
}

void warm_up_set_back(struct standing *standing, const struct tiers *tiers, int64_t now_ms)
{
	unsigned step = tier_step(tiers, place_of(standing));

	if (standing->tier == TIER_NEW)
		warm_up_begin(standing, (struct tier_place){ TIER_NEW, step > 0 ? step - 1 : 0 }, now_ms);
}

bool warm_up_rise(struct standing *standing, const struct tiers *tiers, int64_t now_ms)
{
	if (standing->tier != TIER_NEW || standing->held || tiers->steps == 0)
		return false;
	const unsigned at = tier_step(tiers, place_of(standing));
	const struct warm_up_step *step = &tiers->step[at];
	if (warm_up_lasted(standing, now_ms) < step->lasts_ms || warm_up_clean(standing) < step->messages)
		return false;
	const bool last = at + 1 == tiers->steps;
	warm_up_begin(standing, last ? (struct tier_place){ TIER_NORMAL, 0 } : (struct tier_place){ TIER_NEW, at + 1 },
		      now_ms);
	return true;
}

char *warm_up_text(const struct standing *standing, const struct tiers *tiers, int64_t now_ms, char *out, size_t size)
{
	const struct warm_up_step *step = &tiers->step[tier_step(tiers, place_of(standing))];
	const uint64_t lasted = (uint64_t)warm_up_lasted(standing, now_ms) / 1000 * 1000000000u,
		       needs = (uint64_t)step->lasts_ms * 1000000u;
	char has[32], of[32], inferred[48] = "";

	if (standing->sent.inferred > 0)
		snprintf(inferred, sizeof(inferred), " (%llu inferred)", (unsigned long long)standing->sent.inferred);
	snprintf(out, size, "%s of %s, %llu of %llu clean messages%s%s",
		 lasted > 0 ? span_format(lasted, has, sizeof(has)) : "0s", span_format(needs, of, sizeof(of)),
		 (unsigned long long)warm_up_clean(standing), (unsigned long long)step->messages, inferred,
		 standing->held ? "; a decision holds it there" : "");
	return out;
}
