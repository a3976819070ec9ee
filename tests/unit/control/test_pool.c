/* SPDX-License-Identifier: BSD-3-Clause */
/* Several customers behind one: what is asked of a member, and what is done to it, is the pool's. */
#include "customers/pool.h"

#include <string.h>

#include "bed.h"
#include "customers/import.h"
#include "customers/imported.h"

#define CONFIG                                                                                                         \
	"providers: [{ name: google, addresses: [192.0.2.0/24] }]\n"                                                   \
	"customers:\n"                                                                                                 \
	"- { name: shared, sources: [10.0.0.0/24], members: [foxtrot, delta, echo] }\n"                                \
	"- { name: beta, sources: [10.1.0.0/24] }\n"

START_TEST(found_by_a_member)
{
	char *errors = NULL, scope[64], member[65], text[64];
	struct config *config = config_parse("f", CONFIG, strlen(CONFIG), &errors);
	const struct customer *shared = config_customer(config, "shared");

	ck_assert_ptr_eq(pool_of(config, "delta"), shared);
	ck_assert_ptr_eq(pool_of(config, "foxtrot"), shared);
	ck_assert_ptr_null(pool_of(config, "shared"));
	ck_assert_ptr_null(pool_of(config, "golf"));
	strcpy(scope, "customer:echo/provider:google");
	ck_assert_ptr_eq(pool_in_scope(config, scope, sizeof(scope), member), shared);
	ck_assert_str_eq(scope, "customer:shared/provider:google");
	ck_assert_str_eq(member, "echo");
	strcpy(scope, "customer:beta");
	ck_assert_ptr_null(pool_in_scope(config, scope, sizeof(scope), member));
	strcpy(scope, "source:10.0.0.1");
	ck_assert_ptr_null(pool_in_scope(config, scope, sizeof(scope), member));
	strcpy(scope, "customer:echo");
	ck_assert_ptr_null(pool_in_scope(config, scope, 14, member)); /* no room for it */
	ck_assert_str_eq(pool_text(shared, text, sizeof(text)), "foxtrot, delta, echo");
	ck_assert_str_eq(pool_text(shared, text, 32), "foxtrot and 2 more");
	ck_assert_str_eq(pool_text(config_customer(config, "beta"), text, sizeof(text)), "");
	config_destroy(config);
}
END_TEST

/* Asks, and finds words in the message; the answer is to be freed. */
static json_t *says(struct bed *bed, const char *request, const char *words)
{
	json_t *reply = bed_ask(bed, request);
	const char *message = text_of(reply, "message"), *error = text_of(reply, "error");

	ck_assert_msg(strstr(message, words) != NULL || strstr(error, words) != NULL, "%s: %s%s", request, message,
		      error);
	return reply;
}

static bool is_preview(const json_t *reply)
{
	return json_is_true(json_object_get(reply, "preview"));
}

static void check(struct bed *bed, const char *request, bool preview, const char *words)
{
	json_t *reply = says(bed, request, words);

	ck_assert_msg(is_preview(reply) == preview, "%s: %s", request, text_of(reply, "message"));
	json_decref(reply);
}

START_TEST(orders_on_a_member)
{
	struct bed *bed = bed_begin(CONFIG);
	static const char everybody[] = "nothing is done: delta shares its sources with all of pool shared: foxtrot, "
					"delta, echo; --yes does it to all of them";

	check(bed, "POST /v1/customers/delta/quarantine {\"reason\": \"spam\"}\n", true, everybody);
	check(bed, "POST /v1/limits {\"scope\": \"delta/provider:google\", \"setting\": [\"connections=1\"]}\n", true,
	      everybody);
	check(bed, "POST /v1/customers/delta/allow {\"amount\": 5, \"unit\": \"messages\"}\n", true, everybody);
	check(bed, "POST /v1/customers/delta/tier {\"tier\": \"trusted\", \"reason\": \"x\"}\n", true, everybody);
	ck_assert_uint_eq(bed->daemon.ledger.count, 0);
	check(bed, "POST /v1/customers/delta/quarantine {\"reason\": \"spam\", \"yes\": true}\n", false,
	      "customer:shared quarantined until");
	check(bed, "POST /v1/customers/delta/tier {\"tier\": \"trusted\", \"reason\": \"x\", \"yes\": true}\n", false,
	      "; acts on all of pool shared: foxtrot, delta, echo");
	/* The pool by its own name is meant as it is; so is who is alone. */
	check(bed, "POST /v1/limits {\"scope\": \"shared\", \"setting\": [\"connections=1\"]}\n", false,
	      "; acts on all of pool shared: foxtrot, delta, echo");
	check(bed, "POST /v1/customers/beta/quarantine {\"reason\": \"spam\"}\n", false, "customer:beta quarantined");
	ck_assert_uint_eq(bed->daemon.ledger.count, 3);
	check(bed, "POST /v1/releases {\"target\": \"delta\"}\n", true,
	      "with --yes 2 decisions would end, for all of pool shared that delta is in: foxtrot, delta, echo");
	check(bed, "POST /v1/releases {\"customer\": \"echo\"}\n", true, "for all of pool shared that echo is in");
	ck_assert_uint_eq(bed->daemon.ledger.count, 3);
	check(bed, "POST /v1/releases {\"target\": \"delta\", \"yes\": true}\n", false, "customer:shared released");
	check(bed, "POST /v1/limits {\"scope\": \"shared\", \"setting\": [\"connections=1\"]}\n", false, "");
	check(bed, "POST /v1/releases {\"target\": \"shared\"}\n", false,
	      "; acts on all of pool shared: foxtrot, delta, echo");
	ck_assert_uint_eq(bed->daemon.ledger.count, 1);
	check(bed, "POST /v1/customers/golf/quarantine {\"reason\": \"spam\", \"yes\": true}\n", false,
	      "no customer \"golf\"");
	bed_end(bed);
}
END_TEST

static size_t rows_with(struct bed *bed, const char *request, const char *key, const char *words)
{
	json_t *reply = bed_ask(bed, request), *row;
	size_t index, count = 0;

	json_array_foreach(json_object_get(reply, "rows"), index, row) count +=
		strstr(text_of(row, key), words) != NULL;
	json_decref(reply);
	return count;
}

START_TEST(questions_about_a_member)
{
	struct bed *bed = bed_begin(CONFIG);

	json_decref(bed_ask(bed, "POST /v1/customers/shared/quarantine {\"reason\": \"spam\"}\n"));
	ck_assert_uint_eq(rows_with(bed, "GET /v1/customers\n", "members", "foxtrot, delta, echo"), 1);
	ck_assert_uint_eq(rows_with(bed, "GET /v1/customers?match=delt\n", "customer", "shared"), 1);
	ck_assert_uint_eq(rows_with(bed, "GET /v1/explain?subject=echo\n", "why", "the pool echo is a member of"), 1);
	ck_assert_uint_eq(rows_with(bed, "GET /v1/explain?subject=10.0.0.9\n", "why",
				    "nothing tells them apart: foxtrot, delta, echo"),
			  1);
	ck_assert_uint_eq(rows_with(bed, "GET /v1/history?scope=delta\n", "text", "customer:shared"), 1);
	ck_assert_uint_eq(rows_with(bed, "GET /v1/decisions\n", "scope", "customer:shared"), 1);
	ck_assert_uint_eq(rows_with(bed, "GET /v1/decisions\n", "note", "a pool: foxtrot, delta, echo"), 1);
	/* It is there again, on the pool. */
	bed_stop(bed);
	bed_start(bed);
	ck_assert_uint_eq(bed->daemon.ledger.count, 1);
	bed_end(bed);
}
END_TEST

START_TEST(connections_of_a_pool)
{
	struct bed *bed = bed_begin(CONFIG);
	struct wire_ROW_FLOW flow = { .state = FLOW_ESTABLISHED };
	const struct wire_END end = { .what = QUERY_FLOWS, .rows = 1 };
	int client = client_open(bed, "admin");

	gate_ready(bed);
	flow.customer = config_customer(bed->daemon.config, "shared")->id;
	client_send(bed, client, "GET /v1/flows?customer=echo\n");
	ck_assert_uint_eq(bed->heard.query.customer, flow.customer);
	gate_say(bed, WIRE_ROW_FLOW, &flow);
	gate_say(bed, WIRE_END, &end);
	bed_turn(bed);
	json_t *reply = client_reply(client);
	ck_assert_str_eq(text_of(reply, "message"), "shared is a pool of 3: foxtrot, delta, echo");
	ck_assert_str_eq(text_of(json_array_get(json_object_get(reply, "rows"), 0), "members"), "foxtrot, delta, echo");
	json_decref(reply);
	close(client);
	bed_end(bed);
}
END_TEST

static int take(struct bed *bed, const char *text, const char *error)
{
	uint64_t generation;
	struct import import;

	ck_assert_msg(import_read(text, strlen(text), &import), "%s", import.errors);
	int ret = imported_take(&bed->daemon, &import, "root", &generation);
	if (error != NULL)
		ck_assert_str_eq(import.errors, error);
	import_finish(&import);
	bed_turn(bed);
	return ret;
}

START_TEST(imported_pools)
{
	struct bed *bed = bed_begin(CONFIG);

	ck_assert_int_eq(take(bed, "name,sources,members\npool,10.3.0.1,golf hotel\n", NULL), 0);
	ck_assert_int_eq(take(bed, "name,sources,members\nother,10.3.0.2,india hotel\n",
			      "line 2: \"hotel\" is a member of pool \"pool\" and of pool \"other\"\n"),
			 -EINVAL);
	ck_assert_int_eq(take(bed, "name,sources\ngolf,10.3.0.2\n",
			      "line 2: \"golf\" is a customer, and a member of pool \"pool\"\n"),
			 -EINVAL);
	ck_assert_int_eq(take(bed, "name,sources,members\nother,10.3.0.2,delta\n",
			      "line 2: \"delta\" is a member of pool \"shared\" and of pool \"other\"\n"),
			 -EINVAL);
	bed_stop(bed);
	bed_start(bed);
	ck_assert_str_eq(pool_of(bed->daemon.config, "hotel")->name, "pool");
	/* In place of what it was. */
	ck_assert_int_eq(take(bed, "name,sources,members\npool,10.3.0.1,golf\nother,10.3.0.2,hotel\n", NULL), 0);
	ck_assert_str_eq(pool_of(bed->daemon.config, "hotel")->name, "other");
	bed_end(bed);
}
END_TEST

UNIT_MAIN("pool", found_by_a_member, orders_on_a_member, questions_about_a_member, connections_of_a_pool,
	  imported_pools)
