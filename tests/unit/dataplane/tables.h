/* SPDX-License-Identifier: BSD-3-Clause */
/* Records as a test needs them, and batches published through apply as the daemon's are. */
#ifndef SLUICE_TABLES_H
#define SLUICE_TABLES_H

#include <string.h>

#include "apply.h"
#include "table_write.h"
#include "unit.h"
#include "wire.h"

#define V4(a, b, c, d)                                                                                                 \
	{                                                                                                              \
		{                                                                                                      \
			[10] = 0xff, 0xff, a, b, c, d                                                                  \
		}                                                                                                      \
	}
#define V6(first, last)                                                                                                \
	{                                                                                                              \
		{                                                                                                      \
			0x20, 0x01, 0x0d, 0xb8, [7] = first, [15] = last                                               \
		}                                                                                                      \
	}

static inline struct wire_PUT_SETTINGS tables_settings(void)
{
	return (struct wire_PUT_SETTINGS){ .refuse = REFUSE_421,
					   .max_hold_ms = 20000,
					   .hold_budget_ms = { 20000, 5000, 5000, 0, 20000 },
					   .idle_timeout_s = 3600,
					   .ports = 3,
					   .port = { 25, 465, 587 } };
}

static inline struct wire_PUT_IDENTITY tables_identity(uint32_t customer)
{
	return (struct wire_PUT_IDENTITY){
		.address = V4(10, 0, 0, 0), .port_high = 65535, .vlan = WIRE_VLAN_ANY, .plen = 104, .customer = customer
	};
}

static inline struct wire_PUT_DESTINATION tables_destination(uint32_t provider)
{
	return (struct wire_PUT_DESTINATION){ .address = V4(192, 0, 2, 0), .plen = 120, .provider = provider };
}

static inline struct wire_PUT_LIMITS tables_limits(uint32_t customer, uint64_t connections)
{
	return (struct wire_PUT_LIMITS){ .key = { .scope = SCOPE_CUSTOMER, .customer = customer },
					 .limits = { .has = 1u << LIMIT_CONNECTIONS,
						     .kind = { { .amount = connections } } } };
}

static inline struct wire_PUT_VERDICT tables_verdict(uint32_t customer, uint64_t decision)
{
	return (struct wire_PUT_VERDICT){ .key = { .scope = SCOPE_CUSTOMER, .customer = customer },
					  .action = ACTION_QUARANTINE,
					  .decision = decision,
					  .reason = "a test" };
}

static inline void tables_begin(struct apply *apply, uint64_t generation, uint32_t mode)
{
	const struct wire_BEGIN begin = { .generation = generation, .mode = mode };
	char error[WIRE_ERROR_MAX] = "";

	ck_assert_msg(apply_begin(apply, &begin, error) == 0, "%s", error);
}

static inline void tables_put(struct apply *apply, enum wire_type type, const void *record)
{
	char error[WIRE_ERROR_MAX] = "";

	ck_assert_msg(apply_record(apply, type, record, error) == 0, "%s", error);
}

static inline void tables_commit(struct apply *apply)
{
	const struct wire_COMMIT commit = { .generation = apply->generation };
	char error[WIRE_ERROR_MAX] = "";
	struct table_times times;

	ck_assert_msg(apply_commit(apply, &commit, &times, error) == 0, "%s", error);
}

/* A batch of one record on what is published. */
static inline void tables_change(struct apply *apply, enum wire_type type, const void *record)
{
	tables_begin(apply, 1000, WIRE_DELTA);
	tables_put(apply, type, record);
	tables_commit(apply);
}

/* The first table: settings, an identity, a destination; customer and provider 1. */
static inline void tables_publish_first(struct apply *apply)
{
	const struct wire_PUT_SETTINGS settings = tables_settings();
	const struct wire_PUT_IDENTITY identity = tables_identity(1);
	const struct wire_PUT_DESTINATION destination = tables_destination(1);

	tables_begin(apply, 1, WIRE_FULL);
	tables_put(apply, WIRE_PUT_SETTINGS, &settings);
	tables_put(apply, WIRE_PUT_IDENTITY, &identity);
	tables_put(apply, WIRE_PUT_DESTINATION, &destination);
	tables_commit(apply);
}

#endif
