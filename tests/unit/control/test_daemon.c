/* SPDX-License-Identifier: BSD-3-Clause */
/* The way of a decision: stored, pushed, and called enforced only when the gate has said so. */
#include "bed.h"

#include <sqlite3.h>

#define QUARANTINE "POST /v1/customers/acme/quarantine {\"reason\":\"trap hits\"}"
#define LIMIT "POST /v1/limits {\"scope\":\"customer:beta\",\"setting\":[\"connections=2\"]}"
#define RELEASE "POST /v1/releases {\"target\":\"customer:acme\"}"
#define DECISIONS "GET /v1/decisions"

/* The daemon's database, opened by somebody else. */
static sqlite3 *open_database(struct bed *bed)
{
	char path[64];
	sqlite3 *database;

	snprintf(path, sizeof(path), "%s/store/sluice.db", bed->folder);
	ck_assert_int_eq(sqlite3_open(path, &database), SQLITE_OK);
	return database;
}

/* Decisions on disk that have not ended. */
static int stored(struct bed *bed)
{
	static const char sql[] = "SELECT count(*) FROM decisions WHERE ended_ms = 0";
	sqlite3 *database = open_database(bed);
	sqlite3_stmt *statement;

	ck_assert_int_eq(sqlite3_prepare_v2(database, sql, -1, &statement, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
	int count = sqlite3_column_int(statement, 0);
	sqlite3_finalize(statement);
	sqlite3_close(database);
	return count;
}

static void check_reply(json_t *reply, bool ok, const char *enforced)
{
	const json_t *value = json_object_get(reply, "enforced");

	ck_assert_ptr_nonnull(reply);
	ck_assert_msg(json_is_true(json_object_get(reply, "ok")) == ok, "%s", text_of(reply, "error"));
	ck_assert_str_eq(value == NULL ? "not said" : json_is_true(value) ? "yes" : "no", enforced);
}

START_TEST(everything_after_a_greeting)
{
	struct bed *bed = bed_begin(BED_CONFIG);

	bed_turn(bed);
	ck_assert_uint_eq(bed->heard.count[WIRE_HELLO], 1);
	ck_assert_uint_eq(bed->heard.hello.pid, (uint32_t)getpid());
	ck_assert_uint_eq(bed->heard.count[WIRE_BEGIN], 0);
	gate_greet(bed);
	ck_assert_uint_eq(bed->heard.count[WIRE_BEGIN], 1);
	ck_assert_uint_eq(bed->heard.begin.mode, WIRE_FULL);
	ck_assert_uint_eq(bed->heard.count[WIRE_PUT_SETTINGS], 1);
	ck_assert_uint_eq(bed->heard.count[WIRE_PUT_IDENTITY], 2);
	ck_assert_uint_eq(bed->heard.count[WIRE_PUT_DESTINATION], 1);
	ck_assert_uint_eq(bed->heard.count[WIRE_PUT_LIMITS], 1);
	ck_assert_uint_eq(bed->heard.count[WIRE_COMMIT], 1);
	ck_assert_uint_eq(bed->heard.commit.generation, bed->heard.begin.generation);
	ck_assert_uint_eq(link_status(bed->daemon.link)->enforced, 0);
	gate_ack(bed, bed->heard.commit.generation, 0, "");
	bed_turn(bed);
	ck_assert_uint_eq(link_status(bed->daemon.link)->enforced, bed->heard.commit.generation);
	ck_assert(link_status(bed->daemon.link)->ready);
	ck_assert_uint_eq(bed->heard.count[WIRE_BEGIN], 1);
	bed_end(bed);
}
END_TEST

START_TEST(enforced_only_after_the_acknowledgement)
{
	struct bed *bed = bed_begin(BED_CONFIG);

	gate_ready(bed);
	int client = client_open(bed, "admin");
	client_send(bed, client, QUARANTINE);
	ck_assert_uint_eq(bed->heard.begin.mode, WIRE_DELTA);
	ck_assert_uint_eq(bed->heard.count[WIRE_PUT_VERDICT], 1);
	ck_assert_uint_eq(bed->heard.verdict.decision, 1);
	ck_assert_str_eq(bed->heard.verdict.reason, "trap hits");
	ck_assert_int_eq(stored(bed), 1);
	ck_assert_ptr_null(client_reply(client));
	/* An older generation's is not this one's. */
	gate_ack(bed, bed->heard.commit.generation - 1, 0, "");
	bed_turn(bed);
	ck_assert_ptr_null(client_reply(client));
	gate_ack(bed, bed->heard.commit.generation, 0, "");
	bed_turn(bed);
	json_t *reply = client_reply(client);
	check_reply(reply, true, "yes");
	ck_assert_int_eq(json_integer_value(json_object_get(reply, "decision")), 1);
	ck_assert_mem_eq(text_of(reply, "message"), "customer:acme quarantined until 20", 34);
	ck_assert(json_is_real(json_object_get(reply, "enforced_ms")));
	json_decref(reply);
	close(client);
	bed_end(bed);
}
END_TEST

START_TEST(nothing_is_pushed_that_is_not_stored)
{
	struct bed *bed = bed_begin(BED_CONFIG);

	gate_ready(bed);
	sqlite3 *database = open_database(bed);
	ck_assert_int_eq(sqlite3_exec(database, "DROP TABLE decisions", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(database);
	json_t *reply = bed_ask(bed, QUARANTINE);
	check_reply(reply, false, "not said");
	ck_assert_str_eq(text_of(reply, "error"), "not stored, and not in force: Input/output error");
	json_decref(reply);
	ck_assert_uint_eq(bed->heard.count[WIRE_BEGIN], 0);
	ck_assert_uint_eq(bed->daemon.ledger.count, 0);
	bed_end(bed);
}
END_TEST

START_TEST(without_a_gate)
{
	struct bed *bed = bed_begin(BED_CONFIG);

	/* Connected is not enough: it has not greeted. */
	bed_turn(bed);
	json_t *reply = bed_ask(bed, QUARANTINE);
	check_reply(reply, true, "no");
	ck_assert_ptr_nonnull(strstr(text_of(reply, "message"), "stored; the gate does not answer"));
	json_decref(reply);
	ck_assert_int_eq(stored(bed), 1);
	gate_greet(bed);
	ck_assert_uint_eq(bed->heard.begin.mode, WIRE_FULL);
	ck_assert_uint_eq(bed->heard.count[WIRE_PUT_VERDICT], 1);
	bed_end(bed);
}
END_TEST

/* One that is closed comes back by itself, after a while that is not counted here. */
static void wait_for_return(struct bed *bed)
{
	gate_leave(bed);
	bed_turn(bed);
	memset(&bed->heard, 0, sizeof(bed->heard));
	for (int i = 0; i < 30 && bed->gate < 0; i++) {
		sd_event_run(bed->daemon.event, 100000);
		gate_take(bed);
	}
	ck_assert_msg(bed->gate >= 0, "the daemon did not come back");
}

START_TEST(a_gate_that_comes_back_gets_everything)
{
	struct bed *bed = bed_begin(BED_CONFIG);

	gate_ready(bed);
	int client = client_open(bed, "admin");
	client_send(bed, client, QUARANTINE);
	ck_assert_uint_eq(bed->heard.count[WIRE_COMMIT], 1);
	wait_for_return(bed);
	ck_assert(!link_status(bed->daemon.link)->connected);
	ck_assert_ptr_null(client_reply(client));
	gate_greet(bed);
	ck_assert_uint_eq(bed->heard.begin.mode, WIRE_FULL);
	ck_assert_uint_eq(bed->heard.count[WIRE_PUT_IDENTITY], 2);
	ck_assert_uint_eq(bed->heard.count[WIRE_PUT_VERDICT], 1);
	gate_ack(bed, bed->heard.commit.generation, 0, "");
	bed_turn(bed);
	json_t *reply = client_reply(client);
	check_reply(reply, true, "yes");
	json_decref(reply);
	close(client);
	bed_end(bed);
}
END_TEST

START_TEST(a_refused_batch)
{
	struct bed *bed = bed_begin(BED_CONFIG);

	gate_ready(bed);
	int client = client_open(bed, "admin");
	client_send(bed, client, QUARANTINE);
	gate_ack(bed, bed->heard.commit.generation, -ENOSPC, "no room");
	bed_turn(bed);
	/* It hangs up, says why to who asks, and claims nothing. */
	char byte;
	ck_assert_int_eq(recv(bed->gate, &byte, 1, 0), 0);
	ck_assert(!link_status(bed->daemon.link)->connected);
	ck_assert_str_eq(link_status(bed->daemon.link)->error, "no room");
	ck_assert_ptr_null(client_reply(client));
	json_t *reply = bed_ask(bed, "GET /v1/status");
	char *text = json_dumps(reply, 0);
	ck_assert_ptr_nonnull(strstr(text, "not connected; what it last had stays in force there; it said: no room"));
	free(text);
	json_decref(reply);
	reply = bed_ask(bed, DECISIONS);
	ck_assert(json_is_false(json_object_get(json_array_get(json_object_get(reply, "rows"), 0), "enforced")));
	json_decref(reply);
	close(client);
	bed_end(bed);
}
END_TEST

START_TEST(one_batch_at_a_time)
{
	struct bed *bed = bed_begin(BED_CONFIG);
	int client[2];

	gate_ready(bed);
	client[0] = client_open(bed, "admin");
	client[1] = client_open(bed, "admin");
	client_send(bed, client[0], QUARANTINE);
	client_send(bed, client[1], LIMIT);
	ck_assert_uint_eq(bed->heard.count[WIRE_BEGIN], 1);
	ck_assert_uint_eq(bed->heard.count[WIRE_PUT_LIMITS], 0);
	uint64_t first = bed->heard.commit.generation;
	gate_ack(bed, first, 0, "");
	bed_turn(bed);
	json_t *reply = client_reply(client[0]);
	check_reply(reply, true, "yes");
	json_decref(reply);
	ck_assert_ptr_null(client_reply(client[1]));
	ck_assert_uint_eq(bed->heard.count[WIRE_BEGIN], 2);
	ck_assert_uint_eq(bed->heard.count[WIRE_PUT_LIMITS], 1);
	ck_assert_uint_gt(bed->heard.commit.generation, first);
	gate_ack(bed, bed->heard.commit.generation, 0, "");
	bed_turn(bed);
	reply = client_reply(client[1]);
	check_reply(reply, true, "yes");
	ck_assert_ptr_nonnull(strstr(text_of(reply, "message"), "customer:beta limited (decision 2)"));
	json_decref(reply);
	close(client[0]);
	close(client[1]);
	bed_end(bed);
}
END_TEST

START_TEST(a_release)
{
	struct bed *bed = bed_begin(BED_CONFIG);

	json_decref(bed_ask(bed, QUARANTINE));
	json_decref(bed_ask(bed, QUARANTINE));
	json_decref(bed_ask(bed, LIMIT));
	gate_ready(bed);
	int client = client_open(bed, "admin");
	client_send(bed, client, RELEASE);
	ck_assert_uint_eq(bed->heard.count[WIRE_PUT_VERDICT] + bed->heard.count[WIRE_DEL_VERDICT], 1);
	gate_ack(bed, bed->heard.commit.generation, 0, "");
	bed_turn(bed);
	gate_ack(bed, bed->heard.commit.generation, 0, "");
	bed_turn(bed);
	ck_assert_uint_ge(bed->heard.count[WIRE_DEL_VERDICT], 1);
	json_t *reply = client_reply(client);
	check_reply(reply, true, "yes");
	/* The second quarantine took the place of the first. */
	ck_assert_int_eq(json_integer_value(json_object_get(reply, "released")), 1);
	json_decref(reply);
	ck_assert_int_eq(stored(bed), 1);
	reply = bed_ask(bed, RELEASE);
	check_reply(reply, false, "not said");
	ck_assert_ptr_nonnull(strstr(text_of(reply, "error"), "nothing in force under \"customer:acme\""));
	json_decref(reply);
	close(client);
	bed_end(bed);
}
END_TEST

START_TEST(a_restart_forgets_nothing)
{
	struct bed *bed = bed_begin(BED_CONFIG);
	uint32_t acme = config_customer(bed->daemon.config, "acme")->id;

	json_decref(bed_ask(bed, QUARANTINE));
	json_decref(bed_ask(bed, LIMIT));
	bed_stop(bed);
	gate_leave(bed);
	bed_start(bed);
	ck_assert_uint_eq(config_customer(bed->daemon.config, "acme")->id, acme);
	ck_assert_uint_eq(bed->daemon.ledger.count, 2);
	gate_greet(bed);
	ck_assert_uint_eq(bed->heard.count[WIRE_PUT_VERDICT], 1);
	ck_assert_uint_eq(bed->heard.verdict.key.customer, acme);
	ck_assert_uint_eq(bed->heard.count[WIRE_PUT_LIMITS], 2);
	bed_end(bed);
}
END_TEST

START_TEST(a_gate_that_is_not_understood)
{
	struct bed *bed = bed_begin(BED_CONFIG);

	gate_ready(bed);
	ck_assert_int_eq(send(bed->gate, "HTTP/1.1 400\r\n", 14, MSG_NOSIGNAL), 14);
	bed_turn(bed);
	char byte;
	ck_assert_int_eq(recv(bed->gate, &byte, 1, 0), 0);
	ck_assert(!link_status(bed->daemon.link)->connected);
	json_t *reply = bed_ask(bed, QUARANTINE);
	check_reply(reply, true, "no");
	json_decref(reply);
	bed_end(bed);
}
END_TEST

UNIT_MAIN("daemon", everything_after_a_greeting, enforced_only_after_the_acknowledgement,
	  nothing_is_pushed_that_is_not_stored, without_a_gate, a_gate_that_comes_back_gets_everything, a_refused_batch,
	  one_batch_at_a_time, a_release, a_restart_forgets_nothing, a_gate_that_is_not_understood)
