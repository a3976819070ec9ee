/* SPDX-License-Identifier: BSD-3-Clause */
/* New customers of a whole daemon: what the gate counts of them, what people decide on them, and restarts. */
#include "customers/standings.h"

#include <string.h>

#include "bed.h"
#include "customers/customers.h"
#include "customers/import.h"
#include "customers/imported.h"

#define DAY 86400000ll
#define CONFIG                                                                                                         \
	"tiers: {new: {limits: {connections: 9}}}\n"                                                                   \
	"warm-up: [{for: 1d, messages: 10, limits: {connections: 1}}, {for: 1d, limits: {connections: 3}}]\n"          \
	"providers: [{ name: google, addresses: [192.0.2.0/24] }]\n"                                                   \
	"customers: [{ name: acme, sources: [10.0.0.0/24], tier: new }, { name: beta, sources: [10.1.0.0/24] }]\n"

static struct customer *customer_of(const struct bed *bed, const char *name)
{
	return (struct customer *)config_customer(bed->daemon.config, name);
}

/* The time that has passed for the daemon; the calendar says nothing. */
static void pass(struct bed *bed, int64_t ms)
{
	bed->daemon.mark.served_ms += ms;
}

/* A look, in which the gate says so much of one customer. */
static void look(struct bed *bed, const char *name, uint64_t messages, uint64_t declined)
{
	const struct wire_ROW_METER row = { .key = scope_key_of(SCOPE_CUSTOMER, customer_of(bed, name)->id, 0),
					    .admitted = 1,
					    .messages = messages,
					    .declined = declined };
	const struct wire_END end = { .what = QUERY_METERS, .rows = 1 };

	memset(&bed->heard, 0, sizeof(bed->heard));
	standings_look(&bed->daemon);
	bed_turn(bed);
	if (bed->heard.count[WIRE_QUERY] == 0)
		return;
	gate_say(bed, WIRE_ROW_METER, &row);
	gate_say(bed, WIRE_END, &end);
	bed_turn(bed);
	if (bed->heard.count[WIRE_COMMIT] > 0)
		gate_ack(bed, bed->heard.commit.generation, 0, "");
	bed_turn(bed);
}

static void stands(const struct bed *bed, const char *name, enum tier tier, unsigned step)
{
	const struct tier_place place = customer_place(customer_of(bed, name));

	ck_assert_msg(place.tier == tier && place.step == step, "%s: %s, step %u", name, tier_name[place.tier],
		      place.step);
}

static struct bed *begin(void)
{
	struct bed *bed = bed_begin(CONFIG);

	log_init("unit", 0);
	gate_ready(bed);
	look(bed, "acme", 0, 0); /* it is seen from here on */
	return bed;
}

static void restart(struct bed *bed)
{
	bed_stop(bed);
	gate_leave(bed);
	bed->gate = -1;
	memset(&bed->heard, 0, sizeof(bed->heard));
	bed_start(bed);
	gate_ready(bed);
}

static unsigned events_of(struct bed *bed, const char *words)
{
	json_t *reply = bed_ask(bed, "GET /v1/history?scope=acme\n"), *row;
	unsigned count = 0;
	size_t index;

	json_array_foreach(json_object_get(reply, "rows"), index, row) count +=
		strstr(text_of(row, "text"), words) != NULL;
	json_decref(reply);
	return count;
}

START_TEST(rises)
{
	struct bed *bed = begin();

	stands(bed, "acme", TIER_NEW, 0);
	pass(bed, DAY);
	look(bed, "acme", 9, 0);
	stands(bed, "acme", TIER_NEW, 0);
	ck_assert_uint_eq(bed->heard.count[WIRE_PUT_LIMITS], 0);
	look(bed, "acme", 11, 1);
	stands(bed, "acme", TIER_NEW, 1);
	ck_assert_uint_eq(bed->heard.count[WIRE_PUT_LIMITS], 1); /* and the gate heard of it */
	ck_assert_uint_eq(events_of(bed, "customer:acme new, step 2 of 2: 1d of 1d, 10 of 10 clean messages"), 1);
	pass(bed, DAY);
	look(bed, "acme", 11, 1);
	stands(bed, "acme", TIER_NORMAL, 0);
	ck_assert_uint_eq(bed->daemon.standings.of[TIER_NEW], 0);
	ck_assert_uint_eq(bed->daemon.standings.of[TIER_NORMAL], 2);
	ck_assert_uint_eq(bed->heard.count[WIRE_DEL_LIMITS], 1); /* normal says nothing here */
	bed_end(bed);
}
END_TEST

START_TEST(over_restarts)
{
	struct bed *bed = begin();

	pass(bed, DAY);
	look(bed, "acme", 10, 0);
	look(bed, "acme", 14, 0);
	stands(bed, "acme", TIER_NEW, 1);
	restart(bed);
	stands(bed, "acme", TIER_NEW, 1);
	ck_assert_uint_eq(warm_up_clean(customer_of(bed, "acme")->standing), 4);
	/* What the gate says first was counted before, or it is not known. */
	look(bed, "acme", 5000, 0);
	ck_assert_uint_eq(warm_up_clean(customer_of(bed, "acme")->standing), 4);
	look(bed, "acme", 5001, 0);
	ck_assert_uint_eq(warm_up_clean(customer_of(bed, "acme")->standing), 5);
	daemon_reload(&bed->daemon);
	bed_turn(bed);
	stands(bed, "acme", TIER_NEW, 1);
	ck_assert_uint_eq(warm_up_clean(customer_of(bed, "acme")->standing), 5);
	bed_end(bed);
}
END_TEST

START_TEST(a_quarantine)
{
	struct bed *bed = begin();

	pass(bed, DAY);
	look(bed, "acme", 10, 0);
	stands(bed, "acme", TIER_NEW, 1);
	int client = client_open(bed, "admin");
	client_send(bed, client,
		    "POST /v1/customers/acme/quarantine {\"reason\": \"spam\"}\n"
		    "POST /v1/customers/acme/quarantine {\"reason\": \"more spam\"}\n");
	stands(bed, "acme", TIER_NEW, 0);			 /* by the first alone */
	ck_assert_uint_eq(bed->heard.count[WIRE_PUT_LIMITS], 2); /* the rise, and the way back */
	gate_ack(bed, bed->heard.commit.generation, 0, "");
	bed_turn(bed);
	ck_assert_uint_eq(events_of(bed, "customer:acme new, step 1 of 2: a quarantine sets it back"), 1);
	pass(bed, 9 * DAY);
	look(bed, "acme", 90, 0);
	stands(bed, "acme", TIER_NEW, 0);
	restart(bed);
	look(bed, "acme", 100, 0);
	pass(bed, 9 * DAY);
	look(bed, "acme", 190, 0);
	stands(bed, "acme", TIER_NEW, 0);
	client_send(bed, client_open(bed, "admin"), "POST /v1/releases {\"customer\": \"acme\", \"yes\": true}\n");
	gate_ack(bed, bed->heard.commit.generation, 0, "");
	pass(bed, DAY); /* from the release on its time goes on */
	look(bed, "acme", 199, 0);
	stands(bed, "acme", TIER_NEW, 0);
	look(bed, "acme", 200, 0);
	stands(bed, "acme", TIER_NEW, 1);
	close(client);
	bed_end(bed);
}
END_TEST

/* A campaign that is allowed is none of what holds it. */
START_TEST(an_allowance)
{
	struct bed *bed = begin();

	client_send(bed, client_open(bed, "admin"),
		    "POST /v1/customers/acme/allow {\"amount\": 5, \"unit\": \"messages\"}\n");
	ck_assert_uint_eq(bed->daemon.ledger.count, 1);
	pass(bed, DAY);
	look(bed, "acme", 10, 0);
	stands(bed, "acme", TIER_NEW, 1);
	bed_end(bed);
}
END_TEST

START_TEST(by_hand)
{
	struct bed *bed = begin();
	int client = client_open(bed, "admin");

	client_send(bed, client, "POST /v1/customers/acme/tier {\"tier\": \"trusted\", \"reason\": \"contract\"}\n");
	gate_ack(bed, bed->heard.commit.generation, 0, "");
	bed_turn(bed);
	json_t *reply = client_reply(client);
	ck_assert_ptr_nonnull(strstr(text_of(reply, "message"), "customer:acme is trusted"));
	json_decref(reply);
	stands(bed, "acme", TIER_TRUSTED, 0);
	ck_assert_uint_eq(events_of(bed, "customer:acme trusted: contract"), 1);
	restart(bed);
	stands(bed, "acme", TIER_TRUSTED, 0);
	ck_assert_uint_eq(bed->daemon.standings.of[TIER_TRUSTED], 1);
	/* As it is configured: from the beginning. */
	client_send(bed, client_open(bed, "admin"),
		    "POST /v1/customers/acme/tier {\"tier\": \"new\", \"reason\": \"x\"}\n");
	stands(bed, "acme", TIER_NEW, 0);
	ck_assert(!customer_of(bed, "acme")->standing->by_hand);
	/* Of who is as written nothing is kept: should it be written as new one day, it begins as such. */
	client_send(bed, client_open(bed, "admin"),
		    "POST /v1/customers/beta/tier {\"tier\": \"trusted\", \"reason\": \"x\"}\n");
	stands(bed, "beta", TIER_TRUSTED, 0);
	client_send(bed, client_open(bed, "admin"),
		    "POST /v1/customers/beta/tier {\"tier\": \"normal\", \"reason\": \"x\"}\n");
	stands(bed, "beta", TIER_NORMAL, 0);
	restart(bed);
	ck_assert_ptr_null(customer_of(bed, "beta")->standing);
	stands(bed, "acme", TIER_NEW, 0);
	close(client);
	bed_end(bed);
}
END_TEST

/* Its brake may be another one in another tier. */
START_TEST(with_a_brake)
{
	struct bed *bed = bed_begin(CONFIG "brake: {mode: hold}\n");

	gate_ready(bed);
	client_send(bed, client_open(bed, "admin"),
		    "POST /v1/customers/acme/tier {\"tier\": \"trusted\", \"reason\": \"contract\"}\n");
	ck_assert_uint_eq(bed->heard.count[WIRE_COMMIT], 1);
	ck_assert_uint_eq(bed->heard.count[WIRE_DEL_LIMITS], 2); /* trusted says nothing, nor does its brake */
	bed_end(bed);
}
END_TEST

static void import(struct bed *bed, const char *text)
{
	uint64_t generation;
	struct import import;

	ck_assert_msg(import_read(text, strlen(text), &import), "%s", import.errors);
	ck_assert_msg(imported_take(&bed->daemon, &import, "root", &generation) == 0, "%s", import.errors);
	import_finish(&import);
	bed_turn(bed);
	gate_ack(bed, bed->heard.commit.generation, 0, "");
	bed_turn(bed);
}

/* Who is taken out and comes again is no newcomer, and no old hand either. */
START_TEST(imported_again)
{
	struct bed *bed = bed_begin(CONFIG "import: {tier: new}\n");
	uint64_t generation;

	gate_ready(bed);
	import(bed, "name,sources,tier\nzeta,10.2.0.1,\nold,10.2.0.2,trusted\n");
	stands(bed, "zeta", TIER_NEW, 0);
	stands(bed, "old", TIER_TRUSTED, 0);
	look(bed, "zeta", 0, 0);
	pass(bed, DAY);
	look(bed, "zeta", 10, 0);
	stands(bed, "zeta", TIER_NEW, 1);
	import(bed, "name,sources\nzeta,10.2.0.3\nold,10.2.0.2\n");
	stands(bed, "zeta", TIER_NEW, 1);
	stands(bed, "old", TIER_TRUSTED, 0); /* the file says none: as it was */
	look(bed, "zeta", 17, 0);
	ck_assert_uint_eq(warm_up_clean(customer_of(bed, "zeta")->standing), 7);
	ck_assert_int_eq(imported_remove(&bed->daemon, "zeta", "root", &generation), 0);
	bed_turn(bed);
	import(bed, "name,sources\nzeta,10.2.0.3\n");
	stands(bed, "zeta", TIER_NEW, 1);
	ck_assert_uint_eq(warm_up_clean(customer_of(bed, "zeta")->standing), 7);
	bed_end(bed);
}
END_TEST

static uint64_t clean_of(const struct bed *bed, const char *name)
{
	return warm_up_clean(customer_of(bed, name)->standing);
}

/* What somebody sent as something else does not count when it is new. */
START_TEST(new_from_now_on)
{
	struct bed *bed = begin();
	char command[128];

	import(bed, "name,sources\nzeta,10.2.0.1\n");
	look(bed, "beta", 5000, 0);
	look(bed, "zeta", 5000, 0);
	import(bed, "name,sources,tier\nzeta,10.2.0.1,new\n");
	look(bed, "zeta", 6000, 0);
	ck_assert_uint_eq(clean_of(bed, "zeta"), 0);
	look(bed, "zeta", 6004, 0);
	ck_assert_uint_eq(clean_of(bed, "zeta"), 4);
	snprintf(command, sizeof(command), "sed -i 's/10.1.0.0.24. /&, tier: new /' %s", bed->config);
	ck_assert_int_eq(system(command), 0);
	daemon_reload(&bed->daemon);
	bed_turn(bed);
	gate_ack(bed, bed->heard.commit.generation, 0, "");
	stands(bed, "beta", TIER_NEW, 0);
	look(bed, "beta", 7000, 0);
	ck_assert_uint_eq(clean_of(bed, "beta"), 0);
	look(bed, "beta", 7005, 0);
	ck_assert_uint_eq(clean_of(bed, "beta"), 5);
	bed_end(bed);
}
END_TEST

START_TEST(limits_at_providers)
{
	struct bed *bed = bed_begin(CONFIG);
	const char *wrong = "name,sources,google:connections,other:connections\nzeta,10.2.0.1,4,5\n";
	uint64_t generation;
	struct import import_wrong;

	gate_ready(bed);
	import(bed, "name,sources,google:connections\nzeta,10.2.0.1,4\neta,10.2.0.2,\n");
	restart(bed);
	ck_assert_uint_eq(customer_of(bed, "zeta")->at_count, 1);
	ck_assert_uint_eq(customer_of(bed, "zeta")->at[0].limits.kind[LIMIT_CONNECTIONS].amount, 4);
	ck_assert_uint_eq(customer_of(bed, "eta")->at_count, 0);
	ck_assert(import_read(wrong, strlen(wrong), &import_wrong));
	ck_assert_int_eq(imported_take(&bed->daemon, &import_wrong, "root", &generation), -EINVAL);
	ck_assert_str_eq(import_wrong.errors, "line 2: no provider \"other\"\n");
	import_finish(&import_wrong);
	bed_end(bed);
}
END_TEST

UNIT_MAIN("standings", rises, over_restarts, a_quarantine, an_allowance, by_hand, with_a_brake, imported_again,
	  new_from_now_on, limits_at_providers)
