/* SPDX-License-Identifier: BSD-3-Clause */
/* A configuration's policy without a daemon: names have ids, the second provider an address that DNS told, decisions
 * are made at will. */
#ifndef SLUICE_POLICIES_H
#define SLUICE_POLICIES_H

#include <string.h>

#include "customers/customers.h"
#include "gate/policy.h"
#include "unit.h"
#include "units.h"

enum { ACME = 11, BETA, GOOGLE = 21, OTHER };
#define RECORDS_MOST 64

struct bed {
	struct config *config;
	struct ledger ledger;
	struct address learned;
	struct address_set resolved[2];
	struct policy policy;
	unsigned count; /* of records that were put */
	struct {
		enum wire_type type;
		_Alignas(8) uint8_t record[WIRE_FRAME_MAX];
	} put[RECORDS_MOST];
};

static inline struct bed *begin(const char *config_text)
{
	struct bed *bed = calloc(1, sizeof(*bed));
	char *errors = NULL;

	bed->config = config_parse("f", config_text, strlen(config_text), &errors);
	ck_assert_msg(bed->config != NULL, "%s", errors);
	for (size_t i = 0; i < bed->config->customer_count; i++)
		bed->config->customers[i].id = ACME + (uint32_t)i;
	customers_order(bed->config);
	for (size_t i = 0; i < bed->config->provider_count; i++)
		bed->config->providers[i].id = GOOGLE + (uint32_t)i;
	ck_assert_int_eq(address_parse("203.0.113.9", &bed->learned), 0);
	bed->resolved[1] = (struct address_set){ .address = &bed->learned, .count = 1 };
	policy_init(&bed->policy, bed->config, &bed->ledger, bed->resolved);
	return bed;
}

static inline void end(struct bed *bed)
{
	policy_finish(&bed->policy);
	ledger_finish(&bed->ledger);
	config_destroy(bed->config);
	free(bed);
}

/* `setting` NULL: a quarantine. */
static inline void decide(struct bed *bed, uint64_t id, struct scope_key key, const char *setting)
{
	struct decision decision = { .id = id, .key = key, .reason = "trap hits" };

	decision.action = setting != NULL ? DECIDE_LIMIT : DECIDE_QUARANTINE;
	if (setting != NULL)
		ck_assert_ptr_null(decision_setting(setting, &decision.limits));
	ck_assert_int_eq(ledger_add(&bed->ledger, &decision), 0);
}

#endif
