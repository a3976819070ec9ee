/* SPDX-License-Identifier: BSD-3-Clause */
#include "ceiling.h"

#include <stdbool.h>

#define AT_FIRST 8u

static uint64_t widened(uint64_t amount, uint32_t permille)
{
	unsigned __int128 wide = (unsigned __int128)amount * (AT_FIRST * 1000 - (AT_FIRST - 1) * permille) / 1000;

	return wide < UINT64_MAX ? (uint64_t)wide : UINT64_MAX;
}

/* Of two rates the one that gives less over time. */
static bool is_stricter(int kind, const struct limit *left, const struct limit *right)
{
	if (kind == LIMIT_CONNECTIONS)
		return left->amount < right->amount;
	return (unsigned __int128)left->amount * right->per_ns < (unsigned __int128)right->amount * left->per_ns;
}

void ceiling_tighten(struct limits *limits, const struct limits *ceiling, uint32_t permille)
{
	for (int kind = 0; permille > 0 && kind < LIMIT_KINDS; kind++) {
		struct limit limit = ceiling->kind[kind];
		if (!(ceiling->has & 1u << kind))
			continue;
		limit.amount = widened(limit.amount, permille);
		if (!(limits->has & 1u << kind) || is_stricter(kind, &limit, &limits->kind[kind])) {
			limits->kind[kind] = limit;
			limits->has &= ~LIMIT_BRAKED(kind);
		}
		limits->has |= 1u << kind;
	}
}

void ceiling_brake(struct limits *limits, const struct limits *ceiling)
{
	for (int kind = 0; kind < LIMIT_KINDS; kind++) {
		struct limit limit = ceiling->kind[kind], *has = &limits->kind[kind];
		bool limited = limits->has & 1u << kind;
		if (!(ceiling->has & 1u << kind) || (limited && !is_stricter(kind, &limit, has)))
			continue;
		if (limited && has->burst < limit.burst)
			limit.burst = has->burst;
		*has = limit;
		limits->has |= 1u << kind | LIMIT_BRAKED(kind);
	}
}
