/* SPDX-License-Identifier: BSD-3-Clause */
/* Keys under which nothing would ever be found: what is taken must be in force, so they are refused. */
#include <errno.h>

#include "tables.h"

static const struct {
	const char *why;
	enum wire_type type;
	struct scope_key key;
	bool taken;
} rows[] = {
	{ "a remote's limit, with a provider",
	  WIRE_PUT_LIMITS,
	  { SCOPE_REMOTE, { 0 }, 0, 3, V4(192, 0, 2, 1) },
	  false },
	{ "each remote's, at any provider and one address",
	  WIRE_PUT_LIMITS,
	  { SCOPE_REMOTE, { 0 }, 0, ID_ANY, V4(192, 0, 2, 1) },
	  false },
	{ "a remote's limit", WIRE_PUT_LIMITS, { SCOPE_REMOTE, { 0 }, 0, 0, V4(192, 0, 2, 1) }, true },
	{ "each remote's of a provider", WIRE_PUT_LIMITS, { SCOPE_REMOTE, { 0 }, 0, 3, { { 0 } } }, true },
	{ "a decision on any customer", WIRE_PUT_VERDICT, { SCOPE_CUSTOMER, { 0 }, ID_ANY, 0, { { 0 } } }, false },
	{ "on any provider", WIRE_PUT_VERDICT, { SCOPE_PROVIDER, { 0 }, 0, ID_ANY, { { 0 } } }, false },
	{ "on any customer at one", WIRE_PUT_VERDICT, { SCOPE_CUSTOMER_PROVIDER, { 0 }, ID_ANY, 3, { { 0 } } }, false },
	{ "on any source", WIRE_PUT_VERDICT, { SCOPE_SOURCE, { 0 }, 0, 0, { { 0 } } }, false },
	{ "on any source at one", WIRE_PUT_VERDICT, { SCOPE_SOURCE_PROVIDER, { 0 }, 0, 3, { { 0 } } }, false },
	{ "on any remote", WIRE_PUT_VERDICT, { SCOPE_REMOTE, { 0 }, 0, 0, { { 0 } } }, false },
	{ "on the unknown customer", WIRE_PUT_VERDICT, { SCOPE_CUSTOMER, { 0 }, ID_UNKNOWN, 0, { { 0 } } }, true },
	{ "on the unknown provider", WIRE_PUT_VERDICT, { SCOPE_PROVIDER, { 0 }, 0, ID_UNKNOWN, { { 0 } } }, true },
	{ "on everything", WIRE_PUT_VERDICT, { SCOPE_GATE, { 0 }, 0, 0, { { 0 } } }, true },
};

START_TEST(open_keys)
{
	struct apply apply = { .store = table_store_create() };

	tables_publish_first(&apply);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct wire_PUT_LIMITS limits = tables_limits(0, 1);
		struct wire_PUT_VERDICT verdict = tables_verdict(0, 1);
		char error[WIRE_ERROR_MAX] = "";
		limits.key = verdict.key = rows[i].key;
		tables_begin(&apply, 2, WIRE_DELTA);
		int ret = apply_record(&apply, rows[i].type,
				       rows[i].type == WIRE_PUT_LIMITS ? (void *)&limits : (void *)&verdict, error);
		ck_assert_msg(ret == (rows[i].taken ? 0 : -EINVAL), "%s: %d %s", rows[i].why, ret, error);
		apply_abort(&apply);
	}
	table_store_destroy(apply.store);
}
END_TEST

UNIT_MAIN("apply_keys", open_keys)
