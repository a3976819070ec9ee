/* SPDX-License-Identifier: BSD-3-Clause */
/* The spike brake in a daemon: what the gate is told, whom it holds, what may be sent beyond it, and what of it is
 * there after a restart. */
#include "bed.h"
#include "brake/watch_volumes.h"

#define LENGTH(rows) (sizeof(rows) / sizeof((rows)[0]))

#define BRAKE "brake: { mode: hold, factor: 4, burst: 15min, connections: 100, messages: 1000, bytes: 1GB }\n"
#define ALLOW(amount) "POST /v1/customers/acme/allow {\"amount\":" amount ",\"unit\":\"messages\",\"for\":\"10h\"}"
#define ASK "GET /v1/customers"

static uint32_t acme(const struct bed *bed)
{
	return config_customer(bed->daemon.config, "acme")->id;
}

static void tell(struct bed *bed, const struct wire_ROW_VOLUME *row)
{
	const struct wire_END end = { .what = QUERY_VOLUMES, .rows = row != NULL };

	if (row != NULL)
		gate_say(bed, WIRE_ROW_VOLUME, row);
	gate_say(bed, WIRE_END, &end);
}

/* One look, each of whose questions is answered with this row; returns how many there were. */
static unsigned look(struct bed *bed, const struct wire_ROW_VOLUME *row)
{
	bed->heard.count[WIRE_QUERY] = 0;
	volumes_look(bed->daemon.volumes);
	bed_turn(bed);
	unsigned asked = bed->heard.count[WIRE_QUERY];
	for (unsigned i = 0; i < asked; i++)
		tell(bed, row);
	bed_turn(bed);
	if (bed->heard.count[WIRE_COMMIT] > 0) {
		gate_ack(bed, bed->heard.commit.generation, 0, "");
		bed_turn(bed);
	}
	return asked;
}

static void check_limit(const struct limits *limits, enum limit_kind kind, uint64_t amount, uint64_t burst)
{
	ck_assert_uint_ne(limits->has & 1u << kind, 0);
	ck_assert_uint_eq(limits->kind[kind].amount, amount);
	ck_assert_uint_eq(limits->kind[kind].burst, burst);
	ck_assert_uint_eq(limits->kind[kind].per_ns, 3600000000000ull);
}

START_TEST(of_whom_nothing_is_known)
{
	struct bed *bed = bed_begin(BED_CONFIG BRAKE);
	struct limits limits;

	gate_greet(bed);
	ck_assert_uint_eq(bed->heard.limits.key.ceiling, CEILING_BRAKE);
	ck_assert_uint_eq(bed->heard.limits.key.customer, ID_ANY);
	check_limit(&bed->heard.limits.limits, LIMIT_MESSAGE_RATE, 1000, 250);
	check_limit(&bed->heard.limits.limits, LIMIT_CONNECTION_RATE, 100, 25);
	check_limit(&bed->heard.limits.limits, LIMIT_BYTE_RATE, 1000000000, 250000000);
	ck_assert(!policy_brake(&bed->daemon.policy, acme(bed), &limits));
	bed_end(bed);
}
END_TEST

START_TEST(off_it_tells_nothing)
{
	struct bed *bed = bed_begin(BED_CONFIG);

	gate_greet(bed);
	ck_assert_uint_ne(bed->heard.limits.key.ceiling, CEILING_BRAKE);
	gate_ack(bed, bed->heard.commit.generation, 0, "");
	bed_turn(bed);
	ck_assert_uint_eq(look(bed, NULL), 0);
	bed_end(bed);
}
END_TEST

/* What is learned is stored, and counts after a restart; so does who sends it. */
START_TEST(what_is_usual_lasts)
{
	struct bed *bed = bed_begin(BED_CONFIG BRAKE);
	struct settings *settings = &bed->daemon.config->settings;
	struct brake *brake = brakes_make(&bed->daemon.brakes, acme(bed));
	struct wire_ROW_VOLUME row = { .customer = acme(bed), .admitted = 70, .messages = 7000, .bytes = 7 };
	struct limits limits;

	brake_told(brake, &row);
	row.messages += 2048;
	brake_told(brake, &row);
	settings->brake_mode = BRAKE_LEARN;
	for (unsigned hour = 0; hour < USUAL_HOURS; hour++) {
		ck_assert(brake_learn(brake, settings, hour));
		ck_assert_int_eq(journal_put_usual(bed->daemon.journal, hour, &brake, 1), 0);
	}
	bed_stop(bed);
	bed_start(bed);
	ck_assert(policy_brake(&bed->daemon.policy, acme(bed), &limits));
	check_limit(&limits, LIMIT_MESSAGE_RATE, 4 * 2048, 2048);
	check_limit(&limits, LIMIT_CONNECTION_RATE, 100, 25);
	bed_end(bed);
}
END_TEST

/* An hour in which it was held is not learned; the next one is. */
START_TEST(a_held_hour_is_not_learned)
{
	struct bed *bed = bed_begin(BED_CONFIG BRAKE);
	struct wire_ROW_VOLUME row = { .customer = acme(bed), .messages = 10, .braked = 3 };
	const struct settings *settings = &bed->daemon.config->settings;

	gate_ready(bed);
	look(bed, &row); /* counted before the daemon was there */
	ck_assert(!volumes_holds(&bed->daemon, row.customer));
	row.braked = 4;
	look(bed, &row);
	ck_assert(volumes_holds(&bed->daemon, row.customer));
	struct brake *brake = brakes_find(&bed->daemon.brakes, row.customer);
	ck_assert(!brake_learn(brake, settings, 5));
	brake_next_hour(brake);
	ck_assert(brake_learn(brake, settings, 5));
	bed_end(bed);
}
END_TEST

static bool has_row(struct bed *bed, const char *request, const char *words)
{
	char *text;
	int client = client_open(bed, "admin");

	client_send(bed, client, request);
	json_t *reply = client_reply(client);
	if (reply == NULL) {
		const struct wire_END end = { .what = QUERY_METERS };
		gate_say(bed, WIRE_END, &end);
		bed_turn(bed);
		reply = client_reply(client);
	}
	ck_assert_ptr_nonnull(reply);
	text = json_dumps(reply, 0);
	bool has = strstr(text, words) != NULL;
	if (!has)
		fprintf(stderr, "%s\n", text);
	free(text);
	json_decref(reply);
	close(client);
	bed_turn(bed);
	return has;
}

START_TEST(who_is_held_is_said)
{
	struct bed *bed = bed_begin(BED_CONFIG BRAKE);
	struct wire_ROW_VOLUME row = { .customer = acme(bed), .messages = 10 };

	gate_ready(bed);
	look(bed, &row);
	row.braked = 1;
	look(bed, &row);
	ck_assert(has_row(bed, "GET /v1/alarms", "messages 1000/h (usual 0)"));
	ck_assert(has_row(bed, "GET /v1/alarms", "brake-holds"));
	ck_assert(has_row(bed, ASK, "held by the spike brake"));
	ck_assert(has_row(bed, "GET /v1/history?scope=acme", "sends more than usual"));
	ck_assert(has_row(bed, "GET /v1/explain?subject=acme", "spike brake: usual is 0 an hour"));
	ck_assert_uint_eq(volumes_held(bed->daemon.volumes).now, 1);
	for (int quiet = 0; quiet < 20; quiet++)
		look(bed, &row);
	ck_assert_uint_eq(volumes_held(bed->daemon.volumes).now, 0);
	ck_assert_uint_eq(volumes_held(bed->daemon.volumes).ever, 1);
	ck_assert_uint_eq(bed->daemon.alarms.count, 0);
	bed_end(bed);
}
END_TEST

/* So much more at once, and nothing else is held meanwhile; when it is used up it ends, over a restart too. */
START_TEST(an_allowance)
{
	struct bed *bed = bed_begin(BED_CONFIG BRAKE);
	struct wire_ROW_VOLUME row = { .customer = acme(bed), .messages = 10 };

	gate_ready(bed);
	int client = client_open(bed, "admin");
	client_send(bed, client, ALLOW("10000"));
	ck_assert_uint_eq(bed->heard.limits.key.customer, acme(bed));
	ck_assert_uint_eq(bed->heard.limits.limits.has, 1u << LIMIT_MESSAGE_RATE);
	ck_assert_uint_eq(bed->heard.limits.limits.kind[LIMIT_MESSAGE_RATE].burst, 250 + 10000);
	gate_ack(bed, bed->heard.commit.generation, 0, "");
	bed_turn(bed);
	json_t *reply = client_reply(client);
	ck_assert_msg(strstr(text_of(reply, "message"),
			     "customer:acme may send 10000 messages more than usual until") != NULL,
		      "%s", text_of(reply, "message"));
	json_decref(reply);
	close(client);
	look(bed, &row);
	row.messages += 4000;
	look(bed, &row);
	ck_assert(has_row(bed, "GET /v1/decisions", "messages=10000 used=4000"));
	bed_stop(bed);
	gate_leave(bed);
	bed_start(bed);
	memset(&bed->heard, 0, sizeof(bed->heard));
	gate_ready(bed);
	ck_assert_uint_eq(bed->daemon.ledger.count, 1);
	look(bed, &row);
	row.messages += 6000;
	look(bed, &row);
	ck_assert_uint_eq(bed->daemon.ledger.count, 0);
	ck_assert_uint_eq(bed->heard.unlimited.key.ceiling, CEILING_BRAKE);
	ck_assert(has_row(bed, "GET /v1/decisions?all=true", "used up"));
	bed_end(bed);
}
END_TEST

/* A new configuration and an import make the policy anew, and the brake is in it. */
START_TEST(it_stays)
{
	struct bed *bed = bed_begin(BED_CONFIG BRAKE);
	struct limits limits;

	json_decref(bed_ask(bed, "POST /v1/customers/import {\"file\":\"name,sources\\ngamma,10.9.0.1\\n\"}"));
	ck_assert_uint_eq(bed->daemon.config->customer_count, 3);
	ck_assert(policy_brake(&bed->daemon.policy, ID_ANY, &limits));
	daemon_reload(&bed->daemon);
	ck_assert(policy_brake(&bed->daemon.policy, ID_ANY, &limits));
	bed_end(bed);
}
END_TEST

/* It is the brake's: no limit, no quarantine, and no release of the customer ends it. */
START_TEST(an_allowance_restricts_nobody)
{
	struct bed *bed = bed_begin(BED_CONFIG BRAKE);

	json_decref(bed_ask(bed, ALLOW("5")));
	json_t *reply = bed_ask(bed, "POST /v1/releases {\"target\":\"acme\"}");
	ck_assert(json_is_false(json_object_get(reply, "ok")));
	json_decref(reply);
	reply = bed_ask(bed, "POST /v1/releases {\"target\":\"1\"}");
	ck_assert(json_is_true(json_object_get(reply, "ok")));
	json_decref(reply);
	bed_end(bed);
}
END_TEST

START_TEST(allowances_that_are_none)
{
	static const char *const rows[][2] = {
		{ "POST /v1/customers/nobody/allow {\"amount\":5,\"unit\":\"messages\"}", "no customer" },
		{ "POST /v1/customers/acme/allow {\"amount\":0,\"unit\":\"messages\"}", "amount: " },
		{ "POST /v1/customers/acme/allow {\"amount\":5,\"unit\":\"mails\"}", "not one of" },
		{ "POST /v1/customers/acme/allow {\"amount\":5,\"unit\":\"bytes\",\"until\":\"soon\"}",
		  "no time to come" },
		{ "POST /v1/customers/acme/allow {\"amount\":5,\"unit\":\"bytes\",\"until\":\"18:00\",\"for\":\"1h\"}",
		  "either --for or --until" },
		{ "POST /v1/customers/unknown/allow {\"amount\":5,\"unit\":\"bytes\"}", "who is unknown" },
	};
	struct bed *bed = bed_begin(BED_CONFIG BRAKE);

	for (size_t i = 0; i < LENGTH(rows); i++) {
		json_t *reply = bed_ask(bed, rows[i][0]);
		ck_assert_msg(strstr(text_of(reply, "error"), rows[i][1]) != NULL, "%s: %s", rows[i][0],
			      text_of(reply, "error"));
		json_decref(reply);
	}
	ck_assert_uint_eq(bed->daemon.ledger.count, 0);
	bed_end(bed);
}
END_TEST

UNIT_MAIN("brake", of_whom_nothing_is_known, off_it_tells_nothing, what_is_usual_lasts, a_held_hour_is_not_learned,
	  who_is_held_is_said, it_stays, an_allowance, an_allowance_restricts_nobody, allowances_that_are_none)
