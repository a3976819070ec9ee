/* SPDX-License-Identifier: BSD-3-Clause */
/* Which decisions a question is about. */
#include "commands/concern.h"

#include <string.h>

#include "customers/customers.h"
#include "ledger/scope_text.h"
#include "unit.h"

static const char text[] = "providers:\n"
			   "- { name: google, hosts: [g.example] }\n"
			   "- { name: other, hosts: [o.example] }\n"
			   "customers:\n"
			   "- { name: acme, sources: [10.0.0.0/25, 10.0.1.7] }\n"
			   "- { name: beta, sources: [10.2.0.0/16] }\n";

static struct config *config;

static uint32_t find_customer(void *context, const char *name, char *error)
{
	(void)context, (void)error;
	const struct customer *customer = config_customer(config, name);
	return customer != NULL ? customer->id : 99;
}

static uint32_t find_provider(void *context, const char *name, char *error)
{
	(void)context, (void)error;
	const struct provider *provider = config_provider(config, name);
	return provider != NULL ? provider->id : 99;
}

static void begin(void)
{
	char *errors = NULL;

	config = config_parse("f", text, strlen(text), &errors);
	ck_assert_msg(config != NULL, "%s", errors);
	for (uint32_t i = 0; i < 2; i++) {
		config->customers[i].id = 11 + i;
		config->providers[i].id = 21 + i;
	}
	customers_order(config);
}

static struct scope_key key_of(const char *scope)
{
	static const struct name_finder finder = { find_customer, find_provider, NULL };
	char error[SCOPE_ERROR_MAX] = "";
	struct scope_key key;

	ck_assert_msg(scope_parse(scope, &finder, &key, error) == 0, "%s", error);
	return key;
}

START_TEST(has)
{
	static const struct {
		const char *on, *key;
		bool has;
	} rows[] = {
		{ "gate", "customer:acme", true },
		{ "gate", "remote:192.0.2.1", true },
		{ "customer:acme", "customer:acme", true },
		{ "customer:beta", "customer:acme", false },
		{ "customer:acme/provider:google", "customer:acme", true },
		{ "customer:acme", "customer:acme/provider:google", true },
		{ "customer:acme/provider:other", "customer:acme/provider:google", false },
		{ "customer:acme/provider:google", "provider:google", true },
		{ "customer:acme/provider:google", "provider:other", false },
		{ "source:10.0.0.127", "customer:acme", true },
		{ "source:10.0.0.128", "customer:acme", false },
		{ "source:10.0.1.7/provider:google", "customer:acme", true },
		{ "source:10.0.1.7/provider:google", "customer:acme/provider:other", false },
		{ "source:10.2.3.4", "customer:acme", false },
		{ "source:10.0.0.1", "source:10.0.0.1", true },
		{ "source:10.0.0.1", "source:10.0.0.2", false },
		{ "source:10.0.0.1/provider:google", "source:10.0.0.1", true },
		{ "source:10.0.0.1", "provider:google", false },
		{ "provider:google", "customer:acme/provider:google", true },
		{ "provider:google", "provider:google", true },
		{ "provider:google", "provider:other", false },
		/* All customers are at every provider: to say so of each would say nothing. */
		{ "provider:google", "customer:acme", false },
		{ "customer:acme", "provider:google", false },
		{ "remote:192.0.2.1", "remote:192.0.2.1", true },
		{ "remote:192.0.2.1", "remote:192.0.2.2", false },
		{ "remote:192.0.2.1", "customer:acme", false },
		{ "customer:unknown", "customer:unknown", true },
	};

	begin();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct decision decision = { .key = key_of(rows[i].on) };
		const struct scope_key key = key_of(rows[i].key);
		ck_assert_msg(concern_has(config, &decision, &key) == rows[i].has, "%s of %s", rows[i].on, rows[i].key);
	}
	config_destroy(config);
}
END_TEST

static void count_each(void *context, const struct decision *decision)
{
	++((unsigned *)context)[decision->id];
}

/* What is found in the ledger's order is what asking each one finds, each once. */
START_TEST(each)
{
	static const char *const scopes[] = {
		"gate",
		"customer:acme",
		"customer:beta",
		"customer:acme/provider:google",
		"customer:acme/provider:other",
		"customer:beta/provider:google",
		"customer:unknown",
		"source:10.0.0.127",
		"source:10.0.0.128",
		"source:10.0.1.7/provider:google",
		"provider:google",
		"provider:other",
		"remote:192.0.2.1",
	};
	enum { COUNT = sizeof(scopes) / sizeof(scopes[0]) };
	struct ledger ledger = { 0 };

	begin();
	for (uint64_t i = 0; i < 3 * COUNT; i++) {
		const struct decision decision = { .id = i, .key = key_of(scopes[i % COUNT]) };
		ck_assert_int_eq(ledger_add(&ledger, &decision), 0);
	}
	for (size_t i = 0; i < COUNT; i++) {
		const struct scope_key key = key_of(scopes[i]);
		unsigned seen[3 * COUNT] = { 0 };
		concern_each(config, &ledger, &key, count_each, seen);
		for (uint64_t j = 0; j < 3 * COUNT; j++)
			ck_assert_msg(seen[j] == concern_has(config, ledger_at(&ledger, j), &key), "%s of %s: %u",
				      scopes[j % COUNT], scopes[i], seen[j]);
	}
	ledger_finish(&ledger);
	config_destroy(config);
}
END_TEST

START_TEST(orphans)
{
	static const struct {
		const char *on, *why;
	} rows[] = {
		{ "gate", NULL },
		{ "customer:acme", NULL },
		{ "customer:unknown", NULL },
		{ "customer:unknown/provider:unknown", NULL },
		{ "source:192.0.2.1", NULL },
		{ "customer:gone", "holds nobody: the configuration has no such customer" },
		{ "provider:gone", "holds nobody: the configuration has no such provider" },
		{ "source:192.0.2.1/provider:gone", "holds nobody: the configuration has no such provider" },
		{ "customer:gone/provider:gone", "holds nobody: the configuration has no such customer and provider" },
		{ "customer:gone/provider:google", "holds nobody: the configuration has no such customer" },
	};

	begin();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct decision decision = { .key = key_of(rows[i].on) };
		char why[CONCERN_MAX] = "";
		ck_assert_msg(concern_orphan(config, &decision, why) == (rows[i].why != NULL), "%s", rows[i].on);
		ck_assert_str_eq(why, rows[i].why != NULL ? rows[i].why : "");
	}
	config_destroy(config);
}
END_TEST

UNIT_MAIN("concern", has, each, orphans)
