/* SPDX-License-Identifier: BSD-3-Clause */
#include "past/whatif.h"

#define MINUTE_NS 60e9

static uint64_t units_of(const struct past_use *use, enum limit_kind kind)
{
	switch (kind) {
	case LIMIT_CONNECTIONS:
		return use->open;
	case LIMIT_CONNECTION_RATE:
		return use->admitted;
	case LIMIT_BYTE_RATE:
		return use->bytes;
	default:
		return use->messages;
	}
}

/* Of slots there are as many at each moment. */
static void count_slots(struct whatif *sum, uint64_t open, const struct limit *limit)
{
	uint64_t over = limit != NULL && open > limit->amount ? open - limit->amount : 0;

	sum->passed = open > sum->passed ? open : sum->passed;
	sum->over = over > sum->over ? over : sum->over;
	sum->minutes += over > 0;
}

/* What is over in a minute has waited or was refused: it does not come again in the next. `saved` is what the bucket
 * has at the minute's beginning, and then at its end. */
static void count_units(struct whatif *sum, uint64_t units, const struct limit *limit, double *saved)
{
	double may = *saved + (double)limit->amount * (MINUTE_NS / (double)limit->per_ns);
	uint64_t over = (double)units > may ? units - (uint64_t)may : 0;
	double left = may - (double)(units - over);

	sum->over += over;
	sum->minutes += over > 0;
	*saved = limit->amount == 0 ? 0 : left < (double)limit->burst ? left : (double)limit->burst;
}

struct whatif whatif(const struct past *past, const struct scope_key *key, enum limit_kind kind,
		     const struct limit *limit)
{
	double saved = limit != NULL && limit->amount > 0 ? (double)limit->burst : 0;
	struct whatif sum = { 0 };

	for (unsigned i = 0; i < past->kept; i++) {
		const struct past_use *use = past_use_of(past_minute_at(past, i), key);
		uint64_t units = use != NULL ? units_of(use, kind) : 0;
		if (kind == LIMIT_CONNECTIONS) {
			count_slots(&sum, units, limit);
			continue;
		}
		sum.passed += units;
		if (limit != NULL)
			count_units(&sum, units, limit, &saved);
	}
	return sum;
}
