/* SPDX-License-Identifier: BSD-3-Clause */
/* The configuration's text: refused with a place, or taken. What is taken makes records the gate takes, too. */
#include "fuzz.h"

#include "apply.h"
#include "config/config.h"
#include "customers/customers.h"
#include "gate/policy.h"
#include "table_write.h"

static void put(void *context, enum wire_type type, const void *record)
{
	char error[WIRE_ERROR_MAX] = "";

	must(apply_record(context, type, record, error) == 0);
}

static void give_ids(struct config *config)
{
	for (size_t i = 0; i < config->provider_count; i++)
		config->providers[i].id = (uint32_t)i + 1;
	for (size_t i = 0; i < config->customer_count; i++)
		config->customers[i].id = (uint32_t)i + 1;
	customers_order(config);
}

static void put_to_gate(struct config *config)
{
	const struct wire_BEGIN begin = { .generation = 1, .mode = WIRE_FULL };
	const struct wire_COMMIT commit = { .generation = 1 };
	struct address_set *resolved = calloc(config->provider_count + 1, sizeof(*resolved));
	struct apply apply = { .store = table_store_create() };
	struct ledger ledger = { 0 };
	struct table_times times;
	struct policy policy = { 0 };
	char error[WIRE_ERROR_MAX] = "";

	must(resolved != NULL && apply.store != NULL);
	give_ids(config);
	policy_init(&policy, config, &ledger, resolved);
	must(apply_begin(&apply, &begin, error) == 0);
	policy_all(&policy, put, &apply);
	must(apply_commit(&apply, &commit, &times, error) == 0);
	policy_finish(&policy);
	table_store_destroy(apply.store);
	free(resolved);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *errors = NULL;
	struct config *config = config_parse("fuzz", (const char *)data, size, &errors);

	if (config != NULL)
		put_to_gate(config);
	else
		must(errors != NULL && strncmp(errors, "fuzz:", 5) == 0);
	config_destroy(config);
	free(errors);
	return 0;
}
