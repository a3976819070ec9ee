/* SPDX-License-Identifier: BSD-3-Clause */
/* Whose an address is, which decision counts, whose each limit is, and what the next connection gets. */
#include "commands/explain.h"

#include <string.h>

#include "policies.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define S 1000000000ull

static const char text[] =
	"providers:\n"
	"- { name: google, addresses: [192.0.2.0/24], each-customer: { connections: 10 }, each-remote: { connections: "
	"12 } }\n"
	"- { name: other, addresses: [192.0.2.128/25] }\n"
	"customers:\n"
	"- { name: acme, sources: [10.0.0.0/24, { prefix: 10.1.0.1, ports: 1000-1999 }], limits: { connection-rate: "
	"5/s } }\n"
	"- { name: beta, sources: [10.0.0.0/16, { prefix: 10.1.0.1, vlan: 7 }, { prefix: 10.1.0.1, ports: 1500-1599 }] "
	"}\n"
	"defaults: { each-customer: { connections: 20 }, each-remote: { connections: 22, message-rate: 1/s } }\n"
	"unknown: { customer: { action: deny } }\n";

static struct address address_of(const char *from)
{
	struct address address;

	ck_assert_msg(address_parse(from, &address) == 0, "%s", from);
	return address;
}

START_TEST(whose_a_source_is)
{
	static const struct {
		const char *address;
		uint16_t port, vlan;
		const char *customer;
	} rows[] = {
		{ "10.0.0.5", 0, 0, "acme" },	  { "10.0.9.5", 0, 0, "beta" },	   { "10.2.0.1", 0, 0, NULL },
		{ "10.1.0.1", 1000, 0, "acme" },  { "10.1.0.1", 1550, 0, "beta" }, { "10.1.0.1", 2000, 0, NULL },
		{ "10.1.0.1", 1550, 7, "beta" },  { "10.1.0.1", 1000, 7, "beta" }, { "10.1.0.1", 0, 0, NULL },
		{ "10.0.0.5", 65535, 9, "acme" }, { "::1", 0, 0, NULL },
	};
	struct bed *bed = begin(text);

	for (size_t i = 0; i < LENGTH(rows); i++) {
		const struct sender sender = { address_of(rows[i].address), rows[i].port, rows[i].vlan };
		const struct customer *customer = NULL;
		const struct source *rule = whose_source(bed->config, &sender, &customer);
		ck_assert_msg((rule != NULL) == (rows[i].customer != NULL), "row %zu", i);
		ck_assert_msg(rule == NULL || strcmp(customer->name, rows[i].customer) == 0, "row %zu: %s", i,
			      customer->name);
	}
	end(bed);
}
END_TEST

START_TEST(whose_a_remote_is)
{
	static const struct {
		const char *address;
		uint32_t provider;
		uint8_t plen;
		bool resolved;
	} rows[] = {
		{ "192.0.2.1", GOOGLE, 120, false },
		{ "192.0.2.200", OTHER, 121, false },
		{ "203.0.113.9", OTHER, 128, true },
		{ "203.0.113.10", ID_UNKNOWN, 0, false },
	};
	struct bed *bed = begin(text);

	for (size_t i = 0; i < LENGTH(rows); i++) {
		const struct address address = address_of(rows[i].address);
		struct receiver receiver;
		ck_assert(whose_remote(&bed->policy, &address, &receiver) == (rows[i].provider != ID_UNKNOWN));
		ck_assert_uint_eq(receiver.provider, rows[i].provider);
		ck_assert_uint_eq(receiver.prefix.plen, rows[i].plen);
		ck_assert_int_eq(receiver.resolved, rows[i].resolved);
	}
	end(bed);
}
END_TEST

static const struct limited *limit_of(const struct explanation *explanation, enum scope scope, enum limit_kind kind)
{
	for (unsigned i = 0; i < explanation->count; i++)
		if (explanation->limited[i].scope == scope && explanation->limited[i].kind == kind)
			return &explanation->limited[i];
	return NULL;
}

static const struct about acme_to_google = { .from = true, .to = true, .customer = ACME, .provider = GOOGLE };

START_TEST(whose_limits_are)
{
	struct bed *bed = begin(text);
	struct about about = acme_to_google;
	struct explanation explanation;

	about.has_remote = true;
	about.remote = address_of("192.0.2.1");
	decide(bed, 5, scope_key_of(SCOPE_CUSTOMER, ACME, 0), "connections=3");
	decide(bed, 6, scope_key_of(SCOPE_CUSTOMER, BETA, 0), "connections=1");
	explain_policy(&bed->policy, &about, &explanation);
	const struct limited *decided = limit_of(&explanation, SCOPE_CUSTOMER, LIMIT_CONNECTIONS);
	ck_assert_uint_eq(decided->limit.amount, 3);
	ck_assert_uint_eq(decided->decision->id, 5);
	const struct limited *own = limit_of(&explanation, SCOPE_CUSTOMER, LIMIT_CONNECTION_RATE);
	ck_assert(own->decision == NULL && !own->each);
	const struct limited *each = limit_of(&explanation, SCOPE_CUSTOMER_PROVIDER, LIMIT_CONNECTIONS);
	ck_assert(each->decision == NULL && each->each && each->limit.amount == 10);
	/* A remote has its provider's, and what that does not say is everybody's. */
	ck_assert_uint_eq(limit_of(&explanation, SCOPE_REMOTE, LIMIT_CONNECTIONS)->limit.amount, 12);
	ck_assert_ptr_nonnull(limit_of(&explanation, SCOPE_REMOTE, LIMIT_MESSAGE_RATE));
	ck_assert_ptr_null(limit_of(&explanation, SCOPE_SOURCE, LIMIT_CONNECTIONS));
	ck_assert_uint_eq(explanation.count, 5);
	end(bed);
}
END_TEST

START_TEST(which_quarantine_counts)
{
	struct bed *bed = begin(text);
	struct explanation explanation;

	explain_policy(&bed->policy, &acme_to_google, &explanation);
	ck_assert_ptr_null(explanation.verdict);
	decide(bed, 1, scope_key_of(SCOPE_GATE, 0, 0), NULL);
	decide(bed, 2, scope_key_of(SCOPE_CUSTOMER_PROVIDER, ACME, GOOGLE), NULL);
	decide(bed, 3, scope_key_of(SCOPE_CUSTOMER, ACME, 0), NULL);
	explain_policy(&bed->policy, &acme_to_google, &explanation);
	ck_assert_uint_eq(explanation.verdict->id, 2);
	explain_use(&explanation, NULL, 0, S);
	ck_assert_int_eq(explanation.outcome, OUTCOME_REFUSED);
	/* Of who goes elsewhere the customer's; of who is not asked about only the gate's. */
	explain_policy(&bed->policy, &(struct about){ .from = true, .customer = ACME }, &explanation);
	ck_assert_uint_eq(explanation.verdict->id, 3);
	explain_policy(&bed->policy, &(struct about){ .to = true, .provider = GOOGLE }, &explanation);
	ck_assert_uint_eq(explanation.verdict->id, 1);
	end(bed);
}
END_TEST

START_TEST(what_the_configuration_denies)
{
	struct bed *bed = begin(text);
	struct explanation explanation;

	explain_policy(&bed->policy, &(struct about){ .from = true, .customer = ID_UNKNOWN }, &explanation);
	ck_assert(explanation.denied && explanation.verdict == NULL);
	explain_use(&explanation, NULL, 0, S);
	ck_assert_int_eq(explanation.outcome, OUTCOME_REFUSED);
	end(bed);
}
END_TEST

START_TEST(what_the_next_one_gets)
{
	static const struct {
		uint32_t connections;
		uint64_t ready_ns;
		enum outcome outcome;
		int kind; /* what it waits for; -1: nothing */
	} rows[] = {
		{ 0, 0, OUTCOME_ADMITTED, -1 },
		{ 19, 0, OUTCOME_ADMITTED, -1 },
		{ 20, 0, OUTCOME_WAITS, LIMIT_CONNECTIONS },
		{ 25, 0, OUTCOME_WAITS, LIMIT_CONNECTIONS },
		{ 0, S, OUTCOME_WAITS, LIMIT_CONNECTION_RATE },
		{ 0, 3 * S + 1, OUTCOME_REFUSED, LIMIT_CONNECTION_RATE },
		{ 20, S, OUTCOME_WAITS, LIMIT_CONNECTIONS },
	};
	struct bed *bed = begin(text);

	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct explanation explanation;
		struct wire_ROW_METER meter = { .key = scope_key_of(SCOPE_CUSTOMER, ACME, 0),
						.connections = rows[i].connections };
		meter.limits.has = 1u << LIMIT_CONNECTION_RATE;
		meter.ready_ns[LIMIT_CONNECTION_RATE] = rows[i].ready_ns;
		explain_policy(&bed->policy, &acme_to_google, &explanation);
		explain_use(&explanation, &meter, 1, 3 * S);
		ck_assert_msg(explanation.outcome == rows[i].outcome, "row %zu: %d", i, explanation.outcome);
		ck_assert_int_eq(explanation.longest != NULL ? (int)explanation.longest->kind : -1, rows[i].kind);
	}
	end(bed);
}
END_TEST

START_TEST(names_of_scopes)
{
	struct bed *bed = begin(text);
	struct explanation explanation;
	struct about about = acme_to_google;
	char name[128];
	static const char *const names[SCOPES] = {
		[SCOPE_CUSTOMER_PROVIDER] = "customer:acme/provider:google",
		[SCOPE_SOURCE_PROVIDER] = "source:10.0.0.5/provider:google",
		[SCOPE_REMOTE] = "remote:192.0.2.1",
		[SCOPE_CUSTOMER] = "customer:acme",
		[SCOPE_SOURCE] = "source:10.0.0.5",
		[SCOPE_DOMAIN] = "domain:mail.example",
		[SCOPE_PROVIDER] = "provider:google",
		[SCOPE_GATE] = "gate",
	};

	about.has_source = about.has_remote = true;
	about.domain = "mail.example";
	about.source = address_of("10.0.0.5");
	about.remote = address_of("192.0.2.1");
	explain_policy(&bed->policy, &about, &explanation);
	for (int scope = 0; scope < SCOPES; scope++) {
		ck_assert(explanation.has[scope]);
		explain_scope(&bed->policy, &explanation, scope, name, sizeof(name));
		ck_assert_str_eq(name, names[scope]);
	}
	end(bed);
}
END_TEST

UNIT_MAIN("explain", whose_a_source_is, whose_a_remote_is, whose_limits_are, which_quarantine_counts,
	  what_the_configuration_denies, what_the_next_one_gets, names_of_scopes)
