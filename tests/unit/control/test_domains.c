/* SPDX-License-Identifier: BSD-3-Clause */
/* Mail domains: what the configuration says of them, which address serves one alone, and by which name one is shown. */
#include "dns/domains.h"

#include <stdlib.h>
#include <string.h>

#include "domain.h"
#include "gate/policy.h"
#include "unit.h"
#include "units.h"

#define POINT 987654321012345ull
#define HEAD "providers: [{ name: google, domains: [a.example, b.example], addresses: [192.0.2.0/24] }]\n"

static struct config *good(const char *text)
{
	char *errors = NULL;
	struct config *config = config_parse("f", text, strlen(text), &errors);

	ck_assert_msg(config != NULL, "%s", errors);
	config->domain_point = POINT;
	return config;
}

static uint64_t named(const char *name)
{
	return domain_of((struct domain_key){ POINT }, name, strlen(name));
}

static struct address address(const char *text)
{
	struct address address;

	ck_assert_int_eq(address_parse(text, &address), 0);
	return address;
}

START_TEST(read)
{
	struct config *config =
		good(HEAD "mail-domains: [{ name: Example.ORG., addresses: [203.0.113.7, '2001:db8::7'],\n"
			  "             limits: { message-rate: 5/s } }, { name: c.example }]\n"
			  "defaults: { each-domain: { connections: 3 } }\n");
	const struct mail_domain *domain = config_mail_domain(config, "example.org");

	ck_assert_uint_eq(config->mail_domain_count, 2);
	ck_assert_ptr_eq(domain, &config->mail_domains[0]);
	ck_assert_uint_eq(domain->address_count, 2);
	ck_assert_uint_eq(domain->limits.kind[LIMIT_MESSAGE_RATE].amount, 5);
	ck_assert_uint_eq(config->each_domain.kind[LIMIT_CONNECTIONS].amount, 3);
	ck_assert_ptr_null(config_mail_domain(config, "b.example"));
	config_destroy(config);
}
END_TEST

START_TEST(refused)
{
	static const struct {
		const char *text, *error;
	} rows[] = {
		{ "mail-domains: [{ name: 'a b' }]", "name: \"a b\": expected a mail domain such as example.org" },
		{ "mail-domains: [{ limits: {} }]", "\"name\" is missing" },
		{ "mail-domains: [{ name: a.example }, { name: A.example }]", "a second domain \"a.example\"" },
		{ "mail-domains: [{ name: a.example, addresses: [192.0.2.0/24] }]",
		  "expected one address, not a prefix" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *errors = NULL;
		ck_assert_ptr_null(config_parse("f", rows[i].text, strlen(rows[i].text), &errors));
		ck_assert_msg(strstr(errors, rows[i].error) != NULL, "%s: %s", rows[i].text, errors);
		free(errors);
	}
}
END_TEST

struct records {
	unsigned serves, limits;
	struct wire_PUT_SERVES serve[8];
	struct wire_PUT_LIMITS limit[8];
};

static void note(void *context, enum wire_type type, const void *record)
{
	struct records *records = context;

	if (type == WIRE_PUT_SERVES)
		records->serve[records->serves++] = *(const struct wire_PUT_SERVES *)record;
	if (type == WIRE_PUT_LIMITS && ((const struct scope_key *)record)->scope == SCOPE_DOMAIN)
		records->limit[records->limits++] = *(const struct wire_PUT_LIMITS *)record;
}

static struct records records_of(const struct config *config, const struct address_set *resolved)
{
	struct ledger ledger = { 0 };
	struct records records = { 0 };
	struct policy policy = { 0 };

	policy_init(&policy, config, &ledger, resolved);
	policy_all(&policy, note, &records);
	policy_finish(&policy);
	return records;
}

static const struct wire_PUT_SERVES *at(const struct records *records, const char *text)
{
	const struct address wanted = address(text);

	for (unsigned i = 0; i < records->serves; i++)
		if (memcmp(&records->serve[i].key.address, &wanted, sizeof(wanted)) == 0)
			return &records->serve[i];
	return NULL;
}

/* .1 is a's alone, .2 several's, .3 by way of a host; of .4 the configuration knows better; .5 only it knows; of .6 it
 * says two things. */
START_TEST(who_serves_one_alone)
{
	struct config *config =
		good(HEAD "mail-domains: [{ name: c.example, addresses: [192.0.2.4, 192.0.2.5, 192.0.2.6] },\n"
			  "          { name: d.example, addresses: [192.0.2.6] }]\n");
	struct address found[] = { address("192.0.2.1"), address("192.0.2.2"), address("192.0.2.3"),
				   address("192.0.2.4") };
	const char *domain[] = { "A.Example", NULL, NULL, "b.example" };
	const struct address_set resolved = { .address = found, .domain = domain, .count = 4 };
	const struct records records = records_of(config, &resolved);

	ck_assert_uint_eq(records.serves, 3);
	ck_assert_uint_eq(at(&records, "192.0.2.1")->domain, named("a.example"));
	ck_assert_uint_eq(at(&records, "192.0.2.1")->way, DOMAIN_DNS);
	ck_assert_uint_eq(at(&records, "192.0.2.4")->domain, named("c.example"));
	ck_assert_uint_eq(at(&records, "192.0.2.4")->way, DOMAIN_CONFIG);
	ck_assert_uint_eq(at(&records, "192.0.2.5")->domain, named("c.example"));
	config_destroy(config);
}
END_TEST

START_TEST(limits)
{
	struct config *config =
		good("mail-domains: [{ name: c.example, limits: { connections: 4 } }, { name: d.example }]\n"
		     "defaults: { each-domain: { connections: 9 } }\n");
	const struct address_set none = { 0 };
	const struct records records = records_of(config, &none);
	const struct scope_key each = { SCOPE_DOMAIN }, own = domain_scope(named("c.example"));

	ck_assert_uint_eq(records.limits, 2);
	for (unsigned i = 0; i < 2; i++) {
		bool is_each = records.limit[i].limits.kind[LIMIT_CONNECTIONS].amount == 9;
		ck_assert_mem_eq(&records.limit[i].key, is_each ? &each : &own, sizeof(each));
	}
	config_destroy(config);
}
END_TEST

/* The first who named it is shown, one each; what nobody named is a question mark. */
START_TEST(names)
{
	struct config *config = good(HEAD "mail-domains: [{ name: b.example }]\n");
	struct decision decision = { .id = 1, .action = DECIDE_LIMIT, .scope = "domain:C.example" };
	struct ledger ledger = { 0 };
	size_t count;

	decision.key = domain_scope(named("c.example"));
	ck_assert_int_eq(ledger_add(&ledger, &decision), 0);
	struct known_domain *known = domains_known(config, &ledger, &count);
	ck_assert_uint_eq(count, 3);
	for (size_t i = 0; i < count; i++) {
		const char *from = known[i].name[0] == 'a'   ? "google"
				   : known[i].name[0] == 'b' ? "configuration"
							     : "decision";
		ck_assert_str_eq(known[i].from, from);
		ck_assert(i == 0 || memcmp(&known[i - 1].key, &known[i].key, sizeof(known->key)) < 0);
	}
	ck_assert_str_eq(domains_name(known, count, named("a.example")), "a.example");
	ck_assert_str_eq(domains_name(known, count, named("c.example")), "C.example");
	ck_assert_str_eq(domains_name(known, count, named("x.example")), "?");
	ck_assert_str_eq(domains_name(known, count, DOMAIN_NONE), "");
	free(known);
	ledger_finish(&ledger);
	config_destroy(config);
}
END_TEST

UNIT_MAIN("domains", read, refused, who_serves_one_alone, limits, names)
