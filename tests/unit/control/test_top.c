/* SPDX-License-Identifier: BSD-3-Clause */
/* Rates out of two looks at the gate's meters, and who waits; in the order that was asked for. */
#include "bed.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static struct wire_ROW_METER meter(uint32_t customer, uint32_t connections, uint64_t messages)
{
	return (struct wire_ROW_METER){ .key = { .scope = SCOPE_CUSTOMER, .customer = customer },
					.connections = connections,
					.messages = messages,
					.bytes = messages * 1000,
					.admitted = messages / 10,
					.refused = 5 };
}

static void say_meters(struct bed *bed, const struct wire_ROW_METER *rows, uint32_t count)
{
	const struct wire_END end = { .what = QUERY_METERS, .rows = count };

	ck_assert_uint_eq(bed->heard.query.what, QUERY_METERS);
	ck_assert_uint_eq(bed->heard.query.scope, SCOPE_CUSTOMER);
	bed->heard.count[WIRE_QUERY] = 0;
	for (uint32_t i = 0; i < count; i++)
		gate_say(bed, WIRE_ROW_METER, &rows[i]);
	gate_say(bed, WIRE_END, &end);
	bed_turn(bed);
}

static void say_waiting(struct bed *bed, uint32_t customer, uint32_t count)
{
	const struct wire_END end = { .what = QUERY_FLOWS, .rows = count };
	const struct wire_ROW_FLOW flow = { .customer = customer, .state = FLOW_SYN_HELD, .held = 1 };

	ck_assert_uint_eq(bed->heard.query.what, QUERY_FLOWS);
	ck_assert_uint_eq(bed->heard.query.waiting, 1);
	for (uint32_t i = 0; i < count; i++)
		gate_say(bed, WIRE_ROW_FLOW, &flow);
	gate_say(bed, WIRE_END, &end);
	bed_turn(bed);
}

/* Until the gate is asked again. */
static void wait_for_query(struct bed *bed)
{
	for (int i = 0; i < 50 && bed->heard.count[WIRE_QUERY] == 0; i++) {
		sd_event_run(bed->daemon.event, 100000);
		bed_turn(bed);
	}
	ck_assert_uint_gt(bed->heard.count[WIRE_QUERY], 0);
}

static double figure(const json_t *reply, size_t row, const char *name)
{
	return json_number_value(json_object_get(json_array_get(json_object_get(reply, "rows"), row), name));
}

START_TEST(rates_of_a_second)
{
	struct bed *bed = bed_begin("customers: [{ name: acme, sources: [10.0.0.0/24] },\n"
				    "  { name: beta, sources: [10.1.0.0/24], members: [delta, echo] }]\n");
	/* The gate tells meters in no order; a new one has no before. */
	const struct wire_ROW_METER before[] = { meter(2, 3, 100), meter(1, 1, 1000) };
	const struct wire_ROW_METER after[] = { meter(1, 2, 1010), meter(ID_UNKNOWN, 0, 0), meter(2, 4, 300) };

	gate_ready(bed);
	int client = client_open(bed, "read");
	client_send(bed, client, "GET /v1/top?most=2");
	say_meters(bed, before, LENGTH(before));
	wait_for_query(bed);
	say_meters(bed, after, LENGTH(after));
	say_waiting(bed, 1, 7);
	json_t *reply = client_reply(client);
	ck_assert_ptr_nonnull(reply);
	ck_assert_uint_eq(json_array_size(json_object_get(reply, "rows")), 2);
	ck_assert_int_eq(json_integer_value(json_object_get(reply, "total")), 3);
	ck_assert_str_eq(text_of(json_array_get(json_object_get(reply, "rows"), 0), "name"), "beta");
	ck_assert_str_eq(text_of(reply, "message"), "beta is a pool of 2: delta, echo");
	double seconds = json_number_value(json_object_get(reply, "measured_ms")) / 1000;
	ck_assert_double_ge(seconds, 1);
	ck_assert_double_eq_tol(figure(reply, 0, "messages"), 200 / seconds, 0.01);
	ck_assert_double_eq_tol(figure(reply, 0, "admitted"), 20 / seconds, 0.01);
	ck_assert_double_eq_tol(figure(reply, 0, "bytes"), 200000 / seconds, 1);
	ck_assert_double_eq_tol(figure(reply, 0, "refused"), 0, 0.001);
	ck_assert_double_eq_tol(figure(reply, 0, "connections"), 4, 0.001);
	ck_assert_double_eq_tol(figure(reply, 0, "waiting"), 0, 0.001);
	ck_assert_double_eq_tol(figure(reply, 1, "waiting"), 7, 0.001);
	json_decref(reply);
	close(client);
	bed_end(bed);
}
END_TEST

START_TEST(by_who_waits)
{
	struct bed *bed = bed_begin(BED_CONFIG);
	const struct wire_ROW_METER rows[] = { meter(1, 1, 1000), meter(2, 3, 100) };

	gate_ready(bed);
	int client = client_open(bed, "read");
	client_send(bed, client, "GET /v1/top?order=waiting");
	say_meters(bed, NULL, 0);
	wait_for_query(bed);
	say_meters(bed, rows, LENGTH(rows));
	say_waiting(bed, 2, 1);
	json_t *reply = client_reply(client);
	ck_assert_str_eq(text_of(json_array_get(json_object_get(reply, "rows"), 0), "name"), "beta");
	json_decref(reply);
	close(client);
	bed_end(bed);
}
END_TEST

START_TEST(a_stop_and_a_gate_that_goes_meanwhile)
{
	struct bed *bed = bed_begin(BED_CONFIG);
	int client[2], status = 0;

	gate_ready(bed);
	client[0] = client_open(bed, "read");
	client_send(bed, client[0], "GET /v1/top");
	gate_leave(bed);
	bed_turn(bed);
	json_decref(client_answer(client[0], &status));
	ck_assert_int_eq(status, 503);
	close(client[0]);
	bed_end(bed);
	bed = bed_begin(BED_CONFIG);
	gate_ready(bed);
	client[0] = client_open(bed, "read");
	client[1] = client_open(bed, "read");
	client_send(bed, client[0], "GET /v1/top");
	say_meters(bed, NULL, 0);
	client_send(bed, client[1], "GET /v1/top?what=customers");
	/* One measures, one has not been told the first time. */
	bed_end(bed);
	close(client[0]);
	close(client[1]);
}
END_TEST

UNIT_MAIN("top", rates_of_a_second, by_who_waits, a_stop_and_a_gate_that_goes_meanwhile)
