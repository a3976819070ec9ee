/* SPDX-License-Identifier: BSD-3-Clause */
/* Files of customers: what they say, and what is wrong with them, by line. */
#include "customers/import.h"

#include <string.h>

#include "customers/customer_text.h"
#include "customers/customers.h"
#include "unit.h"
#include "units.h"

static void check_good(const char *text, size_t count)
{
	struct import import;

	ck_assert_msg(import_read(text, strlen(text), &import), "%s: %s", text, import.errors);
	ck_assert_uint_eq(import.count, count);
	import_finish(&import);
}

static void check_acme(const char *text)
{
	struct import import;
	char address[64];

	ck_assert_msg(import_read(text, strlen(text), &import), "%s: %s", text, import.errors);
	ck_assert_uint_eq(import.count, 1);
	const struct customer *customer = &import.customer[0];
	ck_assert_str_eq(customer->name, "acme");
	ck_assert_uint_eq(customer->weight, 3);
	ck_assert_uint_eq(customer->source_count, 2);
	ck_assert_str_eq(address_format(&customer->sources[0].prefix.address, address, sizeof(address)), "192.0.2.11");
	ck_assert_uint_eq(customer->sources[0].port_high, 65535);
	ck_assert_uint_eq(customer->sources[0].vlan, WIRE_VLAN_ANY);
	ck_assert_uint_eq(customer->sources[1].prefix.plen, 96 + 28);
	ck_assert_uint_eq(customer->sources[1].port_low, 20000);
	ck_assert_uint_eq(customer->sources[1].port_high, 29999);
	ck_assert_uint_eq(customer->sources[1].vlan, 120);
	ck_assert_uint_eq(customer->limits.has, 1u << LIMIT_CONNECTIONS | 1u << LIMIT_BYTE_RATE);
	ck_assert_uint_eq(customer->limits.kind[LIMIT_BYTE_RATE].burst, 64000);
	import_finish(&import);
}

/* The same by each form; columns in any order, quoted or not, with any kind of line end. */
START_TEST(the_same_customer)
{
	check_acme("name,sources,weight,connections,byte-rate\n"
		   "acme,192.0.2.11 192.0.2.64/28;ports=20000-29999;vlan=120,3,20,2MB/s burst 64kB\n");
	check_acme("byte-rate,weight,sources,connections,message-rate,name\r\n\r\n"
		   "\"2MB/s burst 64kB\",3,\"192.0.2.11  192.0.2.64/28;vlan=120;ports=20000-29999\",20,,\"acme\"\r\n");
	check_acme("{\"name\": \"acme\", \"sources\": [\"192.0.2.11\", \"192.0.2.64/28;ports=20000-29999;vlan=120\"], "
		   "\"weight\": 3, \"connections\": 20, \"byte-rate\": \"2MB/s burst 64kB\"}");
	check_acme("{\"name\": \"acme\", \"sources\": \"192.0.2.11 192.0.2.64/28;ports=20000-29999;vlan=120\", "
		   "\"weight\": \"3\", \"connections\": \"20\", \"byte-rate\": \"2MB/s burst 64kB\"}\n\n");
}
END_TEST

static void check_at(const char *text)
{
	struct import import;
	struct customer again = { 0 };

	ck_assert_msg(import_read(text, strlen(text), &import), "%s: %s", text, import.errors);
	const struct customer *customer = &import.customer[0];
	ck_assert_uint_eq(customer->tier, TIER_NEW);
	ck_assert_uint_eq(customer->at_count, 2);
	ck_assert_str_eq(customer->at[0].provider, "google");
	ck_assert_uint_eq(customer->at[0].limits.kind[LIMIT_CONNECTIONS].amount, 4);
	ck_assert_uint_eq(customer->at[0].limits.kind[LIMIT_MESSAGE_RATE].burst, 20);
	ck_assert_str_eq(customer->at[1].provider, "other");
	ck_assert_uint_eq(customer->at[1].limits.has, 1u << LIMIT_CONNECTIONS);
	/* As it is stored. */
	char *stored = at_text(customer);
	ck_assert_str_eq(stored, "google connections=4;message-rate=5/s burst 20|other connections=9");
	ck_assert_ptr_null(at_parse(stored, &again));
	ck_assert_uint_eq(customer->members.count, 2);
	ck_assert_str_eq(customer->members.text[1], "echo");
	char *members = members_text(customer);
	ck_assert_str_eq(members, "delta echo");
	free(members);
	char *twice = at_text(&again);
	ck_assert_str_eq(twice, stored);
	free(stored);
	free(twice);
	customer_finish(&again);
	import_finish(&import);
}

START_TEST(tier_and_limits_at_providers)
{
	check_at("name,sources,tier,google:connections,google:message-rate,other:connections,members\n"
		 "acme,192.0.2.11,new,4,5/s burst 20,9,delta echo\n");
	check_at("{\"name\": \"acme\", \"sources\": \"192.0.2.11\", \"tier\": \"new\", \"members\": [\"delta\", "
		 "\"echo\"], \"at\": {\"google\": "
		 "{\"connections\": 4, \"message-rate\": \"5/s burst 20\"}, \"other\": {\"connections\": \"9\"}}}");
}
END_TEST

START_TEST(lines)
{
	struct import import;
	const char *text = "name,sources\n\na,10.0.0.1\nb,10.0.0.2 10.0.0.3";

	check_good("name,sources\na,10.0.0.1\nb,10.0.0.2", 2);
	check_good("{\"name\":\"a\",\"sources\":\"10.0.0.1\"}\n{\"name\":\"b\",\"sources\":\"10.0.0.1\"}\n", 2);
	ck_assert(import_read(text, strlen(text), &import));
	ck_assert_uint_eq(import.customer[0].sources[0].line, 2);
	ck_assert_uint_eq(import.customer[1].sources[1].line, 3);
	import_finish(&import);
}
END_TEST

struct wrong {
	const char *text, *errors; /* NULL: in a library's words */
};

static void check_wrong(const struct wrong *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct import import;
		ck_assert_msg(!import_read(rows[i].text, strlen(rows[i].text), &import), "row %zu", i);
		ck_assert_uint_gt(import.error_count, 0);
		if (rows[i].errors != NULL)
			ck_assert_str_eq(import.errors, rows[i].errors);
		import_finish(&import);
	}
}

START_TEST(wrong_tiers_and_limits_at_providers)
{
	static const struct wrong rows[] = {
		{ "name,sources,tier\na,10.0.0.1,old\n", "line 2: tier: \"old\": expected new, normal or trusted\n" },
		{ "name,sources,members\na,10.0.0.1,b c/d\n",
		  "line 2: members: \"b c/d\": expected names of 1 to 64 letters, digits, - _ . (and not \"unknown\"), "
		  "apart by blanks\n" },
		{ "name,sources,p:connections\na,10.0.0.1,x\n",
		  "line 2: p:connections: \"x\": expected a count such as 20\n" },
		{ "name,sources,p:sources\na,10.0.0.1,x\n", NULL },
		{ "name,sources,p q:connections\na,10.0.0.1,1\n", NULL },
		{ "name,sources,:connections\na,10.0.0.1,x\n", NULL },
		{ "name,sources,p:connections,p:connections\na,10.0.0.1,1,1\n",
		  "line 1: column \"p:connections\" is there twice\n" },
		{ "{\"name\":\"a\",\"sources\":\"10.0.0.1\",\"at\":7}",
		  "line 1: at: expected an object of providers\n" },
		{ "{\"name\":\"a\",\"sources\":\"10.0.0.1\",\"at\":{\"p\":7}}",
		  "line 1: at p: expected an object of limits\n" },
		{ "{\"name\":\"a\",\"sources\":\"10.0.0.1\",\"at\":{\"p\":{\"colour\":7}}}",
		  "line 1: at: unknown limit \"p:colour\"\n" },
	};

	check_wrong(rows, sizeof(rows) / sizeof(rows[0]));
}
END_TEST

START_TEST(what_is_wrong)
{
	static const struct wrong rows[] = {
		{ "", "line 1: no customer in it\n" },
		{ "name,sources\n", "line 1: no customer in it\n" },
		{ "name,colour,name\n", "line 1: column \"colour\": expected name, sources, weight, tier, "
					"members, connections, connection-rate, byte-rate, message-rate, or "
					"PROVIDER:connections and so on\nline 1: column \"name\" is there twice\n" },
		{ "name,sources\na\n", "line 2: 1 fields, expected 2\n" },
		{ "name,sources\na,10.0.0.1,7\n", "line 2: 3 fields, expected 2\n" },
		{ "name,sources\na b,10.0.0.1\n",
		  "line 2: name: \"a b\": expected 1 to 64 letters, digits, - _ . (and not \"unknown\")\n" },
		{ "name,sources\n,\n",
		  "line 2: name: \"\": expected 1 to 64 letters, digits, - _ . (and not \"unknown\")\n"
		  "line 2: sources: \"\": expected at least one source\n" },
		{ "name,sources\nok,10.0.0.1\nbad,10.0.0.1/8\n",
		  "line 3: sources: \"10.0.0.1/8\": expected " PREFIX_EXPECTED "\n" },
		{ "name,sources\na,10.0.0.1;ports=9-8\n",
		  "line 2: sources: \"10.0.0.1;ports=9-8\": expected ports=" PORTS_EXPECTED "\n" },
		{ "name,sources\na,10.0.0.1;vlan=4095\n",
		  "line 2: sources: \"10.0.0.1;vlan=4095\": expected vlan=" VLAN_EXPECTED "\n" },
		{ "name,sources\na,10.0.0.1;x\n",
		  "line 2: sources: \"10.0.0.1;x\": expected ports=, vlan= or stream= after the prefix\n" },
		{ "name,sources,weight\na,10.0.0.1,0\n", "line 2: weight: \"0\": expected a number from 1 to 1000\n" },
		{ "name,sources,connections,byte-rate\na,10.0.0.1,x,y\n",
		  "line 2: connections: \"x\": expected a count such as 20\n"
		  "line 2: byte-rate: \"y\": expected a rate such as 10/s or \"10/s burst 20\"\n" },
		{ "name,sources\n\"a,10.0.0.1\n\"b\",10.0.0.2\n", NULL },
		{ "{\"name\": 1.5, \"colour\": 1}\n{}\n[]\n",
		  "line 1: name: expected a text or a number\nline 1: unknown key \"colour\"\n"
		  "line 2: name: \"\": expected 1 to 64 letters, digits, - _ . (and not \"unknown\")\n"
		  "line 2: sources: \"\": expected at least one source\n"
		  "line 3: expected an object\n" },
		{ "{\"name\":\"a\",\"name\":\"b\",\"sources\":\"10.0.0.1\"}", NULL },
		{ "{\"name\":\"a\",\"sources\":[1]}", "line 1: sources: expected a text or a number\n" },
		{ "{", NULL },
	};

	check_wrong(rows, sizeof(rows) / sizeof(rows[0]));
}
END_TEST

/* What follows a line that is wrong is read all the same, and a file full of errors is not repeated whole. */
START_TEST(many_errors)
{
	static char text[400000];
	struct import import;
	size_t used = (size_t)sprintf(text, "name,sources\n\"a,10.0.0.1\nb,10.0.0.2\n");

	for (int i = 0; i < 10000; i++)
		used += (size_t)sprintf(text + used, "c%d,nowhere\n", i);
	ck_assert(!import_read(text, used, &import));
	ck_assert_uint_eq(import.error_count, 10001);
	ck_assert_uint_eq(import.count, 1);
	ck_assert_uint_lt(strlen(import.errors), 100 * 544);
	ck_assert_ptr_nonnull(strstr(import.errors, "line 4: sources: \"nowhere\""));
	import_finish(&import);
}
END_TEST

START_TEST(lines_that_are_too_long)
{
	static char text[200000];
	struct import import;

	strcpy(text, "name,sources\n");
	memset(text + 13, 'a', 70000);
	strcpy(text + 70013, "\nb,10.0.0.1\n");
	ck_assert(!import_read(text, strlen(text), &import));
	ck_assert_uint_eq(import.error_count, 1);
	ck_assert_str_eq(import.errors, "line 2: longer than 65536 bytes\n");
	import_finish(&import);
	text[13 + 9000] = '\n';
	ck_assert(!import_read(text, 13 + 9000, &import));
	import_finish(&import);
}
END_TEST

START_TEST(texts_again)
{
	static const char sources[] = "192.0.2.11 192.0.2.64/28;ports=20000-29999;vlan=120 "
				      "2001:db8::/64;stream=transactional 10.0.0.1;ports=25-25";
	struct customer customer = { .weight = 1 };
	struct limits limits = { 0 }, again = { 0 };
	char text[256];

	ck_assert_ptr_null(sources_parse(sources, &customer));
	char *back = sources_text(&customer);
	ck_assert_str_eq(back, sources);
	free(back);
	free(customer.sources);
	ck_assert_ptr_null(limits_parse("connections=20;byte-rate=2MB/s burst 64kB", &limits));
	ck_assert_ptr_null(limits_parse(limits_format(&limits, ';', text, sizeof(text)), &again));
	ck_assert_mem_eq(&limits, &again, sizeof(limits));
	ck_assert_ptr_nonnull(limits_parse("connections=x;message-rate=5/s", &again));
	ck_assert_uint_ne(again.has & 1u << LIMIT_MESSAGE_RATE, 0);
}
END_TEST

UNIT_MAIN("import", wrong_tiers_and_limits_at_providers, tier_and_limits_at_providers, the_same_customer, lines,
	  what_is_wrong, many_errors, lines_that_are_too_long, texts_again)
