/* SPDX-License-Identifier: BSD-3-Clause */
/* What readers find: limits merged by how specific they are, and the decision that comes first. */
#include "tables.h"

#define CONNECTIONS (1u << LIMIT_CONNECTIONS)
#define CONNECTION_RATE (1u << LIMIT_CONNECTION_RATE)
#define BYTE_RATE (1u << LIMIT_BYTE_RATE)
#define MESSAGE_RATE (1u << LIMIT_MESSAGE_RATE)

static const struct address none, host = V4(192, 0, 2, 1), other_host = V4(192, 0, 2, 2);

static struct rcu_view view;

/* What is in force: the amounts of the kinds in `has`, all the same. */
struct put {
	uint8_t scope;
	uint32_t customer, provider;
	const struct address *address;
	uint32_t has;
	uint64_t amount;
};

static const struct put limits_in_force[] = {
	{ SCOPE_CUSTOMER_PROVIDER, 1, 2, &none, CONNECTIONS, 11 },
	{ SCOPE_CUSTOMER_PROVIDER, ID_ANY, 2, &none, CONNECTIONS | CONNECTION_RATE, 12 },
	{ SCOPE_CUSTOMER_PROVIDER, 1, ID_ANY, &none, CONNECTIONS | CONNECTION_RATE | BYTE_RATE, 13 },
	{ SCOPE_CUSTOMER_PROVIDER, ID_ANY, ID_ANY, &none, BYTE_RATE, 14 },
	{ SCOPE_SOURCE_PROVIDER, 0, 2, &host, CONNECTIONS, 21 },
	{ SCOPE_SOURCE_PROVIDER, 0, 2, &none, CONNECTIONS | CONNECTION_RATE, 22 },
	{ SCOPE_SOURCE_PROVIDER, 0, ID_ANY, &host, CONNECTIONS | CONNECTION_RATE | BYTE_RATE, 23 },
	{ SCOPE_SOURCE_PROVIDER, 0, ID_ANY, &none, BYTE_RATE, 24 },
	{ SCOPE_REMOTE, 0, 0, &host, CONNECTIONS, 31 },
	{ SCOPE_REMOTE, 0, 2, &none, CONNECTIONS | CONNECTION_RATE, 32 },
	{ SCOPE_REMOTE, 0, ID_ANY, &none, CONNECTIONS | CONNECTION_RATE | BYTE_RATE, 33 },
	{ SCOPE_CUSTOMER, 1, 0, &none, CONNECTIONS, 0 },
	{ SCOPE_CUSTOMER, ID_ANY, 0, &none, CONNECTIONS | BYTE_RATE, 42 },
	{ SCOPE_SOURCE, 0, 0, &host, CONNECTION_RATE, 51 },
	{ SCOPE_SOURCE, 0, 0, &none, CONNECTIONS, 52 },
	{ SCOPE_PROVIDER, 0, 2, &none, CONNECTIONS, 61 },
	{ SCOPE_PROVIDER, 0, ID_ANY, &none, CONNECTIONS, 62 },
	{ SCOPE_GATE, 0, 0, &none, BYTE_RATE | MESSAGE_RATE, 71 },
};

/* The amount of each kind for one exact key; -1: unlimited. */
static const struct {
	uint8_t scope;
	uint32_t customer, provider;
	const struct address *address;
	int amount[LIMIT_KINDS];
} rows[] = {
	{ SCOPE_CUSTOMER_PROVIDER, 1, 2, &none, { 11, 12, 13, -1 } },
	{ SCOPE_CUSTOMER_PROVIDER, 9, 2, &none, { 12, 12, 14, -1 } },
	{ SCOPE_CUSTOMER_PROVIDER, 1, 9, &none, { 13, 13, 13, -1 } },
	{ SCOPE_CUSTOMER_PROVIDER, 9, 9, &none, { -1, -1, 14, -1 } },
	{ SCOPE_CUSTOMER_PROVIDER, 1, ID_UNKNOWN, &none, { 13, 13, 13, -1 } },
	{ SCOPE_SOURCE_PROVIDER, 0, 2, &host, { 21, 22, 23, -1 } },
	{ SCOPE_SOURCE_PROVIDER, 0, 2, &other_host, { 22, 22, 24, -1 } },
	{ SCOPE_SOURCE_PROVIDER, 0, 9, &host, { 23, 23, 23, -1 } },
	{ SCOPE_SOURCE_PROVIDER, 0, 9, &other_host, { -1, -1, 24, -1 } },
	{ SCOPE_REMOTE, 0, 2, &host, { 31, 32, 33, -1 } },
	{ SCOPE_REMOTE, 0, 9, &host, { 31, 33, 33, -1 } },
	{ SCOPE_REMOTE, 0, 2, &other_host, { 32, 32, 33, -1 } },
	{ SCOPE_REMOTE, 0, ID_UNKNOWN, &other_host, { 33, 33, 33, -1 } },
	{ SCOPE_CUSTOMER, 1, 0, &none, { 0, -1, 42, -1 } },
	{ SCOPE_CUSTOMER, 9, 0, &none, { 42, -1, 42, -1 } },
	{ SCOPE_CUSTOMER, ID_UNKNOWN, 0, &none, { 42, -1, 42, -1 } },
	{ SCOPE_SOURCE, 0, 0, &host, { 52, 51, -1, -1 } },
	{ SCOPE_SOURCE, 0, 0, &other_host, { 52, -1, -1, -1 } },
	{ SCOPE_PROVIDER, 0, 2, &none, { 61, -1, -1, -1 } },
	{ SCOPE_PROVIDER, 0, 9, &none, { 62, -1, -1, -1 } },
	{ SCOPE_GATE, 0, 0, &none, { -1, -1, 71, 71 } },
};

static void put_limits(struct apply *apply, const struct put *put)
{
	const struct limit limit = { put->amount, 1000000000, 1 };
	const struct wire_PUT_LIMITS record = { .key = { .scope = put->scope,
							 .customer = put->customer,
							 .provider = put->provider,
							 .address = *put->address },
						.limits = { .has = put->has, .kind = { limit, limit, limit, limit } } };

	tables_put(apply, WIRE_PUT_LIMITS, &record);
}

static void check_limits(const struct apply *apply, size_t row)
{
	const struct scope_key key = { .scope = rows[row].scope,
				       .customer = rows[row].customer,
				       .provider = rows[row].provider,
				       .address = *rows[row].address };
	struct limits is, again;

	table_limits(&view, table_current(&view, apply->store), &key, &is);
	for (int kind = 0; kind < LIMIT_KINDS; kind++) {
		int amount = is.has & 1u << kind ? (int)is.kind[kind].amount : -1;
		ck_assert_msg(amount == rows[row].amount[kind], "row %zu, kind %d: %d", row, kind, amount);
	}
	table_published_limits(apply->store, &key, &again);
	ck_assert_mem_eq(&is, &again, sizeof(is));
}

START_TEST(limits_by_how_specific_they_are)
{
	struct apply apply = { .store = table_store_create() };

	rcu_view_open(&view);
	tables_publish_first(&apply);
	tables_begin(&apply, 2, WIRE_DELTA);
	for (size_t i = 0; i < sizeof(limits_in_force) / sizeof(limits_in_force[0]); i++)
		put_limits(&apply, &limits_in_force[i]);
	tables_commit(&apply);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check_limits(&apply, i);
	table_store_destroy(apply.store);
	rcu_view_close(&view);
}
END_TEST

static struct wire_PUT_LIMITS of_tier(uint8_t tier, uint8_t ceiling, uint32_t has, uint64_t amount)
{
	const struct limit limit = { amount, 1000000000, 1 };

	return (struct wire_PUT_LIMITS){
		.key = { .scope = SCOPE_CUSTOMER, .ceiling = ceiling, .tier = tier, .customer = ID_ANY },
		.limits = { .has = has, .kind = { limit, limit, limit, limit } }
	};
}

static uint64_t connections_of(const struct apply *apply, uint32_t customer)
{
	const struct scope_key key = { .scope = SCOPE_CUSTOMER, .customer = customer };
	struct limits is;

	table_published_limits(apply->store, &key, &is);
	return is.has & CONNECTIONS ? is.kind[LIMIT_CONNECTIONS].amount : 0;
}

/* Customers 1 and 2 are of tier 5, 2 has a limit of its own; 3 is of none. */
static void put_tiers(struct apply *apply)
{
	const struct wire_PUT_LIMITS records[] = {
		of_tier(0, 0, CONNECTIONS, 40),
		of_tier(5, 0, CONNECTIONS, 20),
		of_tier(0, 1, CONNECTIONS, 8),
		of_tier(5, 1, CONNECTIONS, 4),
		{ .key = { .scope = SCOPE_CUSTOMER, .customer = 1 }, .limits = { .tier = 5 } },
		{ .key = { .scope = SCOPE_CUSTOMER, .customer = 2 },
		  .limits = { .has = CONNECTIONS, .tier = 5, .kind = { { 30, 1, 1 } } } },
	};

	tables_begin(apply, 2, WIRE_DELTA);
	for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++)
		tables_put(apply, WIRE_PUT_LIMITS, &records[i]);
	tables_commit(apply);
}

START_TEST(limits_of_a_tier)
{
	struct apply apply = { .store = table_store_create() };
	const struct wire_PUT_LIMITS moved = { .key = { .scope = SCOPE_CUSTOMER, .customer = 1 },
					       .limits = { .tier = 6 } };

	tables_publish_first(&apply);
	put_tiers(&apply);
	ck_assert_uint_eq(connections_of(&apply, 1), 20);
	ck_assert_uint_eq(connections_of(&apply, 2), 30); /* its own stand before */
	ck_assert_uint_eq(connections_of(&apply, 3), 40);
	table_blind(apply.store, 1000);
	ck_assert_uint_eq(connections_of(&apply, 1), 4);
	ck_assert_uint_eq(connections_of(&apply, 2), 4);
	ck_assert_uint_eq(connections_of(&apply, 3), 8);
	table_blind(apply.store, 0);
	tables_change(&apply, WIRE_PUT_LIMITS, &moved); /* to a tier that says nothing */
	ck_assert_uint_eq(connections_of(&apply, 1), 40);
	table_blind(apply.store, 1000);
	ck_assert_uint_eq(connections_of(&apply, 1), 8);
	table_store_destroy(apply.store);
}
END_TEST

START_TEST(a_deleted_limit_uncovers_the_next)
{
	struct apply apply = { .store = table_store_create() };
	const struct scope_key key = { .scope = SCOPE_CUSTOMER, .customer = 1 };
	struct limits is;

	tables_publish_first(&apply);
	tables_begin(&apply, 2, WIRE_DELTA);
	put_limits(&apply, &(struct put){ SCOPE_CUSTOMER, 1, 0, &none, CONNECTIONS, 3 });
	put_limits(&apply, &(struct put){ SCOPE_CUSTOMER, ID_ANY, 0, &none, CONNECTIONS, 7 });
	tables_commit(&apply);
	table_published_limits(apply.store, &key, &is);
	ck_assert_uint_eq(is.kind[LIMIT_CONNECTIONS].amount, 3);
	tables_change(&apply, WIRE_DEL_LIMITS, &key);
	table_published_limits(apply.store, &key, &is);
	ck_assert_uint_eq(is.kind[LIMIT_CONNECTIONS].amount, 7);
	tables_change(&apply, WIRE_DEL_LIMITS, &(struct scope_key){ .scope = SCOPE_CUSTOMER, .customer = ID_ANY });
	table_published_limits(apply.store, &key, &is);
	ck_assert_uint_eq(is.has, 0);
	table_store_destroy(apply.store);
}
END_TEST

/* A connection's keys: customer 1 at provider 2, its own and its receiver's address. */
static const struct scopes scopes = {
	.key = { [SCOPE_CUSTOMER_PROVIDER] = { SCOPE_CUSTOMER_PROVIDER, 0, 0, 0, 1, 2, { { 0 } } },
		 [SCOPE_SOURCE_PROVIDER] = { SCOPE_SOURCE_PROVIDER, 0, 0, 0, 0, 2, V4(10, 0, 0, 1) },
		 [SCOPE_REMOTE] = { SCOPE_REMOTE, 0, 0, 0, 0, 2, V4(192, 0, 2, 1) },
		 [SCOPE_CUSTOMER] = { SCOPE_CUSTOMER, 0, 0, 0, 1, 0, { { 0 } } },
		 [SCOPE_SOURCE] = { SCOPE_SOURCE, 0, 0, 0, 0, 0, V4(10, 0, 0, 1) },
		 [SCOPE_DOMAIN] = { SCOPE_DOMAIN, 0, 0, 0, 0, 0, { { 7 } } },
		 [SCOPE_PROVIDER] = { SCOPE_PROVIDER, 0, 0, 0, 0, 2, { { 0 } } },
		 [SCOPE_GATE] = { SCOPE_GATE, 0, 0, 0, 0, 0, { { 0 } } } }
};

static uint64_t decision_of(const struct apply *apply)
{
	const struct wire_PUT_VERDICT *verdict = table_verdict(&view, table_current(&view, apply->store), &scopes);

	return verdict != NULL ? verdict->decision : 0;
}

static struct wire_PUT_VERDICT verdict_on(int scope)
{
	struct wire_PUT_VERDICT verdict = tables_verdict(0, (uint64_t)scope + 1);

	verdict.key = scopes.key[scope];
	if (scope == SCOPE_REMOTE)
		verdict.key.provider = 0; /* a decision names the remote alone */
	return verdict;
}

/* Decided from the least specific scope to the most: each wins over those before, and released again uncovers
 * them. */
START_TEST(the_most_specific_decision)
{
	struct apply apply = { .store = table_store_create() };

	rcu_view_open(&view);
	tables_publish_first(&apply);
	ck_assert_uint_eq(decision_of(&apply), 0);
	for (int scope = SCOPES - 1; scope >= 0; scope--) {
		const struct wire_PUT_VERDICT verdict = verdict_on(scope);
		tables_change(&apply, WIRE_PUT_VERDICT, &verdict);
		ck_assert_uint_eq(decision_of(&apply), verdict.decision);
	}
	for (int scope = 0; scope < SCOPES; scope++) {
		const struct wire_PUT_VERDICT verdict = verdict_on(scope);
		ck_assert_uint_eq(decision_of(&apply), verdict.decision);
		tables_change(&apply, WIRE_DEL_VERDICT, &verdict.key);
	}
	ck_assert_uint_eq(decision_of(&apply), 0);
	table_store_destroy(apply.store);
	rcu_view_close(&view);
}
END_TEST

/* Another customer's, source's, remote's, provider's decision is not ours. */
START_TEST(decisions_on_others)
{
	struct apply apply = { .store = table_store_create() };

	rcu_view_open(&view);
	tables_publish_first(&apply);
	for (int scope = 0; scope < SCOPE_GATE; scope++) {
		struct wire_PUT_VERDICT verdict = verdict_on(scope);
		verdict.key.customer += verdict.key.customer != 0;
		verdict.key.address.byte[0] += scope == SCOPE_DOMAIN;
		verdict.key.address.byte[15] ^= verdict.key.address.byte[10];
		if (verdict.key.customer == 0 && verdict.key.address.byte[10] == 0 && scope != SCOPE_DOMAIN)
			verdict.key.provider++;
		tables_change(&apply, WIRE_PUT_VERDICT, &verdict);
		ck_assert_msg(decision_of(&apply) == 0, "scope %d", scope);
	}
	table_store_destroy(apply.store);
	rcu_view_close(&view);
}
END_TEST

UNIT_MAIN("table_find", limits_by_how_specific_they_are, limits_of_a_tier, a_deleted_limit_uncovers_the_next,
	  the_most_specific_decision, decisions_on_others)
