/* SPDX-License-Identifier: BSD-3-Clause */
/* What a tier says of its customers' limits, and what the gate hears of it. */
#include "customers/tier.h"

#include <string.h>

#include "policies.h"

#define CONFIG                                                                                                         \
	"tiers:\n"                                                                                                     \
	"  new: {limits: {connections: 5, message-rate: 9/s}, blind: {connections: 2}, brake-factor: 2}\n"             \
	"  trusted: {limits: {connections: 500}}\n"                                                                    \
	"warm-up:\n"                                                                                                   \
	"- {for: 1d, limits: {connections: 1}}\n"                                                                      \
	"- {for: 2d, messages: 7}\n"                                                                                   \
	"customers:\n"                                                                                                 \
	"- {name: acme, sources: [10.0.0.1], tier: new, limits: {byte-rate: 1MB/s}}\n"                                 \
	"- {name: beta, sources: [10.0.0.2]}\n"                                                                        \
	"- {name: carol, sources: [10.0.0.3], tier: trusted, limits: {connections: 7}}\n"                              \
	"defaults: {each-customer: {connections: 50}}\n"                                                               \
	"blind: {each-customer: {connections: 20}}\n"

START_TEST(limits_of_a_step)
{
	struct bed *bed = begin(CONFIG);
	const struct tiers *tiers = &bed->config->tiers;
	struct tier_limits limits;
	char text[64];

	ck_assert_uint_eq(tiers->steps, 2);
	tier_limits_at(tiers, (struct tier_place){ TIER_NEW, 0 }, &limits);
	ck_assert_uint_eq(limits.limits.kind[LIMIT_CONNECTIONS].amount, 1);
	ck_assert_uint_eq(limits.limits.kind[LIMIT_MESSAGE_RATE].amount, 9);
	tier_limits_at(tiers, (struct tier_place){ TIER_NEW, 1 }, &limits);
	ck_assert_uint_eq(limits.limits.kind[LIMIT_CONNECTIONS].amount, 5);
	ck_assert_uint_eq(limits.ceiling.kind[LIMIT_CONNECTIONS].amount, 2);
	ck_assert_str_eq(tier_text(tiers, (struct tier_place){ TIER_NEW, 1 }, text, sizeof(text)), "new, step 2 of 2");
	ck_assert_str_eq(tier_text(tiers, (struct tier_place){ TIER_TRUSTED, 1 }, text, sizeof(text)), "trusted");
	/* The last one holds where there are no more. */
	ck_assert_uint_eq(tier_number(tiers, (struct tier_place){ TIER_NEW, 9 }),
			  tier_number(tiers, (struct tier_place){ TIER_NEW, 1 }));
	ck_assert_uint_ne(tier_number(tiers, (struct tier_place){ TIER_NEW, 0 }),
			  tier_number(tiers, (struct tier_place){ TIER_NEW, 1 }));
	ck_assert_uint_eq(tier_number(tiers, (struct tier_place){ TIER_NORMAL, 0 }), 0);
	end(bed);
}
END_TEST

static void keep(void *context, enum wire_type type, const void *record)
{
	struct bed *bed = context;

	ck_assert_uint_lt(bed->count, RECORDS_MOST);
	bed->put[bed->count].type = type;
	memcpy(bed->put[bed->count++].record, record, sizeof(struct wire_PUT_LIMITS));
}

static const struct wire_PUT_LIMITS *put_of(const struct bed *bed, struct scope_key key)
{
	for (unsigned i = 0; i < bed->count; i++)
		if (bed->put[i].type == WIRE_PUT_LIMITS && memcmp(bed->put[i].record, &key, sizeof(key)) == 0)
			return (const struct wire_PUT_LIMITS *)bed->put[i].record;
	return NULL;
}

static void only_limits(void *context, enum wire_type type, const void *record)
{
	if (type == WIRE_PUT_LIMITS)
		keep(context, type, record);
}

START_TEST(what_the_gate_hears)
{
	struct bed *bed = begin(CONFIG);
	const struct tiers *tiers = &bed->config->tiers;
	struct scope_key each = scope_key_of(SCOPE_CUSTOMER, ID_ANY, 0);

	policy_all(&bed->policy, only_limits, bed);
	const struct wire_PUT_LIMITS *acme = put_of(bed, scope_key_of(SCOPE_CUSTOMER, ACME, 0));
	ck_assert_ptr_nonnull(acme);
	ck_assert_uint_eq(acme->limits.tier, tier_number(tiers, (struct tier_place){ TIER_NEW, 0 }));
	ck_assert_uint_eq(acme->limits.has, 1u << LIMIT_BYTE_RATE);
	ck_assert_ptr_null(put_of(bed, scope_key_of(SCOPE_CUSTOMER, BETA, 0)));
	ck_assert_uint_eq(put_of(bed, each)->limits.kind[LIMIT_CONNECTIONS].amount, 50);
	each.tier = (uint8_t)acme->limits.tier;
	ck_assert_uint_eq(put_of(bed, each)->limits.kind[LIMIT_CONNECTIONS].amount, 1);
	each.ceiling = 1;
	ck_assert_uint_eq(put_of(bed, each)->limits.kind[LIMIT_CONNECTIONS].amount, 2);
	/* A decision on the customer leaves it in its tier. */
	decide(bed, 1, scope_key_of(SCOPE_CUSTOMER, ACME, 0), "connections=3");
	bed->count = 0;
	policy_scope(&bed->policy, &acme->key, DECIDE_LIMIT, keep, bed);
	ck_assert_uint_eq(put_of(bed, scope_key_of(SCOPE_CUSTOMER, ACME, 0))->limits.tier, each.tier);
	end(bed);
}
END_TEST

/* So many times what is usual: by tier, else as for all. */
START_TEST(a_brake_by_tier)
{
	struct bed *bed = begin(CONFIG "brake: {factor: 5, messages: 1}\n");
	const struct volume usual = { { 10, 10, 1000 } }, floor = { { 1, 1, 1 } };
	struct brakes brakes = { 0 };
	struct limits limits;

	for (uint32_t id = ACME; id <= BETA; id++)
		usual_learn(&brakes_make(&brakes, id)->usual, 0, &usual, &floor, true);
	ck_assert(brakes_limits(&brakes, bed->config, ACME, &limits));
	const uint64_t new = limits.kind[LIMIT_MESSAGE_RATE].amount;
	ck_assert(brakes_limits(&brakes, bed->config, BETA, &limits));
	const uint64_t normal = limits.kind[LIMIT_MESSAGE_RATE].amount;
	ck_assert_uint_ge(new, 1900);
	ck_assert_uint_le(new, 2100);
	ck_assert_uint_ge(normal * 2, new * 5 - 5);
	ck_assert_uint_le(normal * 2, new * 5 + 5);
	brakes_finish(&brakes);
	end(bed);
}
END_TEST

UNIT_MAIN("tier", a_brake_by_tier, limits_of_a_step, what_the_gate_hears)
