/* SPDX-License-Identifier: BSD-3-Clause */
/* Each check on what the daemon says: a good record with one field changed, taken or refused by name. */
#include <errno.h>
#include <stddef.h>

#include "domain.h"
#include "tables.h"

/* The good records. */
static const struct wire_PUT_LIMITS good_limits = {
	.key = { .scope = SCOPE_CUSTOMER_PROVIDER, .customer = 1, .provider = 1 },
	.limits = { .has = 15,
		    .kind = { { 5, 0, 0 }, { 10, 1000000000, 1 }, { 1000, 1000000000, 1500 }, { 5, 1000000000, 1 } } }
};

static union {
	struct wire_PUT_SETTINGS settings;
	struct wire_PUT_IDENTITY identity;
	struct wire_PUT_DESTINATION destination;
	struct wire_PUT_SERVES serves;
	struct wire_PUT_LIMITS limits;
	struct wire_DEL_LIMITS del_limits;
	struct wire_PUT_VERDICT verdict;
	struct wire_DEL_VERDICT del_verdict;
	uint8_t bytes[WIRE_FRAME_MAX];
} record;

static void make_good(enum wire_type type)
{
	switch (type) {
	case WIRE_PUT_SETTINGS:
		record.settings = tables_settings();
		break;
	case WIRE_PUT_IDENTITY:
		record.identity = tables_identity(1);
		break;
	case WIRE_PUT_DESTINATION:
		record.destination = tables_destination(1);
		break;
	case WIRE_PUT_SERVES:
		record.serves = (struct wire_PUT_SERVES){ .key = { SCOPE_REMOTE, .address = V4(192, 0, 2, 1) },
							  .way = DOMAIN_DNS,
							  .domain = 7 };
		break;
	case WIRE_PUT_LIMITS:
		record.limits = good_limits;
		break;
	case WIRE_DEL_LIMITS:
	case WIRE_DEL_VERDICT:
		record.del_limits.key = good_limits.key;
		break;
	default:
		record.verdict = tables_verdict(1, 1);
		record.verdict.key = good_limits.key;
	}
}

#define FIELD(name, field) WIRE_##name, offsetof(struct wire_##name, field), sizeof(((struct wire_##name *)0)->field)
#define NOTHING(name) WIRE_##name, 0, 0
#define ADDRESS(name, byte) WIRE_##name, offsetof(struct wire_##name, address) + (byte), 1
#define KEY_ADDRESS(name) WIRE_##name, offsetof(struct wire_##name, key.address), 1
#define REASON(place) WIRE_PUT_VERDICT, offsetof(struct wire_PUT_VERDICT, reason) + (place), 1

/* `error`: what the refusal must name; NULL: taken. */
static const struct row {
	enum wire_type type;
	size_t at, size;
	uint64_t value;
	const char *error;
} rows[] = {
	{ NOTHING(PUT_SETTINGS), 0, NULL },
	{ FIELD(PUT_SETTINGS, refuse), REFUSE_RST, NULL },
	{ FIELD(PUT_SETTINGS, refuse), REFUSE_MODES, "refuse 2" },
	{ FIELD(PUT_SETTINGS, max_hold_ms), 0, NULL },
	{ FIELD(PUT_SETTINGS, max_hold_ms), 600000, NULL },
	{ FIELD(PUT_SETTINGS, max_hold_ms), 600001, "max_hold_ms 600001" },
	{ FIELD(PUT_SETTINGS, hold_budget_ms[PHASE_SYN]), 600000, NULL },
	{ FIELD(PUT_SETTINGS, hold_budget_ms[PHASE_SYN]), 600001, "hold_budget_ms[0] 600001" },
	{ FIELD(PUT_SETTINGS, hold_budget_ms[PHASE_BODY]), UINT32_MAX, "hold_budget_ms[4] 4294967295" },
	{ FIELD(PUT_SETTINGS, idle_timeout_s), 1, NULL },
	{ FIELD(PUT_SETTINGS, idle_timeout_s), 604800, NULL },
	{ FIELD(PUT_SETTINGS, idle_timeout_s), 0, "idle_timeout_s 0" },
	{ FIELD(PUT_SETTINGS, idle_timeout_s), 604801, "idle_timeout_s 604801" },
	{ FIELD(PUT_SETTINGS, ports), 1, NULL },
	{ FIELD(PUT_SETTINGS, ports), 0, "0 ports" },
	{ FIELD(PUT_SETTINGS, ports), WIRE_PORTS_MAX + 1, "9 ports" },
	{ FIELD(PUT_SETTINGS, ports), WIRE_PORTS_MAX, "port[3] is 0" },
	{ FIELD(PUT_SETTINGS, port[0]), 65535, NULL },
	{ FIELD(PUT_SETTINGS, port[1]), 0, "port[1] is 0" },
	{ FIELD(PUT_SETTINGS, zero), 1, "zero" },

	{ FIELD(PUT_SETTINGS, bulk_percent), 100, NULL },
	{ FIELD(PUT_SETTINGS, bulk_percent), 101, "bulk_percent 101" },
	{ FIELD(PUT_SETTINGS, domain_point), DOMAIN_PRIME - 1, NULL },
	{ FIELD(PUT_SETTINGS, domain_point), DOMAIN_PRIME, "domain_point" },

	{ NOTHING(PUT_IDENTITY), 0, NULL },
	{ FIELD(PUT_IDENTITY, plen), 128, NULL },
	{ FIELD(PUT_IDENTITY, plen), 129, "plen 129" },
	{ FIELD(PUT_IDENTITY, plen), 255, "plen 255" },
	{ FIELD(PUT_IDENTITY, plen), 103, NULL },
	{ FIELD(PUT_IDENTITY, plen), 102, "bits after plen 102" }, /* 10.0.0.0: its last bit is the 103rd */
	{ ADDRESS(PUT_IDENTITY, 15), 1, "bits after plen 104" },
	{ ADDRESS(PUT_IDENTITY, 13), 0x80, "bits after plen 104" },
	{ FIELD(PUT_IDENTITY, customer), ID_UNKNOWN, "customer 0" },
	{ FIELD(PUT_IDENTITY, customer), ID_ANY, "customer 4294967295" },
	{ FIELD(PUT_IDENTITY, customer), ID_ANY - 1, NULL },
	{ FIELD(PUT_IDENTITY, port_low), 65535, NULL },
	{ FIELD(PUT_IDENTITY, port_high), 0, NULL },
	{ WIRE_PUT_IDENTITY, offsetof(struct wire_PUT_IDENTITY, port_low), 4, 1, "port_low 1 is above port_high 0" },
	{ FIELD(PUT_IDENTITY, vlan), 0, NULL },
	{ FIELD(PUT_IDENTITY, vlan), 4095, NULL },
	{ FIELD(PUT_IDENTITY, vlan), 4096, "vlan 4096" },
	{ FIELD(PUT_IDENTITY, vlan), 65534, "vlan 65534" },
	{ FIELD(PUT_IDENTITY, stream), STREAM_TRANSACTIONAL, NULL },
	{ FIELD(PUT_IDENTITY, stream), STREAMS, "stream 2" },

	{ NOTHING(PUT_DESTINATION), 0, NULL },
	{ FIELD(PUT_DESTINATION, plen), 129, "plen 129" },
	{ FIELD(PUT_DESTINATION, plen), 0, "bits after plen 0" },
	{ ADDRESS(PUT_DESTINATION, 15), 0x80, "bits after plen 120" },
	{ FIELD(PUT_DESTINATION, provider), ID_UNKNOWN, "provider 0" },
	{ FIELD(PUT_DESTINATION, provider), ID_ANY, "provider 4294967295" },
	{ FIELD(PUT_DESTINATION, zero[0]), 1, "zero" },
	{ FIELD(PUT_DESTINATION, zero[2]), 1, "zero" },

	{ NOTHING(PUT_SERVES), 0, NULL },
	{ FIELD(PUT_SERVES, way), DOMAIN_CONFIG, NULL },
	{ FIELD(PUT_SERVES, way), DOMAIN_UNKNOWN, "way 0" },
	{ FIELD(PUT_SERVES, way), DOMAIN_RCPT, "way 3" },
	{ FIELD(PUT_SERVES, domain), DOMAIN_NONE, "no domain" },
	{ FIELD(PUT_SERVES, key.provider), 1, "without a provider" },
	{ FIELD(PUT_SERVES, key.scope), SCOPE_SOURCE, "the key is a remote" },

	{ NOTHING(PUT_LIMITS), 0, NULL },
	{ FIELD(PUT_LIMITS, key.scope), SCOPES, "scope 8" },
	{ FIELD(PUT_LIMITS, key.scope), 255, "scope 255" },
	{ FIELD(PUT_LIMITS, key.scope), SCOPE_SOURCE_PROVIDER, "scope 1 has no customer" },
	{ FIELD(PUT_LIMITS, key.scope), SCOPE_REMOTE, "scope 2 has no customer" },
	{ FIELD(PUT_LIMITS, key.scope), SCOPE_CUSTOMER, "scope 3 has no provider" },
	{ FIELD(PUT_LIMITS, key.scope), SCOPE_SOURCE, "scope 4 has no customer" },
	{ FIELD(PUT_LIMITS, key.scope), SCOPE_DOMAIN, "scope 5 has no customer" },
	{ FIELD(PUT_LIMITS, key.scope), SCOPE_PROVIDER, "scope 6 has no customer" },
	{ FIELD(PUT_LIMITS, key.scope), SCOPE_GATE, "scope 7 has no customer" },
	{ KEY_ADDRESS(PUT_LIMITS), 1, "scope 0 has no address" },
	{ FIELD(PUT_LIMITS, key.zero), 1, "key.zero" },
	{ FIELD(PUT_LIMITS, key.tier), 1, "key.tier 1" },
	{ FIELD(PUT_LIMITS, limits.tier), 1, "limits.tier on what is no customer" },
	{ FIELD(PUT_LIMITS, key.ceiling), 1, "key.ceiling" },
	{ FIELD(PUT_LIMITS, key.ceiling), 2, "key.ceiling" },
	{ FIELD(PUT_LIMITS, key.customer), ID_ANY, NULL },
	{ FIELD(PUT_LIMITS, key.provider), ID_ANY, NULL },
	{ FIELD(PUT_LIMITS, limits.has), 1, NULL },
	{ FIELD(PUT_LIMITS, limits.has), 0, "has 0x0" },
	{ FIELD(PUT_LIMITS, limits.has), 16, "has 0x10" },
	{ FIELD(PUT_LIMITS, limits.has), 31, "has 0x1f" },
	{ FIELD(PUT_LIMITS, zero), 1, "zero" },
	{ FIELD(PUT_LIMITS, limits.weight), 1, NULL },
	{ FIELD(PUT_LIMITS, limits.weight), WEIGHT_MOST, NULL },
	{ FIELD(PUT_LIMITS, limits.weight), WEIGHT_MOST + 1, "weight 1001" },
	{ FIELD(PUT_LIMITS, limits.weight), UINT16_MAX, "weight 65535" },
	{ FIELD(PUT_LIMITS, limits.kind[LIMIT_CONNECTIONS].amount), 0, NULL },
	{ FIELD(PUT_LIMITS, limits.kind[LIMIT_CONNECTION_RATE].amount), 0, NULL },
	{ FIELD(PUT_LIMITS, limits.kind[LIMIT_CONNECTION_RATE].per_ns), 0, "connection-rate per_ns" },
	{ FIELD(PUT_LIMITS, limits.kind[LIMIT_CONNECTION_RATE].burst), 0, "connection-rate per_ns and burst" },
	{ FIELD(PUT_LIMITS, limits.kind[LIMIT_BYTE_RATE].per_ns), 0, "byte-rate per_ns" },
	{ FIELD(PUT_LIMITS, limits.kind[LIMIT_BYTE_RATE].burst), 0, "byte-rate per_ns and burst" },
	{ FIELD(PUT_LIMITS, limits.kind[LIMIT_MESSAGE_RATE].per_ns), 0, "message-rate per_ns" },
	{ FIELD(PUT_LIMITS, limits.kind[LIMIT_MESSAGE_RATE].burst), 0, "message-rate per_ns and burst" },

	{ NOTHING(DEL_LIMITS), 0, NULL },
	{ FIELD(DEL_LIMITS, key.scope), SCOPES, "DEL_LIMITS: scope 8" },
	{ FIELD(DEL_LIMITS, key.scope), SCOPE_CUSTOMER, "DEL_LIMITS: scope 3 has no provider" },
	{ FIELD(DEL_LIMITS, key.zero), 1, "DEL_LIMITS: key.zero" },

	{ NOTHING(PUT_VERDICT), 0, NULL },
	{ FIELD(PUT_VERDICT, key.scope), SCOPES, "scope 8" },
	{ FIELD(PUT_VERDICT, key.scope), SCOPE_GATE, "scope 7 has no customer" },
	{ FIELD(PUT_VERDICT, key.zero), 1, "key.zero" },
	{ FIELD(PUT_VERDICT, key.tier), 1, "key.tier 1" },
	{ FIELD(PUT_VERDICT, key.ceiling), 1, "key.ceiling" },
	{ KEY_ADDRESS(PUT_VERDICT), 1, "scope 0 has no address" },
	{ FIELD(PUT_VERDICT, action), ACTION_PASS, NULL },
	{ FIELD(PUT_VERDICT, action), ACTIONS, "action 2" },
	{ FIELD(PUT_VERDICT, refuse), REFUSE_RST, NULL },
	{ FIELD(PUT_VERDICT, refuse), REFUSE_MODES, "refuse 2" },
	{ FIELD(PUT_VERDICT, zero[0]), 1, "zero" },
	{ FIELD(PUT_VERDICT, zero[1]), 1, "zero" },
	{ REASON(0), 0, NULL },
	{ REASON(0), ' ', NULL },
	{ REASON(0), '~', NULL },
	{ REASON(0), '\r', "0x0d" },
	{ REASON(0), '\n', "0x0a" },
	{ REASON(1), '\t', "0x09" },
	{ REASON(1), 0x1b, "0x1b" },
	{ REASON(2), 0x7f, "0x7f" },
	{ REASON(2), 0x80, "0x80" },
	{ REASON(2), 0xff, "0xff" },

	{ NOTHING(DEL_VERDICT), 0, NULL },
	{ FIELD(DEL_VERDICT, key.scope), 200, "DEL_VERDICT: scope 200" },
	{ FIELD(DEL_VERDICT, key.zero), 1, "DEL_VERDICT: key.zero" },

	{ NOTHING(HELLO), 0, "HELLO is not a record" },
	{ NOTHING(BEGIN), 0, "BEGIN is not a record" },
	{ NOTHING(COMMIT), 0, "COMMIT is not a record" },
	{ NOTHING(QUERY), 0, "QUERY is not a record" },
	{ NOTHING(ROW_FLOW), 0, "ROW_FLOW is not a record" },
};

static void check_row(struct apply *apply, size_t i)
{
	char error[WIRE_ERROR_MAX] = "";

	make_good(rows[i].type);
	memcpy(record.bytes + rows[i].at, &rows[i].value, rows[i].size); /* little-endian, as DPDK's machines are */
	tables_begin(apply, 2, WIRE_DELTA);
	int ret = apply_record(apply, rows[i].type, &record, error);
	if (rows[i].error == NULL) {
		ck_assert_msg(ret == 0, "row %zu: %s", i, error);
		ck_assert_uint_eq(apply->records, 1);
		apply_abort(apply);
		return;
	}
	ck_assert_msg(ret == -EINVAL, "row %zu: taken; expected '%s'", i, rows[i].error);
	ck_assert_msg(strstr(error, rows[i].error) != NULL, "row %zu: '%s', expected '%s'", i, error, rows[i].error);
	ck_assert_msg(!apply->open, "row %zu: the batch is still open", i);
}

START_TEST(each_field)
{
	struct apply apply = { .store = table_store_create() };

	tables_publish_first(&apply);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check_row(&apply, i);
	table_store_destroy(apply.store);
}
END_TEST

START_TEST(a_reason_without_an_end)
{
	struct apply apply = { .store = table_store_create() };
	struct wire_PUT_VERDICT verdict = tables_verdict(1, 1);
	char error[WIRE_ERROR_MAX] = "";

	tables_publish_first(&apply);
	memset(verdict.reason, 'x', sizeof(verdict.reason));
	tables_begin(&apply, 2, WIRE_DELTA);
	ck_assert_int_eq(apply_record(&apply, WIRE_PUT_VERDICT, &verdict, error), -EINVAL);
	ck_assert_ptr_nonnull(strstr(error, "no end"));
	verdict.reason[sizeof(verdict.reason) - 1] = '\0';
	tables_change(&apply, WIRE_PUT_VERDICT, &verdict);
	table_store_destroy(apply.store);
}
END_TEST

START_TEST(a_decision_on_a_remote_names_no_provider)
{
	struct apply apply = { .store = table_store_create() };
	struct wire_PUT_VERDICT verdict = tables_verdict(0, 1);
	char error[WIRE_ERROR_MAX] = "";

	verdict.key = (struct scope_key){ .scope = SCOPE_REMOTE, .provider = 1, .address = V4(192, 0, 2, 1) };
	tables_publish_first(&apply);
	tables_begin(&apply, 2, WIRE_DELTA);
	ck_assert_int_eq(apply_record(&apply, WIRE_PUT_VERDICT, &verdict, error), -EINVAL);
	ck_assert_ptr_nonnull(strstr(error, "names no provider"));
	verdict.key.provider = 0;
	tables_change(&apply, WIRE_PUT_VERDICT, &verdict);
	table_store_destroy(apply.store);
}
END_TEST

/* One bad record, and nothing of its batch is applied, nor can more of it follow. */
START_TEST(a_bad_record_ends_the_batch)
{
	struct apply apply = { .store = table_store_create() };
	struct wire_PUT_LIMITS limits = tables_limits(1, 1);
	const struct wire_COMMIT commit = { .generation = 2 };
	char error[WIRE_ERROR_MAX] = "";
	struct table_times times;
	struct table_sizes sizes;

	tables_publish_first(&apply);
	tables_begin(&apply, 2, WIRE_DELTA);
	tables_put(&apply, WIRE_PUT_LIMITS, &limits);
	limits.limits.has = 0;
	ck_assert_int_eq(apply_record(&apply, WIRE_PUT_LIMITS, &limits, error), -EINVAL);
	ck_assert_int_eq(apply_record(&apply, WIRE_PUT_LIMITS, &limits, error), -EPROTO);
	ck_assert_str_eq(error, "PUT_LIMITS outside BEGIN and COMMIT");
	ck_assert_int_eq(apply_commit(&apply, &commit, &times, error), -EPROTO);
	ck_assert_str_eq(error, "COMMIT without BEGIN");
	table_sizes(apply.store, &sizes);
	ck_assert_uint_eq(sizes.limits, 0);
	ck_assert_uint_eq(sizes.generation, 1);
	table_store_destroy(apply.store);
}
END_TEST

START_TEST(begins_and_commits)
{
	struct apply apply = { .store = table_store_create() };
	struct wire_BEGIN begin = { .generation = 1, .mode = WIRE_DELTA };
	char error[WIRE_ERROR_MAX] = "";
	struct table_times times;

	ck_assert_int_eq(apply_begin(&apply, &begin, error), -ENOENT);
	ck_assert_ptr_nonnull(strstr(error, "send it all"));
	begin.mode = 2;
	ck_assert_int_eq(apply_begin(&apply, &begin, error), -EINVAL);
	ck_assert_ptr_nonnull(strstr(error, "mode 2"));
	ck_assert(!apply.open);
	tables_publish_first(&apply);
	tables_begin(&apply, 5, WIRE_DELTA);
	begin.mode = WIRE_DELTA;
	ck_assert_int_eq(apply_begin(&apply, &begin, error), -EBUSY);
	ck_assert_ptr_nonnull(strstr(error, "another batch"));
	ck_assert_int_eq(apply_commit(&apply, &(struct wire_COMMIT){ .generation = 6 }, &times, error), -EINVAL);
	ck_assert_ptr_nonnull(strstr(error, "COMMIT of generation 6, BEGIN was of 5"));
	ck_assert(!apply.open);
	tables_begin(&apply, 7, WIRE_DELTA);
	tables_commit(&apply);
	ck_assert_uint_eq(apply.generation, 7);
	table_store_destroy(apply.store);
}
END_TEST

UNIT_MAIN("apply", each_field, a_reason_without_an_end, a_decision_on_a_remote_names_no_provider,
	  a_bad_record_ends_the_batch, begins_and_commits)
