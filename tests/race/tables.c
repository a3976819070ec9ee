/* SPDX-License-Identifier: BSD-3-Clause */
#include "tables.h"

#include "apply.h"
#include "race.h"
#include "table_write.h"

static void put_limits(struct apply *apply, const struct scope_key *key, const struct limits *limits)
{
	const struct wire_PUT_LIMITS record = { .key = *key, .limits = *limits };
	char error[WIRE_ERROR_MAX] = "";

	require(apply_record(apply, WIRE_PUT_LIMITS, &record, error) == 0, "%s", error);
}

static struct limits some_limits(uint32_t has, uint64_t connections, uint64_t rate, uint64_t bytes)
{
	return (struct limits){ .has = has,
				.kind = { { connections, 1, 1 },
					  { rate, 1000000000, RATE_BURST },
					  { bytes, 1000000000, 15000 },
					  { MESSAGES, 1000000000, RATE_BURST } } };
}

void tables_publish(struct apply *apply, uint64_t number)
{
	const struct wire_BEGIN begin = { number, WIRE_FULL, 0 };
	const struct wire_COMMIT commit = { number };
	const struct wire_PUT_SETTINGS settings = { .idle_timeout_s = 1, .ports = 1, .port[0] = 25 };
	const struct limits of_gate = some_limits(15, GATE_SLOTS, RATE, 50000000),
			    of_provider = some_limits(10, 0, PROVIDER_RATE, 0),
			    of_customer = some_limits(number % 3 == 0 ? 1 : 5, CUSTOMER_SLOTS / (1 + number % 2), 0,
						      1000000 * (1 + number % 5));
	char error[WIRE_ERROR_MAX] = "";
	struct table_times times;

	require(apply_begin(apply, &begin, error) == 0, "%s", error);
	require(apply_record(apply, WIRE_PUT_SETTINGS, &settings, error) == 0, "%s", error);
	put_limits(apply, &(struct scope_key){ SCOPE_GATE }, &of_gate);
	put_limits(apply, &(struct scope_key){ SCOPE_PROVIDER, .provider = ID_ANY }, &of_provider);
	put_limits(apply, &(struct scope_key){ SCOPE_CUSTOMER, .customer = ID_ANY }, &of_customer);
	require(apply_commit(apply, &commit, &times, error) == 0, "%s", error);
}
