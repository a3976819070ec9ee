/* SPDX-License-Identifier: BSD-3-Clause */
/* Orders that would hit too many at once are not done before somebody confirms it. */
#include "bed.h"
#include "commands/stop.h"

#define CONFIG                                                                                                         \
	"blast-radius: { customers: 40%, at-least: 1 }\n"                                                              \
	"providers: [{ name: google, addresses: [192.0.2.0/24] }]\n"                                                   \
	"customers: [{ name: a, sources: [10.0.0.1] }, { name: b, sources: [10.0.0.2] },\n"                            \
	"            { name: c, sources: [10.0.0.3] }, { name: d, sources: [10.0.0.4] },\n"                            \
	"            { name: e, sources: [10.0.0.5] }]\n"

static json_t *order(struct bed *bed, const char *request)
{
	return bed_ask(bed, request);
}

/* Done, or stopped; returns the number that confirms it, 0 for none. */
static uint32_t number_of(json_t *reply)
{
	ck_assert_msg(json_is_true(json_object_get(reply, "ok")), "%s", text_of(reply, "error"));
	uint32_t number = json_is_true(json_object_get(reply, "preview"))
				  ? (uint32_t)json_integer_value(json_object_get(reply, "confirm"))
				  : 0;
	json_decref(reply);
	return number;
}

static uint32_t quarantine(struct bed *bed, const char *customer)
{
	char request[128];

	snprintf(request, sizeof(request), "POST /v1/customers/%s/quarantine {\"reason\":\"r\"}", customer);
	return number_of(order(bed, request));
}

static bool confirm(struct bed *bed, uint32_t number)
{
	char request[128];

	snprintf(request, sizeof(request), "POST /v1/confirmations {\"number\":%u,\"reason\":\"meant\"}", number);
	json_t *reply = order(bed, request);
	bool done = json_is_true(json_object_get(reply, "ok"));
	json_decref(reply);
	return done;
}

/* Many single orders, as a script gives them. */
START_TEST(one_by_one)
{
	struct bed *bed = bed_begin(CONFIG);

	ck_assert_uint_eq(quarantine(bed, "a"), 0);
	ck_assert_uint_eq(quarantine(bed, "b"), 0);
	ck_assert_uint_eq(quarantine(bed, "b"), 0);
	uint32_t number = quarantine(bed, "c");
	ck_assert_uint_ge(number, 1000);
	ck_assert_uint_eq(quarantine(bed, "d"), number);
	ck_assert_uint_eq(bed->daemon.ledger.count, 2);
	ck_assert_uint_eq(bed->daemon.alarms.count, 1);
	ck_assert_ptr_nonnull(strstr(bed->daemon.alarms.alarm[0].detail, "2 stopped, the first: quarantine by"));
	ck_assert(!confirm(bed, number == 9999 ? 1000 : number + 1));
	ck_assert_uint_eq(quarantine(bed, "c"), number);
	ck_assert(confirm(bed, number));
	ck_assert_uint_eq(bed->daemon.alarms.count, 0);
	ck_assert_uint_eq(quarantine(bed, "c"), 0);
	ck_assert_uint_eq(quarantine(bed, "d"), 0);
	ck_assert_uint_eq(quarantine(bed, "e"), 0);
	ck_assert_uint_ne(quarantine(bed, "a"), 0);
	ck_assert_uint_eq(bed->daemon.ledger.count, 5);
	bed_end(bed);
}
END_TEST

START_TEST(all_at_once)
{
	struct bed *bed = bed_begin(CONFIG);
	const char *const limit = "POST /v1/limits {\"scope\":\"gate\",\"setting\":[\"connections=5\"]}";

	uint32_t number = number_of(order(bed, limit));
	ck_assert_uint_ne(number, 0);
	ck_assert_uint_eq(bed->daemon.ledger.count, 0);
	ck_assert(confirm(bed, number));
	ck_assert_uint_eq(number_of(order(bed, limit)), 0);
	ck_assert_uint_eq(bed->daemon.ledger.count, 1);
	bed_end(bed);
}
END_TEST

START_TEST(what_was_is_let_go)
{
	struct bed *bed = bed_begin(CONFIG);

	quarantine(bed, "a");
	quarantine(bed, "b");
	confirm(bed, quarantine(bed, "c"));
	quarantine(bed, "c");
	const char *const release = "POST /v1/releases {\"because\":\"r\",\"yes\":true}";
	uint32_t number = number_of(order(bed, release));
	ck_assert_uint_ne(number, 0);
	ck_assert_uint_eq(bed->daemon.ledger.count, 3);
	ck_assert(confirm(bed, number));
	ck_assert_uint_eq(number_of(order(bed, release)), 0);
	ck_assert_uint_eq(bed->daemon.ledger.count, 0);
	bed_end(bed);
}
END_TEST

/* A daemon that starts anew knows what was ordered before; what is confirmed is asked for again rather than lost. */
START_TEST(over_a_restart)
{
	struct bed *bed = bed_begin(CONFIG);

	quarantine(bed, "a");
	quarantine(bed, "b");
	number_of(order(bed, "POST /v1/releases {\"target\":\"b\"}"));
	bed_stop(bed);
	bed_start(bed);
	ck_assert_uint_eq(bed->daemon.blast.count, 2);
	ck_assert_uint_ne(quarantine(bed, "c"), 0);
	bed_end(bed);
}
END_TEST

START_TEST(what_hits_nobody_in_particular)
{
	struct bed *bed = bed_begin(CONFIG);

	quarantine(bed, "a");
	quarantine(bed, "b");
	ck_assert_uint_eq(number_of(order(bed, "POST /v1/limits {\"scope\":\"provider:google\",\"setting\":"
					       "[\"connections=5\"]}")),
			  0);
	ck_assert_uint_eq(number_of(order(bed, "POST /v1/customers/c/allow {\"amount\":5,\"unit\":\"messages\"}")), 0);
	ck_assert_uint_ne(number_of(order(bed, "POST /v1/limits {\"scope\":\"source:10.0.0.4\",\"setting\":"
					       "[\"connections=5\"]}")),
			  0);
	bed_end(bed);
}
END_TEST

/* Customers by file: who is new is hit by nothing, who is changed is. */
START_TEST(imports)
{
	struct bed *bed = bed_begin("blast-radius: { customers: 40%, at-least: 1 }\n");
	static const char first[] =
		"POST /v1/customers/import "
		"{\"file\":\"name,sources,connections\\na,10.0.0.1,\\nb,10.0.0.2,\\nc,10.0.0.3,\\n\"}";
	static const char second[] =
		"POST /v1/customers/import "
		"{\"file\":\"name,sources,connections\\na,10.0.0.1,2\\nb,10.0.0.2,2\\nc,10.0.0.3,\\n\"}";

	ck_assert_uint_eq(number_of(order(bed, first)), 0);
	ck_assert_uint_eq(number_of(order(bed, first)), 0);
	uint32_t number = number_of(order(bed, second));
	ck_assert_uint_ne(number, 0);
	ck_assert_uint_eq(bed->daemon.config->customers[0].limits.has, 0);
	ck_assert(confirm(bed, number));
	ck_assert_uint_eq(number_of(order(bed, second)), 0);
	ck_assert_uint_ne(bed->daemon.config->customers[0].limits.has, 0);
	bed_end(bed);
}
END_TEST

/* As it is by default a few are never too many. */
START_TEST(a_small_site)
{
	struct bed *bed = bed_begin(BED_CONFIG);

	ck_assert_uint_eq(quarantine(bed, "acme"), 0);
	ck_assert_uint_eq(quarantine(bed, "beta"), 0);
	ck_assert_uint_eq(number_of(order(bed, "POST /v1/limits {\"scope\":\"gate\",\"setting\":[\"connections=5\"]}")),
			  0);
	bed_end(bed);
}
END_TEST

UNIT_MAIN("stop", one_by_one, all_at_once, what_was_is_let_go, over_a_restart, what_hits_nobody_in_particular, imports,
	  a_small_site)
