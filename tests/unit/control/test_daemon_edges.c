/* SPDX-License-Identifier: BSD-3-Clause */
/* What the daemon is to do in the rare cases. */
#include "bed.h"

#define QUARANTINE "POST /v1/customers/acme/quarantine {\"reason\":\"r\"}"

/* Without providers there is nothing to resolve, and nothing to wait for. */
START_TEST(a_configuration_without_providers)
{
	struct bed *bed = bed_begin("customers: [{ name: acme, sources: [10.0.0.0/24] }]\n");

	gate_greet(bed);
	ck_assert_uint_eq(bed->heard.count[WIRE_BEGIN], 1);
	ck_assert_uint_eq(bed->heard.count[WIRE_PUT_IDENTITY], 1);
	bed_end(bed);
}
END_TEST

/* The old configuration's texts are gone by then. */
START_TEST(a_gate_that_comes_back_after_a_reload)
{
	struct bed *bed = bed_begin(BED_CONFIG);

	gate_ready(bed);
	daemon_reload(&bed->daemon);
	bed_turn(bed);
	gate_leave(bed);
	bed_turn(bed);
	for (int i = 0; i < 30 && bed->gate < 0; i++) {
		sd_event_run(bed->daemon.event, 100000);
		gate_take(bed);
	}
	ck_assert_msg(bed->gate >= 0, "the daemon did not come back");
	bed_end(bed);
}
END_TEST

/* What follows an acknowledgement cannot be sent any more; the acknowledgement counts all the same. */
START_TEST(a_gate_that_acknowledges_and_leaves)
{
	struct bed *bed = bed_begin(BED_CONFIG);
	int client[2];

	gate_ready(bed);
	client[0] = client_open(bed, "admin");
	client[1] = client_open(bed, "admin");
	client_send(bed, client[0], QUARANTINE);
	client_send(bed, client[1], QUARANTINE);
	gate_ack(bed, bed->heard.commit.generation, 0, "");
	gate_leave(bed);
	bed_turn(bed);
	json_t *reply = client_reply(client[0]);
	ck_assert(json_is_true(json_object_get(reply, "enforced")));
	json_decref(reply);
	ck_assert_ptr_null(client_reply(client[1]));
	close(client[0]);
	close(client[1]);
	bed_end(bed);
}
END_TEST

/* "printf ... | socat - UNIX:...": nothing more will be asked, the answer is wanted still. */
START_TEST(a_client_that_asks_and_says_no_more)
{
	struct bed *bed = bed_begin(BED_CONFIG);

	gate_ready(bed);
	int client = client_open(bed, "admin");
	client_send(bed, client, QUARANTINE);
	ck_assert_int_eq(shutdown(client, SHUT_WR), 0);
	bed_turn(bed);
	gate_ack(bed, bed->heard.commit.generation, 0, "");
	bed_turn(bed);
	json_t *reply = client_reply(client);
	ck_assert_ptr_nonnull(reply);
	ck_assert(json_is_true(json_object_get(reply, "enforced")));
	json_decref(reply);
	close(client);
	bed_end(bed);
}
END_TEST

/* Requests that come while one is under way wait where they are. */
START_TEST(more_requests_than_a_line_has_room)
{
	static const char request[] = "GET /v1/decisions\n";
	static char requests[400 * sizeof(request)];
	struct bed *bed = bed_begin(BED_CONFIG);

	gate_ready(bed);
	int client = client_open(bed, "admin");
	client_send(bed, client, QUARANTINE);
	for (int i = 0; i < 400; i++)
		strcat(requests, request);
	client_send(bed, client, requests);
	gate_ack(bed, bed->heard.commit.generation, 0, "");
	bed_turn(bed);
	for (int i = 0; i < 401; i++) {
		json_t *reply = client_reply(client);
		ck_assert_msg(reply != NULL, "no answer %d", i);
		json_decref(reply);
		bed_turn(bed);
	}
	close(client);
	bed_end(bed);
}
END_TEST

START_TEST(rows_of_another_kind)
{
	const struct wire_END end = { .what = QUERY_COUNTERS, .rows = 1 };
	const struct wire_ROW_METER meter = { .connections = 7 };
	struct bed *bed = bed_begin(BED_CONFIG);

	gate_ready(bed);
	int client = client_open(bed, "read");
	client_send(bed, client, "GET /v1/drops?all=true");
	gate_say(bed, WIRE_ROW_METER, &meter);
	gate_say(bed, WIRE_END, &end);
	bed_turn(bed);
	json_t *reply = client_reply(client);
	ck_assert_ptr_nonnull(reply);
	ck_assert(json_is_false(json_object_get(reply, "ok")));
	json_decref(reply);
	close(client);
	bed_end(bed);
}
END_TEST

START_TEST(an_old_connection)
{
	const struct wire_END end = { .what = QUERY_FLOWS, .rows = 1 };
	const struct wire_ROW_FLOW flow = { .age_ms = 3000000000u, .idle_ms = 2147483648u };
	struct bed *bed = bed_begin(BED_CONFIG);

	gate_ready(bed);
	int client = client_open(bed, "read");
	client_send(bed, client, "GET /v1/flows");
	gate_say(bed, WIRE_ROW_FLOW, &flow);
	gate_say(bed, WIRE_END, &end);
	bed_turn(bed);
	json_t *reply = client_reply(client);
	const json_t *row = json_array_get(json_object_get(reply, "rows"), 0);
	ck_assert_int_eq(json_integer_value(json_object_get(row, "age_ms")), 3000000000);
	ck_assert_int_eq(json_integer_value(json_object_get(row, "idle_ms")), 2147483648);
	json_decref(reply);
	close(client);
	bed_end(bed);
}
END_TEST

/* No decision has the id 0, and it is no scope either. */
START_TEST(a_release_of_nothing)
{
	struct bed *bed = bed_begin(BED_CONFIG);

	json_decref(bed_ask(bed, "POST /v1/limits {\"scope\":\"customer:unknown/provider:unknown\","
				 "\"setting\":[\"connections=1\"]}"));
	ck_assert_uint_eq(bed->daemon.ledger.count, 1);
	json_t *reply = bed_ask(bed, "POST /v1/releases {\"target\":\"0\"}");
	ck_assert(json_is_false(json_object_get(reply, "ok")));
	ck_assert_uint_eq(bed->daemon.ledger.count, 1);
	json_decref(reply);
	bed_end(bed);
}
END_TEST

/* A name is a name: no more of a scope may stand in it. */
START_TEST(names_that_are_more)
{
	static const char *const rows[] = {
		"POST /v1/customers/acme%2fprovider:google/quarantine {\"reason\":\"r\"}",
		"GET /v1/flows?customer=acme/provider:google",
		"GET /v1/flows?provider=google/customer:acme",
	};
	struct bed *bed = bed_begin(BED_CONFIG);

	gate_ready(bed);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int client = client_open(bed, "admin");
		client_send(bed, client, rows[i]);
		json_t *reply = client_reply(client);
		ck_assert_msg(reply != NULL && json_is_false(json_object_get(reply, "ok")), "taken: %s", rows[i]);
		json_decref(reply);
		close(client);
	}
	bed_end(bed);
}
END_TEST

UNIT_MAIN("daemon_edges", a_configuration_without_providers, a_gate_that_comes_back_after_a_reload,
	  a_gate_that_acknowledges_and_leaves, a_client_that_asks_and_says_no_more, more_requests_than_a_line_has_room,
	  rows_of_another_kind, an_old_connection, a_release_of_nothing, names_that_are_more)
