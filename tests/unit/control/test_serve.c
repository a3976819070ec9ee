/* SPDX-License-Identifier: BSD-3-Clause */
/* The sockets of operators: what is answered to whom, and that rows are what the table of commands says. */
#include "bed.h"
#include "commands.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define ROW(...) "{\"command\":" __VA_ARGS__ "}\n"

struct refusal {
	const char *request, *field, *error;
};

static void check(const struct refusal *rows, size_t count)
{
	struct bed *bed = bed_begin(BED_CONFIG);

	gate_ready(bed);
	for (size_t i = 0; i < count; i++) {
		json_t *reply = bed_ask(bed, rows[i].request);
		ck_assert_msg(json_is_false(json_object_get(reply, "ok")), "taken: %s", rows[i].request);
		ck_assert_str_eq(text_of(reply, "field"), rows[i].field);
		ck_assert_msg(strstr(text_of(reply, "error"), rows[i].error) == text_of(reply, "error"),
			      "%sis answered \"%s\"", rows[i].request, text_of(reply, "error"));
		json_decref(reply);
	}
	/* Nothing of it was done. */
	ck_assert_uint_eq(bed->daemon.ledger.count, 0);
	ck_assert_uint_eq(bed->heard.count[WIRE_BEGIN], 0);
	bed_end(bed);
}

START_TEST(no_request)
{
	static const struct refusal rows[] = {
		{ "\n", "", "not a JSON object: " },
		{ "x\n", "", "not a JSON object: " },
		{ "[]\n", "", "not a JSON object: another type" },
		{ "\"status\"\n", "", "not a JSON object: " },
		{ "{\n", "", "not a JSON object: " },
		{ "{} {}\n", "", "not a JSON object: end of file expected" },
		{ "{\"command\":\"status\",\"command\":\"drops\"}\n", "", "not a JSON object: duplicate object key" },
		{ "{\"command\":\"\\u0000\"}\n", "", "not a JSON object: " },
		{ "{\"command\":\"\xff\"}\n", "", "not a JSON object: " },
		{ "{}\n", "command", "no command \"\"" },
		{ ROW("5"), "command", "no command \"\"" },
		{ ROW("\"stat\""), "command", "no command \"stat\"" },
		{ ROW("\"quarantine\""), "customer", "quarantine needs customer: whose mail" },
		{ ROW("\"status\",\"args\":[]"), "args", "args is to be an object" },
		{ ROW("\"status\",\"args\":{\"a\":\"b\"}"), "a", "status takes no argument \"a\"" },
		{ ROW("\"flows\",\"args\":{\"customer\":5}"), "customer", "customer is to be a text" },
		{ ROW("\"flows\",\"args\":{\"customer\":null}"), "customer", "customer is to be a text" },
		{ ROW("\"limit\",\"args\":{\"scope\":\"gate\",\"setting\":\"connections=1\"}"), "setting",
		  "setting is to be a list of texts" },
		{ ROW("\"limit\",\"args\":{\"scope\":\"gate\",\"setting\":[]}"), "setting",
		  "setting is to be a list of texts" },
		{ ROW("\"limit\",\"args\":{\"scope\":\"gate\",\"setting\":[\"connections=1\",2]}"), "setting",
		  "setting is to be a list of texts" },
	};

	check(rows, LENGTH(rows));
}
END_TEST

#define QUARANTINE(...) ROW("\"quarantine\",\"args\":{" __VA_ARGS__ "}")
#define LIMIT(...) ROW("\"limit\",\"args\":{" __VA_ARGS__ "}")
#define TEXT_32 "0123456789abcdef0123456789abcdef"

START_TEST(no_order)
{
	static const struct refusal rows[] = {
		{ QUARANTINE("\"customer\":\"nobody\",\"reason\":\"r\""), "customer", "no customer \"nobody\"" },
		{ QUARANTINE("\"customer\":\"\",\"reason\":\"r\""), "customer", "no customer \"\"" },
		{ QUARANTINE("\"customer\":\"acme\",\"provider\":\"nobody\",\"reason\":\"r\""), "customer",
		  "no provider \"nobody\"" },
		{ QUARANTINE("\"customer\":\"acme\",\"reason\":\"a\\nb\""), "reason",
		  "the reason goes into an SMTP reply: printable ASCII only" },
		{ QUARANTINE("\"customer\":\"acme\",\"reason\":\"\xc3\xa4\""), "reason",
		  "the reason goes into an SMTP reply: printable ASCII only" },
		{ QUARANTINE("\"customer\":\"acme\",\"reason\":\"" TEXT_32 TEXT_32 TEXT_32 "\""), "reason",
		  "the reason has 96 bytes; at most 95 go into an SMTP reply" },
		{ QUARANTINE("\"customer\":\"acme\",\"reason\":\"r\",\"for\":\"24\""), "for",
		  "\"24\" is not a duration up to 366d" },
		{ QUARANTINE("\"customer\":\"acme\",\"reason\":\"r\",\"for\":\"0s\""), "for",
		  "\"0s\" is not a duration up to 366d" },
		{ QUARANTINE("\"customer\":\"acme\",\"reason\":\"r\",\"for\":\"367d\""), "for",
		  "\"367d\" is not a duration up to 366d" },
		{ LIMIT("\"scope\":\"nobody\",\"setting\":[\"connections=1\"]"), "scope", "no customer \"nobody\"" },
		{ LIMIT("\"scope\":\"gate\",\"setting\":[\"connections\"]"), "setting",
		  "\"connections\": expected connections=" },
		{ LIMIT("\"scope\":\"gate\",\"setting\":[\"connections=1\",\"byte-rate=1\"]"), "setting",
		  "\"byte-rate=1\": expected byte-rate=RATE" },
		{ ROW("\"release\",\"args\":{\"target\":\"7\"}"), "target", "nothing in force under \"7\"" },
		{ ROW("\"release\",\"args\":{\"target\":\"gate\"}"), "target", "nothing in force under \"gate\"" },
		{ ROW("\"release\",\"args\":{\"target\":\"-7\"}"), "target", "no customer \"-7\"" },
		{ ROW("\"flows\",\"args\":{\"most\":\"0\"}"), "most", "\"0\" is not a number from 1 to 10000" },
		{ ROW("\"flows\",\"args\":{\"most\":\"10001\"}"), "most", "\"10001\" is not a number from 1 to 10000" },
		{ ROW("\"flows\",\"args\":{\"customer\":\"nobody\"}"), "customer", "no customer \"nobody\"" },
		{ ROW("\"flows\",\"args\":{\"provider\":\"acme\"}"), "provider", "no provider \"acme\"" },
	};

	check(rows, LENGTH(rows));
}
END_TEST

START_TEST(who_may_only_read)
{
	struct bed *bed = bed_begin(BED_CONFIG);
	char line[128], error[64];

	for (int i = 0; i < COMMANDS; i++) {
		int client = client_open(bed, "read");
		snprintf(line, sizeof(line), "{\"command\":\"%s\"}\n", commands[i].name);
		client_send(bed, client, line);
		json_t *reply = client_reply(client);
		snprintf(error, sizeof(error), "%s needs the admin socket", commands[i].name);
		ck_assert_ptr_nonnull(reply);
		ck_assert_int_eq(strcmp(text_of(reply, "error"), error) == 0, commands[i].right == RIGHT_ADMIN);
		json_decref(reply);
		close(client);
	}
	bed_end(bed);
}
END_TEST

START_TEST(answers_come_in_order)
{
	struct bed *bed = bed_begin(BED_CONFIG);

	gate_ready(bed);
	int client = client_open(bed, "admin");
	client_send(bed, client,
		    QUARANTINE("\"customer\":\"acme\",\"reason\":\"r\"") ROW("\"decisions\"") ROW("\"none\""));
	/* The second is not answered before the first. */
	ck_assert_ptr_null(client_reply(client));
	gate_ack(bed, bed->heard.commit.generation, 0, "");
	bed_turn(bed);
	json_t *first = client_reply(client), *second = client_reply(client), *third = client_reply(client);
	ck_assert(json_is_true(json_object_get(first, "enforced")));
	ck_assert_uint_eq(json_array_size(json_object_get(second, "rows")), 1);
	ck_assert_str_eq(text_of(third, "field"), "command");
	ck_assert_ptr_null(client_reply(client));
	json_decref(first);
	json_decref(second);
	json_decref(third);
	close(client);
	bed_end(bed);
}
END_TEST

START_TEST(lines_in_pieces)
{
	static const char request[] = ROW("\"decisions\"");
	struct bed *bed = bed_begin(BED_CONFIG);
	int client = client_open(bed, "read");

	for (size_t i = 0; i < sizeof(request) - 1; i++) {
		const char piece[] = { request[i], '\0' };
		ck_assert_ptr_null(client_reply(client));
		client_send(bed, client, piece);
	}
	json_t *reply = client_reply(client);
	ck_assert(json_is_true(json_object_get(reply, "ok")));
	json_decref(reply);
	close(client);
	bed_end(bed);
}
END_TEST

START_TEST(a_line_without_end)
{
	struct bed *bed = bed_begin(BED_CONFIG);
	int client = client_open(bed, "read");
	char line[4097], byte;

	memset(line, ' ', sizeof(line) - 1);
	line[4096] = '\0';
	client_send(bed, client, line);
	json_t *reply = client_reply(client);
	ck_assert_str_eq(text_of(reply, "error"), "a request is at most 4096 bytes long");
	ck_assert_int_eq(recv(client, &byte, 1, 0), 0); /* and hung up */
	json_decref(reply);
	close(client);
	bed_end(bed);
}
END_TEST

START_TEST(clients_that_leave)
{
	struct bed *bed = bed_begin(BED_CONFIG);

	gate_ready(bed);
	int client = client_open(bed, "admin");
	client_send(bed, client, "{\"comm");
	close(client);
	bed_turn(bed);
	/* Gone while its answer is under way: the order stands. */
	client = client_open(bed, "admin");
	client_send(bed, client, QUARANTINE("\"customer\":\"acme\",\"reason\":\"r\""));
	close(client);
	bed_turn(bed);
	gate_ack(bed, bed->heard.commit.generation, 0, "");
	bed_turn(bed);
	ck_assert_uint_eq(bed->daemon.ledger.count, 1);
	bed_end(bed);
}
END_TEST

/* A row has a value under each of its command's columns, and nothing else. */
static void check_rows(const struct command *command, const json_t *reply)
{
	const json_t *rows = json_object_get(reply, "rows"), *row = json_array_get(rows, 0);
	size_t columns = 0;

	ck_assert_msg(json_array_size(rows) > 0, "%s: no rows", command->name);
	for (; command->columns[columns].key != NULL; columns++)
		ck_assert_msg(json_object_get(row, command->columns[columns].key) != NULL, "%s: no %s", command->name,
			      command->columns[columns].key);
	ck_assert_uint_eq(json_object_size(row), columns);
}

/* Answers a query as a gate would, with one row. */
static void answer(struct bed *bed)
{
	const struct wire_END end = { .what = bed->heard.query.what, .rows = 1 };
	const struct wire_ROW_STATUS status = { .ready = 1, .workers = 2 };
	const struct wire_ROW_COUNTERS counters = { .counter = { [COUNT_CUT_TURN] = 3, [COUNT_SMTP] = 5 } };
	const struct wire_ROW_FLOW flow = { .customer = 1, .state = FLOW_ESTABLISHED, .phase = PHASE_BODY };
	const struct wire_ROW_METER meter = { .key = { .scope = SCOPE_CUSTOMER, .customer = 1 }, .connections = 7 };
	const struct wire_ROW_WAITS waits = { .most_ns = 1500000, .cell = { [30] = 1, [40] = 2 } };
	static const enum wire_type types[QUERIES] = { WIRE_ROW_STATUS, WIRE_ROW_COUNTERS, WIRE_ROW_FLOW,
						       WIRE_ROW_METER, WIRE_ROW_WAITS };
	const void *const rows[QUERIES] = { &status, &counters, &flow, &meter, &waits };

	ck_assert_uint_lt(bed->heard.query.what, QUERIES);
	gate_say(bed, types[end.what], rows[end.what]);
	gate_say(bed, WIRE_END, &end);
	bed_turn(bed);
}

START_TEST(rows_are_the_tables)
{
	struct bed *bed = bed_begin(BED_CONFIG);
	char line[64];

	json_decref(bed_ask(bed, QUARANTINE("\"customer\":\"acme\",\"reason\":\"r\"")));
	gate_ready(bed);
	for (int i = 0; i < COMMANDS; i++) {
		if (commands[i].right != RIGHT_READ)
			continue;
		int client = client_open(bed, "read");
		snprintf(line, sizeof(line), "{\"command\":\"%s\"}\n", commands[i].name);
		bed->heard.count[WIRE_QUERY] = 0;
		client_send(bed, client, line);
		while (bed->heard.count[WIRE_QUERY] > 0) {
			bed->heard.count[WIRE_QUERY] = 0; /* an answer may bring the next question */
			answer(bed);
		}
		json_t *reply = client_reply(client);
		ck_assert_msg(json_is_true(json_object_get(reply, "ok")), "%s", commands[i].name);
		check_rows(&commands[i], reply);
		json_decref(reply);
		close(client);
	}
	bed_end(bed);
}
END_TEST

START_TEST(a_gate_that_leaves_while_it_is_asked)
{
	static const struct {
		const char *command;
		bool ok; /* what the daemon knows by itself it tells */
	} rows[] = { { "status", true },    { "customers", true }, { "providers", true },
		     { "decisions", true }, { "flows", false },	   { "drops", false } };
	struct bed *bed = bed_begin(BED_CONFIG);
	int client[LENGTH(rows)];
	char line[64];

	gate_ready(bed);
	for (size_t i = 0; i < LENGTH(rows); i++) {
		client[i] = client_open(bed, "read");
		snprintf(line, sizeof(line), "{\"command\":\"%s\"}\n", rows[i].command);
		client_send(bed, client[i], line);
	}
	ck_assert_uint_eq(bed->heard.count[WIRE_QUERY], 5);
	gate_leave(bed);
	bed_turn(bed);
	for (size_t i = 0; i < LENGTH(rows); i++) {
		json_t *reply = client_reply(client[i]);
		ck_assert_msg(reply != NULL, "%s is not answered", rows[i].command);
		ck_assert_msg(json_is_true(json_object_get(reply, "ok")) == rows[i].ok, "%s", rows[i].command);
		json_decref(reply);
		close(client[i]);
	}
	bed_end(bed);
}
END_TEST

UNIT_MAIN("serve", no_request, no_order, who_may_only_read, answers_come_in_order, lines_in_pieces, a_line_without_end,
	  clients_that_leave, rows_are_the_tables, a_gate_that_leaves_while_it_is_asked)
