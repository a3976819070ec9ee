/* SPDX-License-Identifier: BSD-3-Clause */
/* The sockets of operators: what is answered to whom, and that rows are what the table of commands says. */
#include "bed.h"
#include "commands.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

struct refusal_row {
	const char *request;
	int status;
	const char *field, *error;
};

static void check(const struct refusal_row *rows, size_t count)
{
	struct bed *bed = bed_begin(BED_CONFIG);

	gate_ready(bed);
	for (size_t i = 0; i < count; i++) {
		int client = client_open(bed, "admin"), status = 0;
		client_send(bed, client, rows[i].request);
		json_t *reply = client_answer(client, &status);
		ck_assert_msg(json_is_false(json_object_get(reply, "ok")), "taken: %s", rows[i].request);
		ck_assert_msg(status == rows[i].status, "%s: status %d", rows[i].request, status);
		ck_assert_str_eq(text_of(reply, "field"), rows[i].field);
		ck_assert_msg(strstr(text_of(reply, "error"), rows[i].error) == text_of(reply, "error"),
			      "%s is answered \"%s\"", rows[i].request, text_of(reply, "error"));
		json_decref(reply);
		close(client);
	}
	/* Nothing of it was done. */
	ck_assert_uint_eq(bed->daemon.ledger.count, 0);
	ck_assert_uint_eq(bed->heard.count[WIRE_BEGIN], 0);
	bed_end(bed);
}

#define LIMIT(...) "POST /v1/limits {" __VA_ARGS__ "}"
#define QUARANTINE(customer, ...) "POST /v1/customers/" customer "/quarantine {" __VA_ARGS__ "}"
#define RELEASE(target) "POST /v1/releases {\"target\":\"" target "\"}"
#define TEXT_32 "0123456789abcdef0123456789abcdef"

START_TEST(no_request)
{
	static const struct refusal_row rows[] = {
		{ "GET /", 404, "", "nothing at \"/\"" },
		{ "GET /v1/stat", 404, "", "nothing at \"/v1/stat\"" },
		{ "GET /v1/status/", 404, "", "nothing at \"/v1/status/\"" },
		{ "GET //v1/status", 404, "", "nothing at \"//v1/status\"" },
		{ "POST /v1/status {}", 405, "", "/v1/status takes GET, not POST" },
		{ "PUT /v1/limits {}", 405, "", "/v1/limits takes POST, not PUT" },
		{ "POST /openapi.json {}", 405, "", "/openapi.json takes GET, not POST" },
		{ "GET /v1/status?a=b", 400, "a", "status takes no argument \"a\"" },
		{ "GET /v1/flows?customer=", 400, "customer", "customer: empty" },
		{ "GET /v1/flows?customer", 400, "customer", "customer: empty" },
		{ "GET /v1/flows?most=1&most=2", 400, "most", "most: given twice" },
		{ "GET /v1/flows?mo%00st=1", 400, "", "flows takes no argument \"\"" },
		{ "GET /v1/flows?most=1%002", 400, "", "flows takes no argument \"\"" },
		{ "GET /v1/flows?customer=%ff", 400, "", "flows takes no argument \"\"" },
		{ "GET /v1/decisions?all=maybe", 400, "all", "all: \"maybe\" is not true or false" },
		{ "GET /v1/status {}", 400, "", "a GET takes no body" },
		{ "POST /v1/limits x", 400, "", "the body is not a JSON object: " },
		{ "POST /v1/limits []", 400, "", "the body is not a JSON object: another type" },
		{ "POST /v1/limits \"gate\"", 400, "", "the body is not a JSON object: " },
		{ "POST /v1/limits {", 400, "", "the body is not a JSON object: " },
		{ "POST /v1/limits {} {}", 400, "", "the body is not a JSON object: end of file expected" },
		{ LIMIT("\"scope\":\"gate\",\"scope\":\"gate\""), 400, "", "the body is not a JSON object: duplicate" },
		{ LIMIT("\"scope\":\"\\u0000\""), 400, "", "the body is not a JSON object: " },
		{ LIMIT("\"scope\":\"\xff\""), 400, "", "the body is not a JSON object: " },
		{ "POST /v1/limits", 400, "scope", "limit needs scope: " },
		{ LIMIT("\"a\":5"), 400, "a", "limit takes no argument \"a\"" },
		{ LIMIT("\"scope\":5"), 400, "scope", "scope: not a text" },
		{ LIMIT("\"scope\":null"), 400, "scope", "scope: not a text" },
		{ LIMIT("\"scope\":\"gate\""), 400, "setting", "limit needs setting: " },
		{ LIMIT("\"scope\":\"gate\",\"setting\":[]"), 400, "setting", "limit needs setting: " },
		{ LIMIT("\"scope\":\"gate\",\"setting\":\"connections=1\""), 400, "setting",
		  "setting: not a list of texts" },
		{ LIMIT("\"scope\":\"gate\",\"setting\":[\"connections=1\",2]"), 400, "setting",
		  "setting: not a list of texts" },
		{ QUARANTINE("acme", "\"reason\":\"r\",\"customer\":\"beta\""), 400, "customer",
		  "customer: given twice" },
	};

	check(rows, LENGTH(rows));
}
END_TEST

START_TEST(no_order)
{
	static const struct refusal_row rows[] = {
		{ QUARANTINE("acme", ""), 400, "reason", "quarantine needs reason: " },
		{ QUARANTINE("nobody", "\"reason\":\"r\""), 422, "customer", "no customer \"nobody\"" },
		{ QUARANTINE("", "\"reason\":\"r\""), 404, "", "nothing at \"/v1/customers//quarantine\"" },
		{ QUARANTINE("acme", "\"provider\":\"nobody\",\"reason\":\"r\""), 422, "customer",
		  "no provider \"nobody\"" },
		{ QUARANTINE("acme", "\"reason\":\"a\\nb\""), 400, "reason", "reason: \"a?b\" is not a text of " },
		{ QUARANTINE("acme", "\"reason\":\"\xc3\xa4\""), 400, "reason", "reason: \"??\" is not a text of " },
		{ QUARANTINE("acme", "\"reason\":\"" TEXT_32 TEXT_32 TEXT_32 "\""), 400, "reason",
		  "reason: 96 bytes long, at most 95 go" },
		{ QUARANTINE("acme", "\"reason\":\"r\",\"for\":\"24\""), 400, "for",
		  "for: \"24\" is not a duration, such as 30s, 24h or 7d" },
		{ QUARANTINE("acme", "\"reason\":\"r\",\"for\":\"0s\""), 422, "for",
		  "\"0s\" is not a duration up to 366d" },
		{ QUARANTINE("acme", "\"reason\":\"r\",\"for\":\"367d\""), 422, "for",
		  "\"367d\" is not a duration up to 366d" },
		{ LIMIT("\"scope\":\"nobody\",\"setting\":[\"connections=1\"]"), 422, "scope",
		  "no customer \"nobody\"" },
		{ LIMIT("\"scope\":\"gate\",\"setting\":[\"connections\"]"), 400, "setting",
		  "setting: \"connections\" is not a limit" },
		{ LIMIT("\"scope\":\"gate\",\"setting\":[\"connections=1\",\"byte-rate=1\"]"), 400, "setting",
		  "setting: \"byte-rate=1\" is not a limit" },
		{ RELEASE("7"), 422, "target", "nothing in force under \"7\"" },
		{ RELEASE("gate"), 422, "target", "nothing in force under \"gate\"" },
		{ RELEASE("-7"), 422, "target", "no customer \"-7\"" },
		{ "GET /v1/flows?most=0", 400, "most", "most: \"0\" is not a number from 1 to 10000" },
		{ "GET /v1/flows?most=10001", 400, "most", "most: \"10001\" is not a number from 1 to 10000" },
		{ "GET /v1/flows?most=-1", 400, "most", "most: \"-1\" is not a number" },
		{ "GET /v1/flows?customer=nobody", 422, "customer", "no customer \"nobody\"" },
		{ "GET /v1/flows?provider=acme", 422, "provider", "no provider \"acme\"" },
	};

	check(rows, LENGTH(rows));
}
END_TEST

/* "GET /v1/explain?subject=acme": with something in the place of each argument that must be there. */
static void request_of(const struct command *command, char *out, size_t size)
{
	const char *open = strchr(command->path, '{');

	snprintf(out, size, "%s %.*s%s%s", method_names[command->method],
		 open != NULL ? (int)(open - command->path) : (int)strlen(command->path), command->path,
		 open != NULL ? "acme" : "", open != NULL ? strchr(open, '}') + 1 : "");
	for (const struct arg *arg = command->args; arg->name != NULL; arg++) {
		size_t used = strlen(out);
		if (arg->required && command->method != METHOD_POST)
			snprintf(out + used, size - used, "?%s=acme", arg->name);
	}
}

START_TEST(who_may_only_read)
{
	struct bed *bed = bed_begin(BED_CONFIG);
	char line[128], error[64];

	for (int i = 0; i < COMMANDS; i++) {
		if (commands[i].method == METHOD_WATCH || commands[i].method == METHOD_PAGE)
			continue; /* no JSON: test_watch.c, test_metrics.c */
		int client = client_open(bed, "read"), status = 0;
		request_of(&commands[i], line, sizeof(line));
		client_send(bed, client, line);
		json_t *reply = client_answer(client, &status);
		snprintf(error, sizeof(error), "%s needs the admin right", commands[i].name);
		ck_assert_ptr_nonnull(reply);
		ck_assert_int_eq(strcmp(text_of(reply, "error"), error) == 0, commands[i].right == RIGHT_ADMIN);
		ck_assert_int_eq(status == 403, commands[i].right == RIGHT_ADMIN);
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
	client_send(bed, client, QUARANTINE("acme", "\"reason\":\"r\"") "\nGET /v1/decisions\nGET /none");
	/* The second is not answered before the first. */
	ck_assert_ptr_null(client_reply(client));
	gate_ack(bed, bed->heard.commit.generation, 0, "");
	bed_turn(bed);
	json_t *first = client_reply(client), *second = client_reply(client), *third = client_reply(client);
	ck_assert(json_is_true(json_object_get(first, "enforced")));
	ck_assert_uint_eq(json_array_size(json_object_get(second, "rows")), 1);
	ck_assert_mem_eq(text_of(third, "error"), "nothing at", 10);
	ck_assert_ptr_null(client_reply(client));
	json_decref(first);
	json_decref(second);
	json_decref(third);
	close(client);
	bed_end(bed);
}
END_TEST

START_TEST(requests_in_pieces)
{
	static const char request[] = "GET /v1/decisions?most=5 HTTP/1.1\r\nHost: bed\r\n\r\n";
	struct bed *bed = bed_begin(BED_CONFIG);
	int client = client_open(bed, "read");

	for (size_t i = 0; i < sizeof(request) - 1; i++) {
		ck_assert_ptr_null(client_reply(client));
		client_write(bed, client, request + i, 1);
	}
	json_t *reply = client_reply(client);
	ck_assert(json_is_true(json_object_get(reply, "ok")));
	json_decref(reply);
	close(client);
	bed_end(bed);
}
END_TEST

/* What is no HTTP, or too much of it, gets a 4xx of libmicrohttpd's own, and is hung up on. */
START_TEST(no_http)
{
	static const char *const rows[] = { "\r\n\r\n\r\n\r\n", "x\r\n\r\n", "GET / HTTP/1.1\r\n\r\n",
					    "{\"command\":\"status\"}\n", "GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n" };
	struct bed *bed = bed_begin(BED_CONFIG);
	static char text[65536];

	for (size_t i = 0; i < LENGTH(rows); i++) {
		int client = client_open(bed, "read");
		client_write(bed, client, rows[i], strlen(rows[i]));
		ssize_t got = recv(client, text, sizeof(text), 0);
		ck_assert_msg(got < 12 || memcmp(text, "HTTP/1.", 7) == 0, "%s", rows[i]);
		ck_assert_msg(got < 12 || text[9] == '4', "%s is answered %.12s", rows[i], text);
		close(client);
	}
	int client = client_open(bed, "read");
	memset(text, 'x', sizeof(text));
	memcpy(text, "GET /", 5);
	client_write(bed, client, text, 40000);
	ck_assert_int_ge(recv(client, text, sizeof(text), 0), 12);
	ck_assert_msg(memcmp(text + 9, "414", 3) == 0 || memcmp(text + 9, "431", 3) == 0, "%.12s", text);
	close(client);
	json_t *reply = bed_ask(bed, "GET /v1/status");
	ck_assert(json_is_true(json_object_get(reply, "ok")));
	json_decref(reply);
	bed_end(bed);
}
END_TEST

static int status_of(struct bed *bed, const char *header, size_t body)
{
	static char text[400000];
	int client = client_open(bed, "admin"), status = 0;
	size_t used = (size_t)snprintf(text, sizeof(text), "POST /v1/limits HTTP/1.1\r\nHost: bed\r\n%s\r\n", header);

	memset(text + used, ' ', body);
	fcntl(client, F_SETFL, 0);
	setsockopt(client, SOL_SOCKET, SO_SNDBUF, &(int){ 1 << 20 }, sizeof(int));
	fcntl(client, F_SETFL, O_NONBLOCK);
	client_write(bed, client, text, used + body);
	json_t *reply = client_answer(client, &status);
	json_decref(reply);
	close(client);
	bed_turn(bed);
	return status;
}

START_TEST(bodies_that_are_refused)
{
	struct bed *bed = bed_begin(BED_CONFIG);
#define JSON_TYPE "Content-Type: application/json\r\n"

	ck_assert_int_eq(status_of(bed, "Content-Length: 5\r\n", 5), 415);
	ck_assert_int_eq(status_of(bed, "Content-Type: text/plain\r\nContent-Length: 5\r\n", 5), 415);
	ck_assert_int_eq(status_of(bed, JSON_TYPE "Content-Length: 4096\r\n", 4096), 400);
	ck_assert_int_eq(status_of(bed, JSON_TYPE "Content-Length: 4097\r\n", 4097), 413);
	ck_assert_int_eq(status_of(bed, JSON_TYPE "Content-Length: 200000\r\n", 200000), 413);
	/* Who goes on and on is cut off. */
	ck_assert_int_eq(status_of(bed, JSON_TYPE "Content-Length: 390000\r\n", 390000), 0);
	bed_end(bed);
}
END_TEST

START_TEST(clients_that_leave)
{
	struct bed *bed = bed_begin(BED_CONFIG);

	gate_ready(bed);
	int client = client_open(bed, "admin");
	client_write(bed, client, "GET /v1", 7);
	close(client);
	bed_turn(bed);
	/* Gone while its answer is under way: the order stands. */
	client = client_open(bed, "admin");
	client_send(bed, client, QUARANTINE("acme", "\"reason\":\"r\""));
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

	alarms_raise(&bed->daemon.alarms, ALARM_GATE_GONE, "", 1000, "%s", "it did not answer");
	json_decref(bed_ask(bed, QUARANTINE("acme", "\"reason\":\"r\"")));
	json_decref(bed_ask(bed, LIMIT("\"scope\":\"domain:a.example\",\"setting\":[\"connections=2\"]")));
	gate_ready(bed);
	for (int i = 0; i < COMMANDS; i++) {
		if (commands[i].method != METHOD_GET)
			continue;
		int client = client_open(bed, "read");
		request_of(&commands[i], line, sizeof(line));
		bed->heard.count[WIRE_QUERY] = 0;
		client_send(bed, client, line);
		if (i == COMMAND_TOP) { /* takes a second: test_top.c */
			close(client);
			continue;
		}
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
		snprintf(line, sizeof(line), "GET /v1/%s", rows[i].command);
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

UNIT_MAIN("serve", no_request, no_order, who_may_only_read, answers_come_in_order, requests_in_pieces, no_http,
	  bodies_that_are_refused, clients_that_leave, rows_are_the_tables, a_gate_that_leaves_while_it_is_asked)
