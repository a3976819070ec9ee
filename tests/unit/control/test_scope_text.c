/* SPDX-License-Identifier: BSD-3-Clause */
/* Scopes as people write them: each form makes its key and no other text does. */
#include "ledger/scope_text.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "unit.h"
#include "units.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static unsigned asked;

static uint32_t find(const char *name, const char *known, uint32_t id, char *error)
{
	asked++;
	if (strcmp(name, known) == 0)
		return id;
	snprintf(error, SCOPE_ERROR_MAX, "no \"%s\"", name);
	return 0;
}

static uint32_t find_customer(void *context, const char *name, char *error)
{
	ck_assert_ptr_eq(context, &asked);
	return find(name, "acme", 5, error);
}

static uint32_t find_provider(void *context, const char *name, char *error)
{
	ck_assert_ptr_eq(context, &asked);
	return find(name, "google", 9, error);
}

static const struct name_finder finder = { find_customer, find_provider, &asked, { 12345678901 } };

START_TEST(forms)
{
	static const struct {
		const char *text;
		enum scope scope;
		uint32_t customer, provider;
		const char *address;
	} rows[] = {
		{ "gate", SCOPE_GATE, 0, 0, NULL },
		{ "customer:acme", SCOPE_CUSTOMER, 5, 0, NULL },
		{ "customer:unknown", SCOPE_CUSTOMER, ID_UNKNOWN, 0, NULL },
		{ "provider:google", SCOPE_PROVIDER, 0, 9, NULL },
		{ "provider:unknown", SCOPE_PROVIDER, 0, ID_UNKNOWN, NULL },
		{ "customer:acme/provider:google", SCOPE_CUSTOMER_PROVIDER, 5, 9, NULL },
		{ "provider:google/customer:acme", SCOPE_CUSTOMER_PROVIDER, 5, 9, NULL },
		{ "customer:unknown/provider:google", SCOPE_CUSTOMER_PROVIDER, ID_UNKNOWN, 9, NULL },
		{ "source:192.0.2.1", SCOPE_SOURCE, 0, 0, "192.0.2.1" },
		{ "source:2001:db8::1", SCOPE_SOURCE, 0, 0, "2001:db8::1" },
		{ "source:192.0.2.1/provider:google", SCOPE_SOURCE_PROVIDER, 0, 9, "192.0.2.1" },
		{ "provider:google/source:2001:db8::1", SCOPE_SOURCE_PROVIDER, 0, 9, "2001:db8::1" },
		{ "remote:203.0.113.9", SCOPE_REMOTE, 0, 0, "203.0.113.9" },
	};

	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct scope_key key, expected;
		char error[SCOPE_ERROR_MAX] = "";
		/* Keys are compared as bytes: what lay in the memory before must not show. */
		memset(&key, 0xa5, sizeof(key));
		memset(&expected, 0, sizeof(expected));
		expected.scope = (uint8_t)rows[i].scope;
		expected.customer = rows[i].customer;
		expected.provider = rows[i].provider;
		if (rows[i].address != NULL)
			ck_assert_int_eq(address_parse(rows[i].address, &expected.address), 0);
		ck_assert_msg(scope_parse(rows[i].text, &finder, &key, error) == 0, "%s: %s", rows[i].text, error);
		ck_assert_msg(memcmp(&key, &expected, sizeof(key)) == 0, "%s is another key", rows[i].text);
	}
}
END_TEST

#define NOT_A_SCOPE                                                                                                    \
	"\" is not a scope; write gate, customer:C, provider:P, customer:C/provider:P, source:IP, "                    \
	"source:IP/provider:P, remote:IP or domain:D"
#define NOT_TOGETHER "\": these do not go together in one scope"
#define NAME_60 "012345678901234567890123456789012345678901234567890123456789"

START_TEST(refused)
{
	static const struct {
		const char *text, *error;
	} rows[] = {
		{ "", "\"" NOT_A_SCOPE },
		{ "acme", "\"acme" NOT_A_SCOPE },
		{ "Gate", "\"Gate" NOT_A_SCOPE },
		{ "gate:", "\"gate:" NOT_A_SCOPE },
		{ "gate:1", "\"gate:1" NOT_A_SCOPE },
		{ "customer", "\"customer" NOT_A_SCOPE },
		{ "customers:acme", "\"customers:acme" NOT_A_SCOPE },
		{ " customer:acme", "\" customer:acme" NOT_A_SCOPE },
		{ "/", "\"/" NOT_A_SCOPE },
		{ "/customer:acme", "\"/customer:acme" NOT_A_SCOPE },
		{ "customer:acme//provider:google", "\"/provider:google" NOT_A_SCOPE },
		{ "customer:acme/google", "\"google" NOT_A_SCOPE },
		{ "customer:acme/customer:acme", "\"customer:acme" NOT_A_SCOPE },
		{ "gate/gate", "\"gate" NOT_A_SCOPE },
		{ "customer:", "no \"\"" },
		{ "customer:acme ", "no \"acme \"" },
		{ "customer:nobody", "no \"nobody\"" },
		{ "customer:acme/provider:nobody", "no \"nobody\"" },
		{ "provider:", "no \"\"" },
		{ "source:", "\"\" is not an IPv4 or IPv6 address" },
		{ "source:acme", "\"acme\" is not an IPv4 or IPv6 address" },
		{ "source:192.0.2.256", "\"192.0.2.256\" is not an IPv4 or IPv6 address" },
		{ "source:192.0.2.0/24", "\"24" NOT_A_SCOPE },
		{ "remote:mx.example", "\"mx.example\" is not an IPv4 or IPv6 address" },
		{ "domain:", "\"\" is not a mail domain" },
		{ "domain:.example", "\".example\" is not a mail domain" },
		{ "domain:a b", "\"a b\" is not a mail domain" },
		{ "domain:[192.0.2.1]", "\"[192.0.2.1]\" is not a mail domain" },
		{ "domain:a.example/provider:google", "\"domain:a.example/provider:google" NOT_TOGETHER },
		{ "remote:203.0.113.9/provider:google", "\"remote:203.0.113.9/provider:google" NOT_TOGETHER },
		{ "customer:acme/source:192.0.2.1", "\"customer:acme/source:192.0.2.1" NOT_TOGETHER },
		{ "gate/customer:acme", "\"gate/customer:acme" NOT_TOGETHER },
		{ "customer:acme/provider:google/source:192.0.2.1",
		  "\"customer:acme/provider:google/source:192.0.2.1" NOT_TOGETHER },
		{ "customer:" NAME_60 NAME_60 NAME_60 NAME_60 NAME_60,
		  "\"customer:012345678901234567890123456789012345678901234567890" NOT_A_SCOPE },
	};

	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct scope_key key, untouched;
		char error[SCOPE_ERROR_MAX] = "";
		memset(&key, 0xa5, sizeof(key));
		untouched = key;
		ck_assert_msg(scope_parse(rows[i].text, &finder, &key, error) == -EINVAL, "%s is taken", rows[i].text);
		ck_assert_str_eq(error, rows[i].error);
		ck_assert_mem_eq(&key, &untouched, sizeof(key));
	}
}
END_TEST

/* One domain however it is written, another one otherwise; under another point as well. */
START_TEST(domains)
{
	static const char *const same[] = { "domain:a.example", "domain:A.Example", "domain:a.EXAMPLE." };
	struct name_finder other = finder;
	struct scope_key first, key;
	char error[SCOPE_ERROR_MAX] = "";

	for (size_t i = 0; i < LENGTH(same); i++) {
		ck_assert_int_eq(scope_parse(same[i], &finder, i == 0 ? &first : &key, error), 0);
		ck_assert(i == 0 || memcmp(&first, &key, sizeof(key)) == 0);
	}
	ck_assert_int_eq(first.scope, SCOPE_DOMAIN);
	ck_assert_uint_eq(domain_in(&first), domain_of(finder.domains, "a.example", 9));
	ck_assert_int_eq(scope_parse("domain:b.example", &finder, &key, error), 0);
	ck_assert_mem_ne(&first, &key, sizeof(key));
	other.domains.point++;
	ck_assert_int_eq(scope_parse("domain:a.example", &other, &key, error), 0);
	ck_assert_mem_ne(&first, &key, sizeof(key));
}
END_TEST

START_TEST(unknown_is_not_asked_for)
{
	struct scope_key key;
	char error[SCOPE_ERROR_MAX] = "";

	asked = 0;
	ck_assert_int_eq(scope_parse("customer:unknown/provider:unknown", &finder, &key, error), 0);
	ck_assert_uint_eq(asked, 0);
	ck_assert_int_eq(scope_parse("customer:acme/provider:google", &finder, &key, error), 0);
	ck_assert_uint_eq(asked, 2);
}
END_TEST

/* The longest value there is room for, and one more. */
START_TEST(long_values)
{
	char text[300] = "customer:", error[SCOPE_ERROR_MAX] = "";
	struct scope_key key;

	memset(text + 9, 'a', 255);
	ck_assert_int_eq(scope_parse(text, &finder, &key, error), -EINVAL);
	ck_assert_mem_eq(error, "no \"aaa", 7);
	ck_assert_uint_eq(strlen(error), SCOPE_ERROR_MAX - 1);
	text[9 + 255] = 'a';
	ck_assert_int_eq(scope_parse(text, &finder, &key, error), -EINVAL);
	ck_assert_ptr_nonnull(strstr(error, "is not a scope"));
}
END_TEST

UNIT_MAIN("scope_text", forms, refused, domains, unknown_is_not_asked_for, long_values)
