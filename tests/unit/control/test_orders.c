/* SPDX-License-Identifier: BSD-3-Clause */
/* Orders as people give them, and what they are told: names in short, what was and what still is in force. */
#include "bed.h"

#include <sys/resource.h>

#include <sqlite3.h>

#define QUARANTINE(customer) "POST /v1/customers/" customer "/quarantine {\"reason\":\"r\"}"
#define LIMIT(scope) "POST /v1/limits {\"scope\":\"" scope "\",\"setting\":[\"connections=2\"]}"
#define RELEASE(target) "POST /v1/releases {\"target\":\"" target "\"}"

/* The reply's message has this, and `ok` or not. */
static void check_says(struct bed *bed, const char *request, bool ok, const char *words)
{
	json_t *reply = bed_ask(bed, request);
	const char *said = text_of(reply, ok ? "message" : "error");

	ck_assert_msg(json_is_true(json_object_get(reply, "ok")) == ok, "%s is answered \"%s\"", request, said);
	ck_assert_msg(strstr(said, words) != NULL, "%s is answered \"%s\"", request, said);
	ck_assert_ptr_null(json_object_get(reply, "note"));
	json_decref(reply);
}

START_TEST(a_bare_name_is_a_customer)
{
	struct bed *bed = bed_begin(BED_CONFIG);

	check_says(bed, LIMIT("acme"), true, "customer:acme limited");
	check_says(bed, LIMIT("acme/provider:google"), true, "customer:acme/provider:google limited");
	check_says(bed, LIMIT("nobody"), false, "no customer \"nobody\"");
	check_says(bed, LIMIT("gate"), true, "gate limited");
	check_says(bed, RELEASE("acme"), true, "customer:acme released (decision 1)");
	ck_assert_uint_eq(bed->daemon.ledger.count, 2);
	bed_end(bed);
}
END_TEST

START_TEST(what_is_in_force_already)
{
	struct bed *bed = bed_begin(BED_CONFIG);

	check_says(bed, QUARANTINE("acme"), true, "customer:acme quarantined until");
	check_says(bed, QUARANTINE("acme"), true, "; in place of decision 1");
	ck_assert_uint_eq(bed->daemon.ledger.count, 1);
	check_says(bed, LIMIT("acme"), true, "customer:acme limited (decision 3)");
	check_says(bed, LIMIT("acme"), true, "; in place of decision 3");
	ck_assert_uint_eq(bed->daemon.ledger.count, 2);
	bed_end(bed);
}
END_TEST

START_TEST(what_is_in_force_still)
{
	struct bed *bed = bed_begin(BED_CONFIG);

	json_decref(bed_ask(bed, QUARANTINE("acme")));
	json_decref(bed_ask(bed, LIMIT("acme/provider:google")));
	json_decref(bed_ask(bed, LIMIT("source:10.0.0.9")));
	json_decref(bed_ask(bed, QUARANTINE("beta")));
	check_says(bed, RELEASE("1"), true,
		   "customer:acme released (decision 1), stored; the gate does not answer, and will enforce it when it "
		   "is back; still in force: 2 limit customer:acme/provider:google, 3 limit source:10.0.0.9");
	json_t *reply = bed_ask(bed, RELEASE("customer:beta"));
	ck_assert_uint_eq(json_array_size(json_object_get(reply, "still")), 0);
	ck_assert_ptr_null(strstr(text_of(reply, "message"), "still"));
	json_decref(reply);
	bed_end(bed);
}
END_TEST

static void reload(struct bed *bed, const char *rest)
{
	FILE *out = fopen(bed->config, "we");
	const struct group *group = getgrgid(getgid());

	ck_assert_ptr_nonnull(out);
	fprintf(out, BED_SCALARS, bed->folder, group->gr_name);
	fputs(rest, out);
	fclose(out);
	daemon_reload(&bed->daemon);
	bed_turn(bed);
}

START_TEST(names_that_left_the_configuration)
{
	struct bed *bed = bed_begin(BED_CONFIG);

	json_decref(bed_ask(bed, QUARANTINE("acme")));
	reload(bed, "customers: [{ name: beta, sources: [10.1.0.0/24] }]\n");
	ck_assert(bed->daemon.reload.taken);
	json_t *reply = bed_ask(bed, "GET /v1/decisions");
	const json_t *row = json_array_get(json_object_get(reply, "rows"), 0);
	ck_assert_str_eq(text_of(row, "note"), "holds nobody: the configuration has no such customer");
	json_decref(reply);
	check_says(bed, QUARANTINE("acme"), false, "no customer \"acme\"");
	check_says(bed, RELEASE("customer:nobody"), false, "no customer \"nobody\", now or ever before");
	check_says(bed, RELEASE("acme"), true, "customer:acme released");
	/* Asking for a name gives it no id. */
	ck_assert_uint_eq(journal_known_id(bed->daemon.journal, NAME_CUSTOMER, "nobody"), 0);
	bed_end(bed);
}
END_TEST

START_TEST(what_a_reload_does_not_change)
{
	struct bed *bed = bed_begin(BED_CONFIG);
	const char *rest = "customers: []\n";
	FILE *out = fopen(bed->config, "we");

	fprintf(out, "gate: { socket: /nowhere/gate }\ndaemon: { directory: /nowhere, admin-group: root }\n%s", rest);
	fclose(out);
	daemon_reload(&bed->daemon);
	ck_assert(bed->daemon.reload.taken);
	ck_assert_uint_eq(bed->daemon.config->customer_count, 0);
	const struct settings *settings = &bed->daemon.config->settings;
	ck_assert_mem_eq(settings->gate_socket, bed->folder, strlen(bed->folder));
	ck_assert_mem_eq(settings->directory, bed->folder, strlen(bed->folder));
	ck_assert_mem_eq(settings->admin_socket, bed->folder, strlen(bed->folder));
	bed_end(bed);
}
END_TEST

START_TEST(the_newest_first)
{
	struct bed *bed = bed_begin(BED_CONFIG);

	static const char *const orders[] = { QUARANTINE("acme"), QUARANTINE("beta"), LIMIT("acme"), LIMIT("beta"),
					      LIMIT("gate") };
	for (int i = 0; i < 5; i++)
		json_decref(bed_ask(bed, orders[i]));
	json_decref(bed_ask(bed, RELEASE("5")));
	json_t *reply = bed_ask(bed, "GET /v1/decisions?most=2&all=true");
	const json_t *rows = json_object_get(reply, "rows");
	ck_assert_uint_eq(json_array_size(rows), 2);
	ck_assert_int_eq(json_integer_value(json_object_get(json_array_get(rows, 0), "id")), 5);
	ck_assert_int_eq(json_integer_value(json_object_get(json_array_get(rows, 1), "id")), 4);
	ck_assert_int_eq(json_integer_value(json_object_get(reply, "total")), 5);
	ck_assert_ptr_nonnull(strstr(text_of(reply, "message"), "the newest 2 of 5"));
	json_decref(reply);
	reply = bed_ask(bed, "GET /v1/decisions?all=false");
	ck_assert_uint_eq(json_array_size(json_object_get(reply, "rows")), 4);
	json_decref(reply);
	bed_end(bed);
}
END_TEST

/* Cut within a character, a text would be none any more, and no answer would come. */
START_TEST(echoes_of_what_is_not_ascii)
{
	char request[256] = "POST /v1/releases {\"target\":\"x";
	struct bed *bed = bed_begin(BED_CONFIG);

	for (int i = 0; i < 50; i++)
		strcat(request, "\xc3\xa4");
	strcat(request, "\"}");
	check_says(bed, request, false, "no customer \"x????");
	check_says(bed, "POST /v1/releases {\"target\":\"acme\",\"reason\":\"\xc3\xa4\"}", false, "printable ASCII");
	bed_end(bed);
}
END_TEST

/* All of them, or none. */
START_TEST(half_a_release)
{
	struct bed *bed = bed_begin(BED_CONFIG);
	char path[64];
	sqlite3 *database;

	json_decref(bed_ask(bed, QUARANTINE("acme")));
	json_decref(bed_ask(bed, LIMIT("acme")));
	snprintf(path, sizeof(path), "%s/store/sluice.db", bed->folder);
	ck_assert_int_eq(sqlite3_open(path, &database), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(database,
				      "CREATE TRIGGER t BEFORE UPDATE ON decisions WHEN NEW.id = 2 "
				      "BEGIN SELECT RAISE(ABORT, 'no'); END",
				      NULL, NULL, NULL),
			 SQLITE_OK);
	sqlite3_close(database);
	check_says(bed, RELEASE("acme"), false, "not stored, and all 2 still in force: Input/output error");
	ck_assert_uint_eq(bed->daemon.ledger.count, 2);
	bed_end(bed);
}
END_TEST

/* So much more memory than there is now. */
static void limit_memory(rlim_t more)
{
	FILE *file = fopen("/proc/self/statm", "re");
	unsigned long pages = 0;

	ck_assert_int_eq(fscanf(file, "%lu", &pages), 1);
	fclose(file);
	const rlim_t most = pages * (rlim_t)sysconf(_SC_PAGESIZE) + more;
	ck_assert_int_eq(setrlimit(RLIMIT_AS, &(struct rlimit){ most, most }), 0);
}

/* Nothing of it is committed. */
START_TEST(a_batch_that_does_not_fit)
{
	const size_t many = 2000000;
	struct bed *bed = bed_begin(BED_CONFIG);

	gate_ready(bed);
	struct customer *customer = &bed->daemon.config->customers[0];
	free(customer->sources);
	customer->sources = calloc(many, sizeof(*customer->sources));
	customer->source_count = many;
	limit_memory(64u << 20);
	uint64_t commits = bed->heard.count[WIRE_COMMIT];
	link_want_all(bed->daemon.link);
	bed_turn(bed);
	ck_assert_uint_eq(bed->heard.count[WIRE_COMMIT], commits);
	ck_assert(!link_status(bed->daemon.link)->connected);
	ck_assert_str_eq(link_status(bed->daemon.link)->error, "what is wanted does not fit into one batch");
	bed_end(bed);
}
END_TEST

START_TEST(more_flows_than_are_shown)
{
	const struct wire_END end = { .what = QUERY_FLOWS, .rows = 2 };
	const struct wire_ROW_FLOW flow = { .state = FLOW_ESTABLISHED };
	struct bed *bed = bed_begin(BED_CONFIG);

	gate_ready(bed);
	int client = client_open(bed, "read");
	client_send(bed, client, "GET /v1/flows?most=1");
	ck_assert_uint_eq(bed->heard.query.most, 2);
	gate_say(bed, WIRE_ROW_FLOW, &flow);
	gate_say(bed, WIRE_ROW_FLOW, &flow);
	gate_say(bed, WIRE_END, &end);
	bed_turn(bed);
	json_t *reply = client_reply(client);
	ck_assert_uint_eq(json_array_size(json_object_get(reply, "rows")), 1);
	ck_assert(json_is_true(json_object_get(reply, "cut")));
	ck_assert_str_eq(text_of(reply, "message"), "only 1 of them; --most N shows more");
	json_decref(reply);
	close(client);
	bed_end(bed);
}
END_TEST

/* New limits make every connection look up its own again: a quarantine must not send any. */
START_TEST(no_more_than_what_changed)
{
	struct bed *bed = bed_begin(BED_CONFIG);

	gate_ready(bed);
	int client = client_open(bed, "admin");
	client_send(bed, client, QUARANTINE("acme"));
	ck_assert_uint_eq(bed->heard.count[WIRE_PUT_VERDICT], 1);
	ck_assert_uint_eq(bed->heard.count[WIRE_PUT_LIMITS] + bed->heard.count[WIRE_DEL_LIMITS], 0);
	gate_ack(bed, bed->heard.commit.generation, 0, "");
	bed_turn(bed);
	client_send(bed, client, LIMIT("acme"));
	ck_assert_uint_eq(bed->heard.count[WIRE_PUT_LIMITS], 1);
	ck_assert_uint_eq(bed->heard.count[WIRE_PUT_VERDICT] + bed->heard.count[WIRE_DEL_VERDICT], 1);
	close(client);
	bed_end(bed);
}
END_TEST

/* Who asked is answered out of what must still be there. */
START_TEST(a_stop_while_the_gate_is_asked)
{
	static const char *const rows[] = { "status", "customers", "providers", "flows", "drops" };
	struct bed *bed = bed_begin(BED_CONFIG);
	int client[5];

	gate_ready(bed);
	for (int i = 0; i < 5; i++) {
		char request[64];
		snprintf(request, sizeof(request), "GET /v1/%s\nGET /v1/status", rows[i]);
		client[i] = client_open(bed, "admin");
		client_send(bed, client[i], request);
	}
	bed_end(bed);
	for (int i = 0; i < 5; i++)
		close(client[i]);
}
END_TEST

/* Readers that fill their socket keep nobody from deciding; who has been idle longest makes way for the next. */
START_TEST(a_crowd_of_readers)
{
	struct bed *bed = bed_begin(BED_CONFIG);
	int reader[64];

	for (int i = 0; i < 64; i++) {
		reader[i] = client_open(bed, "read");
		bed_turn(bed);
	}
	/* The one who came first makes way, and nobody else. */
	int late = client_open(bed, "read");
	client_send(bed, late, "GET /v1/decisions");
	json_t *reply = client_reply(late);
	ck_assert_ptr_nonnull(reply);
	json_decref(reply);
	char byte;
	ck_assert_int_eq(recv(reader[0], &byte, 1, 0), 0);
	ck_assert_int_lt(recv(reader[1], &byte, 1, 0), 0);
	check_says(bed, QUARANTINE("acme"), true, "quarantined");
	close(late);
	for (int i = 0; i < 64; i++)
		close(reader[i]);
	bed_turn(bed);
	bed_end(bed);
}
END_TEST

#define ORDER(customer, more) "POST /v1/customers/" customer "/quarantine {\"reason\":\"r\"" more "}"
#define RELEASE_ALL(more) "POST /v1/releases {" more "}"

/* Four decisions: two of an incident, two of acme's. */
static struct bed *bed_with_incident(void)
{
	struct bed *bed = bed_begin(BED_CONFIG);

	json_decref(bed_ask(bed, ORDER("acme", ",\"incident\":\"INC-7\"")));
	json_decref(bed_ask(bed, ORDER("acme", ",\"provider\":\"google\"")));
	json_decref(bed_ask(bed, ORDER("beta", ",\"incident\":\"INC-7\"")));
	json_decref(bed_ask(bed, LIMIT("customer:unknown")));
	ck_assert_uint_eq(bed->daemon.ledger.count, 4);
	return bed;
}

START_TEST(all_that_fit_are_shown_first)
{
	struct bed *bed = bed_with_incident();
	json_t *reply = bed_ask(bed, RELEASE_ALL("\"incident\":\"INC-7\""));

	ck_assert(json_is_true(json_object_get(reply, "preview")));
	ck_assert_uint_eq(json_array_size(json_object_get(reply, "rows")), 2);
	ck_assert_str_eq(text_of(reply, "message"), "nothing is done: with --yes 2 decisions would end");
	ck_assert_uint_eq(bed->daemon.ledger.count, 4);
	json_decref(reply);
	reply = bed_ask(bed, RELEASE_ALL("\"incident\":\"INC-7\",\"yes\":true"));
	ck_assert_ptr_null(json_object_get(reply, "preview"));
	ck_assert_int_eq(json_integer_value(json_object_get(reply, "released")), 2);
	ck_assert_uint_eq(json_array_size(json_object_get(reply, "rows")), 2);
	ck_assert_ptr_nonnull(strstr(text_of(reply, "message"), "all of them released (2 decisions: 1, 3)"));
	ck_assert_uint_eq(bed->daemon.ledger.count, 2);
	json_decref(reply);
	bed_end(bed);
}
END_TEST

/* Decisions 1 to 4, then 2 is released: five events. */
START_TEST(what_was_done)
{
	struct bed *bed = bed_with_incident();

	json_decref(bed_ask(bed, RELEASE("2")));
	json_t *reply = bed_ask(bed, "GET /v1/audit?most=2"), *rows = json_object_get(reply, "rows");
	ck_assert_uint_eq(json_array_size(rows), 2);
	ck_assert(json_is_true(json_object_get(reply, "cut")));
	ck_assert_int_eq(json_integer_value(json_object_get(json_array_get(rows, 0), "decision")), 2);
	char next[64];
	snprintf(next, sizeof(next), "GET /v1/audit?before=%lld",
		 (long long)json_integer_value(json_object_get(json_array_get(rows, 1), "id")));
	json_decref(reply);
	reply = bed_ask(bed, next);
	ck_assert_uint_eq(json_array_size(json_object_get(reply, "rows")), 3);
	ck_assert(json_is_false(json_object_get(reply, "cut")));
	json_decref(reply);
	reply = bed_ask(bed, "GET /v1/audit?decision=2");
	ck_assert_uint_eq(json_array_size(json_object_get(reply, "rows")), 2);
	json_decref(reply);
	bed_end(bed);
}
END_TEST

START_TEST(what_was_done_to_whom)
{
	static const struct {
		const char *request;
		size_t rows;
	} rows[] = {
		{ "GET /v1/history?scope=acme", 3 },
		{ "GET /v1/history?scope=customer:acme/provider:google", 2 },
		{ "GET /v1/history?scope=beta&since=1h", 1 },
		{ "GET /v1/history?scope=gate", 0 },
		{ "GET /v1/history?scope=unknown", 1 },
		{ "GET /v1/history?scope=acm", 0 }, /* refused */
	};
	struct bed *bed = bed_with_incident();

	json_decref(bed_ask(bed, RELEASE("2")));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		json_t *reply = bed_ask(bed, rows[i].request);
		ck_assert_msg(json_array_size(json_object_get(reply, "rows")) == rows[i].rows, "%s", rows[i].request);
		json_decref(reply);
	}
	bed_end(bed);
}
END_TEST

START_TEST(what_is_meant_by_all)
{
	static const struct {
		const char *request;
		size_t rows; /* 0: refused */
	} rows[] = {
		{ RELEASE_ALL("\"customer\":\"acme\""), 2 },
		{ RELEASE_ALL("\"customer\":\"beta\""), 1 },
		{ RELEASE_ALL("\"customer\":\"unknown\""), 1 },
		{ RELEASE_ALL("\"customer\":\"acme\",\"incident\":\"INC-7\""), 1 },
		{ RELEASE_ALL("\"because\":\"r\""), 3 },
		{ RELEASE_ALL("\"because\":\"R\""), 0 },
		{ RELEASE_ALL("\"incident\":\"INC\""), 0 },
		{ RELEASE_ALL("\"customer\":\"nobody\""), 0 },
		{ RELEASE_ALL("\"target\":\"1\",\"incident\":\"INC-7\""), 1 },
		{ RELEASE_ALL("\"target\":\"2\",\"incident\":\"INC-7\""), 0 },
		{ RELEASE_ALL(""), 0 },
		{ RELEASE_ALL("\"yes\":true"), 0 },
	};
	struct bed *bed = bed_with_incident();

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		json_t *reply = bed_ask(bed, rows[i].request);
		ck_assert_msg(json_is_true(json_object_get(reply, "ok")) == (rows[i].rows > 0), "%s", rows[i].request);
		ck_assert_msg(json_array_size(json_object_get(reply, "rows")) == rows[i].rows, "%s", rows[i].request);
		json_decref(reply);
	}
	ck_assert_uint_eq(bed->daemon.ledger.count, 4);
	bed_end(bed);
}
END_TEST

/* The calendar may be put forward by a year: what was given for a day lasts a day. */
START_TEST(two_clocks)
{
	struct bed *bed = bed_begin(BED_CONFIG);

	json_decref(bed_ask(bed, QUARANTINE("acme")));
	const struct decision *decision = ledger_at(&bed->daemon.ledger, 0);
	const struct ledger *ledger = &bed->daemon.ledger;
	uint64_t id;
	ck_assert_int_gt(decision->deadline_ms, 0);
	ck_assert_uint_eq(ledger_expired(ledger, INT64_MAX, decision->deadline_ms - 1, &id, 1), 0);
	ck_assert_uint_eq(ledger_expired(ledger, decision->expires_ms - 1, INT64_MAX, &id, 1), 0);
	ck_assert_uint_eq(ledger_expired(ledger, decision->expires_ms, decision->deadline_ms, &id, 1), 1);
	bed_end(bed);
}
END_TEST

START_TEST(a_second_daemon)
{
	struct bed *bed = bed_begin(BED_CONFIG);
	struct daemon other = { 0 };

	ck_assert_int_ge(sd_event_new(&other.event), 0);
	ck_assert_int_eq(daemon_start(&other, bed->config), -EBUSY);
	daemon_stop(&other);
	sd_event_unref(other.event);
	/* The first one's sockets are where they were. */
	check_says(bed, QUARANTINE("acme"), true, "quarantined");
	bed_end(bed);
}
END_TEST

/* An address's rule tells the stream; a customer's name does not. */
START_TEST(the_stream_is_explained)
{
	struct bed *bed = bed_begin("customers: [{ name: acme, sources: [10.0.0.0/24,\n"
				    "             { prefix: 10.0.1.0/24, stream: transactional }] }]\n");
	static const struct {
		const char *ask, *stream;
	} rows[] = {
		{ "GET /v1/explain?subject=10.0.0.5", "bulk" },
		{ "GET /v1/explain?subject=10.0.1.5", "transactional" },
		{ "GET /v1/explain?subject=acme", NULL },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		json_t *reply = bed_ask(bed, rows[i].ask), *row;
		const char *stream = NULL;
		size_t at;
		json_array_foreach(json_object_get(reply, "rows"), at,
				   row) if (strcmp(text_of(row, "what"), "stream") == 0) stream = text_of(row, "value");
		ck_assert_int_eq(stream == NULL, rows[i].stream == NULL);
		ck_assert(stream == NULL || strcmp(stream, rows[i].stream) == 0);
		json_decref(reply);
	}
	bed_end(bed);
}
END_TEST

UNIT_MAIN("orders", what_was_done, what_was_done_to_whom, all_that_fit_are_shown_first, what_is_meant_by_all,
	  a_bare_name_is_a_customer, what_is_in_force_already, what_is_in_force_still,
	  names_that_left_the_configuration, what_a_reload_does_not_change, the_newest_first, half_a_release,
	  a_batch_that_does_not_fit, more_flows_than_are_shown, no_more_than_what_changed,
	  a_stop_while_the_gate_is_asked, a_crowd_of_readers, echoes_of_what_is_not_ascii, two_clocks, a_second_daemon,
	  the_stream_is_explained)
