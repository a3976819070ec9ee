/* SPDX-License-Identifier: BSD-3-Clause */
/* What the gate is told: all of it for a full batch, and for one scope what it has or has no more. */
#include "gate/policy.h"

#include <string.h>

#include "policies.h"

static const char text[] = "smtp: { refuse: rst, max-hold: 2s, idle-timeout: 1min, ports: [25, 587],\n"
			   "        hold-budget: { banner: 20s, command: 1500ms, body: 40s } }\n"
			   "providers:\n"
			   "- { name: google, addresses: [192.0.2.0/24], limits: { connections: 100 }, each-customer: "
			   "{ connections: 10 },\n"
			   "    each-source: { connections: 11 }, each-remote: { connections: 12 } }\n"
			   "- { name: other, addresses: [198.51.100.1] }\n"
			   "customers:\n"
			   "- { name: acme, sources: [10.0.0.0/24, { prefix: 10.1.0.1, ports: 1000-1999, vlan: 7 }],\n"
			   "    limits: { connection-rate: 5/s }, at: { google: { connections: 3 } } }\n"
			   "- { name: beta, sources: [10.2.0.0/16] }\n"
			   "defaults: { gate: { byte-rate: 1GB/s }, each-customer: { connections: 20 }, each-source: { "
			   "connections: 21 },\n"
			   "            each-remote: { connections: 22 } }\n"
			   "unknown: { customer: { action: deny }, provider: { limits: { connections: 2 } } }\n";

static const uint32_t sizes[WIRE_TYPES] = {
#define FRAME(name, direction, help) [WIRE_##name] = sizeof(struct wire_##name),
#include "frames.def"
#undef FRAME
};

static void note(void *context, enum wire_type type, const void *record)
{
	struct bed *bed = context;

	ck_assert_uint_lt(bed->count, RECORDS_MOST);
	bed->put[bed->count].type = type;
	memcpy(bed->put[bed->count++].record, record, sizes[type]);
}

static unsigned count_of(const struct bed *bed, enum wire_type type)
{
	unsigned count = 0;

	for (unsigned i = 0; i < bed->count; i++)
		count += bed->put[i].type == type;
	return count;
}

/* The first record of a type whose key this is; all keyed records begin with it. */
static const void *on_key(const struct bed *bed, enum wire_type type, const struct scope_key *key)
{
	for (unsigned i = 0; i < bed->count; i++)
		if (bed->put[i].type == type && memcmp(bed->put[i].record, key, sizeof(*key)) == 0)
			return bed->put[i].record;
	return NULL;
}

START_TEST(settings)
{
	struct bed *bed = begin(text);
	struct wire_PUT_SETTINGS expected = { .refuse = REFUSE_RST,
					      .max_hold_ms = 2000,
					      .hold_budget_ms = { 2000, 20000, 1500, 0, 40000 },
					      .idle_timeout_s = 60,
					      .stale_after_s = 600,
					      .decay_s = 600,
					      .bulk_percent = 10,
					      .ports = 2,
					      .port = { 25, 587 } };

	/* Ports beyond the count are nobody's business. */
	policy_all(&bed->policy, note, bed);
	ck_assert_int_eq(bed->put[0].type, WIRE_PUT_SETTINGS);
	ck_assert_uint_eq(count_of(bed, WIRE_PUT_SETTINGS), 1);
	struct wire_PUT_SETTINGS *record = (struct wire_PUT_SETTINGS *)bed->put[0].record;
	memset(record->port + record->ports, 0, sizeof(record->port) - record->ports * sizeof(record->port[0]));
	ck_assert_mem_eq(record, &expected, sizeof(expected));
	end(bed);
}
END_TEST

START_TEST(identities)
{
	struct bed *bed = begin(text);
	struct wire_PUT_IDENTITY expected[] = {
		{ .plen = 120, .port_high = 65535, .vlan = WIRE_VLAN_ANY, .customer = ACME },
		{ .plen = 128, .port_low = 1000, .port_high = 1999, .vlan = 7, .customer = ACME },
		{ .plen = 112, .port_high = 65535, .vlan = WIRE_VLAN_ANY, .customer = BETA },
	};

	ck_assert_int_eq(address_parse("10.0.0.0", &expected[0].address), 0);
	ck_assert_int_eq(address_parse("10.1.0.1", &expected[1].address), 0);
	ck_assert_int_eq(address_parse("10.2.0.0", &expected[2].address), 0);
	policy_all(&bed->policy, note, bed);
	ck_assert_uint_eq(count_of(bed, WIRE_PUT_IDENTITY), 3);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(bed->put[1 + i].type, WIRE_PUT_IDENTITY);
		ck_assert_mem_eq(bed->put[1 + i].record, &expected[i], sizeof(expected[i]));
	}
	end(bed);
}
END_TEST

START_TEST(destinations)
{
	struct bed *bed = begin(text);
	struct wire_PUT_DESTINATION expected[] = {
		{ .plen = 120, .provider = GOOGLE },
		{ .plen = 128, .provider = OTHER },
		{ .plen = 128, .provider = OTHER },
	};

	ck_assert_int_eq(address_parse("192.0.2.0", &expected[0].address), 0);
	ck_assert_int_eq(address_parse("198.51.100.1", &expected[1].address), 0);
	expected[2].address = bed->learned; /* what DNS said */
	policy_all(&bed->policy, note, bed);
	ck_assert_uint_eq(count_of(bed, WIRE_PUT_DESTINATION), 3);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(bed->put[4 + i].type, WIRE_PUT_DESTINATION);
		ck_assert_mem_eq(bed->put[4 + i].record, &expected[i], sizeof(expected[i]));
	}
	end(bed);
}
END_TEST

START_TEST(limits_of_each_scope)
{
	static const struct {
		enum scope scope;
		uint32_t customer, provider;
		enum limit_kind kind;
		uint64_t amount;
	} rows[] = {
		{ SCOPE_GATE, 0, 0, LIMIT_BYTE_RATE, 1000000000 },
		{ SCOPE_CUSTOMER, ID_ANY, 0, LIMIT_CONNECTIONS, 20 },
		{ SCOPE_SOURCE, 0, 0, LIMIT_CONNECTIONS, 21 },
		{ SCOPE_REMOTE, 0, ID_ANY, LIMIT_CONNECTIONS, 22 },
		{ SCOPE_PROVIDER, 0, ID_UNKNOWN, LIMIT_CONNECTIONS, 2 },
		{ SCOPE_PROVIDER, 0, GOOGLE, LIMIT_CONNECTIONS, 100 },
		{ SCOPE_CUSTOMER_PROVIDER, ID_ANY, GOOGLE, LIMIT_CONNECTIONS, 10 },
		{ SCOPE_SOURCE_PROVIDER, 0, GOOGLE, LIMIT_CONNECTIONS, 11 },
		{ SCOPE_REMOTE, 0, GOOGLE, LIMIT_CONNECTIONS, 12 },
		{ SCOPE_CUSTOMER, ACME, 0, LIMIT_CONNECTION_RATE, 5 },
		{ SCOPE_CUSTOMER_PROVIDER, ACME, GOOGLE, LIMIT_CONNECTIONS, 3 },
	};
	struct bed *bed = begin(text);

	policy_all(&bed->policy, note, bed);
	ck_assert_uint_eq(count_of(bed, WIRE_PUT_LIMITS), sizeof(rows) / sizeof(rows[0]));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct scope_key key = scope_key_of(rows[i].scope, rows[i].customer, rows[i].provider);
		const struct wire_PUT_LIMITS *record = on_key(bed, WIRE_PUT_LIMITS, &key);
		ck_assert_msg(record != NULL, "row %zu", i);
		ck_assert_uint_eq(record->limits.has, 1u << rows[i].kind);
		ck_assert_uint_eq(record->limits.kind[rows[i].kind].amount, rows[i].amount);
		ck_assert_uint_eq(record->zero, 0);
	}
	end(bed);
}
END_TEST

START_TEST(verdicts)
{
	const struct scope_key acme = scope_key_of(SCOPE_CUSTOMER, ACME, 0),
			       unknown = scope_key_of(SCOPE_CUSTOMER, ID_UNKNOWN, 0);
	const struct scope_key beta = scope_key_of(SCOPE_CUSTOMER_PROVIDER, BETA, OTHER);
	struct bed *bed = begin(text);

	decide(bed, 5, acme, NULL);
	decide(bed, 6, beta, "connections=1");
	policy_all(&bed->policy, note, bed);
	ck_assert_uint_eq(count_of(bed, WIRE_PUT_VERDICT), 2);
	const struct wire_PUT_VERDICT *record = on_key(bed, WIRE_PUT_VERDICT, &acme);
	ck_assert_ptr_nonnull(record);
	ck_assert_uint_eq(record->action, ACTION_QUARANTINE);
	ck_assert_uint_eq(record->refuse, REFUSE_RST);
	ck_assert_uint_eq(record->decision, 5);
	ck_assert_str_eq(record->reason, "trap hits");
	record = on_key(bed, WIRE_PUT_VERDICT, &unknown);
	ck_assert_ptr_nonnull(record);
	ck_assert_uint_eq(record->decision, 0);
	ck_assert_str_eq(record->reason, "unknown source address");
	const struct wire_PUT_LIMITS *limits = on_key(bed, WIRE_PUT_LIMITS, &beta);
	ck_assert_ptr_nonnull(limits);
	ck_assert_uint_eq(limits->limits.kind[LIMIT_CONNECTIONS].amount, 1);
	ck_assert_uint_eq(count_of(bed, WIRE_DEL_LIMITS) + count_of(bed, WIRE_DEL_VERDICT), 0);
	end(bed);
}
END_TEST

START_TEST(unknown_providers_denied)
{
	const struct scope_key customer = scope_key_of(SCOPE_CUSTOMER, ID_UNKNOWN, 0);
	const struct scope_key provider = scope_key_of(SCOPE_PROVIDER, 0, ID_UNKNOWN);
	struct bed *bed = begin("unknown: { provider: { action: deny } }");

	policy_all(&bed->policy, note, bed);
	ck_assert_ptr_null(on_key(bed, WIRE_PUT_VERDICT, &customer));
	const struct wire_PUT_VERDICT *record = on_key(bed, WIRE_PUT_VERDICT, &provider);
	ck_assert_ptr_nonnull(record);
	ck_assert_str_eq(record->reason, "unknown destination");
	ck_assert_uint_eq(record->refuse, REFUSE_421);
	ck_assert_uint_eq(bed->count, 2);
	end(bed);
}
END_TEST

/* Checks the two records that one scope comes to. */
static void check_scope(struct bed *bed, const struct scope_key *key, enum wire_type limits, enum wire_type verdict)
{
	bed->count = 0;
	policy_scope(&bed->policy, key, DECIDE_LIMIT, note, bed);
	policy_scope(&bed->policy, key, DECIDE_QUARANTINE, note, bed);
	ck_assert_uint_eq(bed->count, 2);
	ck_assert_int_eq(bed->put[0].type, limits);
	ck_assert_int_eq(bed->put[1].type, verdict);
	ck_assert_mem_eq(bed->put[0].record, key, sizeof(*key));
	ck_assert_mem_eq(bed->put[1].record, key, sizeof(*key));
}

START_TEST(one_scope)
{
	const struct scope_key beta = scope_key_of(SCOPE_CUSTOMER, BETA, 0),
			       acme = scope_key_of(SCOPE_CUSTOMER, ACME, 0);
	const struct scope_key unknown = scope_key_of(SCOPE_CUSTOMER, ID_UNKNOWN, 0);
	struct bed *bed = begin(text);
	struct decision removed;

	check_scope(bed, &beta, WIRE_DEL_LIMITS, WIRE_DEL_VERDICT);
	decide(bed, 1, beta, NULL);
	check_scope(bed, &beta, WIRE_DEL_LIMITS, WIRE_PUT_VERDICT);
	decide(bed, 2, beta, "connections=1");
	check_scope(bed, &beta, WIRE_PUT_LIMITS, WIRE_PUT_VERDICT);
	ck_assert(ledger_remove(&bed->ledger, 1, &removed));
	check_scope(bed, &beta, WIRE_PUT_LIMITS, WIRE_DEL_VERDICT);
	ck_assert(ledger_remove(&bed->ledger, 2, &removed));
	check_scope(bed, &beta, WIRE_DEL_LIMITS, WIRE_DEL_VERDICT);
	/* What the configuration says comes back, and is not deleted. */
	check_scope(bed, &acme, WIRE_PUT_LIMITS, WIRE_DEL_VERDICT);
	check_scope(bed, &unknown, WIRE_DEL_LIMITS, WIRE_PUT_VERDICT);
	end(bed);
}
END_TEST

START_TEST(several_decisions_on_one_key)
{
	const struct scope_key acme = scope_key_of(SCOPE_CUSTOMER, ACME, 0),
			       unknown = scope_key_of(SCOPE_CUSTOMER, ID_UNKNOWN, 0);
	struct bed *bed = begin(text);

	decide(bed, 1, acme, NULL);
	decide(bed, 2, unknown, NULL);
	decide(bed, 3, acme, "connections=7");
	decide(bed, 4, acme, NULL);
	decide(bed, 5, acme, "connections=8");
	policy_all(&bed->policy, note, bed);
	ck_assert_uint_eq(count_of(bed, WIRE_PUT_VERDICT), 2);
	ck_assert_uint_eq(count_of(bed, WIRE_PUT_LIMITS), 11);
	const struct wire_PUT_VERDICT *verdict = on_key(bed, WIRE_PUT_VERDICT, &acme);
	ck_assert_ptr_nonnull(verdict);
	ck_assert_uint_eq(verdict->decision, 4);
	/* A person's word before the configuration's. */
	verdict = on_key(bed, WIRE_PUT_VERDICT, &unknown);
	ck_assert_ptr_nonnull(verdict);
	ck_assert_uint_eq(verdict->decision, 2);
	const struct wire_PUT_LIMITS *record = on_key(bed, WIRE_PUT_LIMITS, &acme);
	ck_assert_ptr_nonnull(record);
	ck_assert_uint_eq(record->limits.kind[LIMIT_CONNECTIONS].amount, 7); /* the strictest */
	ck_assert_uint_eq(record->limits.kind[LIMIT_CONNECTION_RATE].amount, 5);
	end(bed);
}
END_TEST

static void note_shared(void *context, const struct prefix *prefix, size_t owner, size_t provider)
{
	ck_assert_uint_eq(prefix->plen, 128);
	ck_assert_uint_eq(owner, 0);
	ck_assert_uint_eq(provider, 1);
	++*(unsigned *)context;
}

/* Twice said by one is nothing to tell; by two, the first one's it is. */
START_TEST(a_prefix_of_two_providers)
{
	struct bed *bed = begin("providers:\n"
				"- { name: google, addresses: [192.0.2.1, 192.0.2.1, 203.0.113.9] }\n"
				"- { name: other, addresses: [192.0.2.0/24] }\n");
	unsigned shared = 0;

	policy_all(&bed->policy, note, bed);
	ck_assert_uint_eq(count_of(bed, WIRE_PUT_DESTINATION), 3);
	for (unsigned i = 0; i < bed->count; i++) {
		const struct wire_PUT_DESTINATION *record = (const void *)bed->put[i].record;
		if (bed->put[i].type == WIRE_PUT_DESTINATION)
			ck_assert_uint_eq(record->provider, record->plen == 128 ? GOOGLE : OTHER);
	}
	policy_shared(&bed->policy, note_shared, &shared);
	ck_assert_uint_eq(shared, 1);
	end(bed);
}
END_TEST

START_TEST(decided_over_configured)
{
	const struct scope_key acme = scope_key_of(SCOPE_CUSTOMER, ACME, 0);
	struct bed *bed = begin(text);
	struct limits limits;

	decide(bed, 1, acme, "connections=7");
	policy_limits(&bed->policy, &acme, &limits);
	ck_assert_uint_eq(limits.has, 1u << LIMIT_CONNECTIONS | 1u << LIMIT_CONNECTION_RATE);
	ck_assert_uint_eq(limits.kind[LIMIT_CONNECTIONS].amount, 7);
	ck_assert_uint_eq(limits.kind[LIMIT_CONNECTION_RATE].amount, 5);
	decide(bed, 2, acme, "connection-rate=1/s");
	policy_limits(&bed->policy, &acme, &limits);
	ck_assert_uint_eq(limits.kind[LIMIT_CONNECTION_RATE].amount, 1);
	end(bed);
}
END_TEST

START_TEST(names)
{
	struct bed *bed = begin(text);

	ck_assert_str_eq(policy_customer(&bed->policy, BETA), "beta");
	ck_assert_str_eq(policy_provider(&bed->policy, GOOGLE), "google");
	ck_assert_str_eq(policy_customer(&bed->policy, ID_UNKNOWN), "unknown");
	ck_assert_str_eq(policy_provider(&bed->policy, ID_UNKNOWN), "unknown");
	ck_assert_str_eq(policy_customer(&bed->policy, GOOGLE), "?");
	ck_assert_str_eq(policy_provider(&bed->policy, ID_ANY), "?");
	end(bed);
}
END_TEST

UNIT_MAIN("policy", settings, identities, destinations, limits_of_each_scope, verdicts, unknown_providers_denied,
	  one_scope, several_decisions_on_one_key, a_prefix_of_two_providers, decided_over_configured, names)
