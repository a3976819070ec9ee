/* SPDX-License-Identifier: BSD-3-Clause */
#include "customers/standings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api/tidings.h"
#include "clocks.h"
#include "customers/customers.h"
#include "daemon.h"
#include "decide.h"

#define LOOK_USEC 10000000u
#define RISES_MOST 500	 /* at one look, so that others have their turn */
#define STORED_MOST 1000 /* counts, at one look; those that are lost in a crash only make a customer rise later */
#define PASSED_MOST 50000

/* Customers by tier, when one goes from one place to another. */
static void move(struct daemon *daemon, enum tier from, enum tier to)
{
	daemon->standings.of[from]--;
	daemon->standings.of[to]++;
}

/* In place of what there was; false without memory. */
static bool set(struct daemon *daemon, struct customer *customer, const struct standing *standing)
{
	const enum tier before = customer_place(customer).tier;

	if (customer->standing == NULL)
		customer->standing = malloc(sizeof(*standing));
	if (customer->standing == NULL)
		return false;
	*customer->standing = *standing;
	move(daemon, before, customer_place(customer).tier);
	return true;
}

static void count_all(struct daemon *daemon, const struct config *config)
{
	memset(daemon->standings.of, 0, sizeof(daemon->standings.of));
	for (size_t i = 0; i < config->customer_count; i++)
		daemon->standings.of[customer_place(&config->customers[i]).tier]++;
}

/* Where no memory is left for it a customer stands as it is written: new ones at their beginning. */
static void give(struct customer *customer, const struct standing *standing)
{
	customer->standing = malloc(sizeof(*standing));
	if (customer->standing != NULL)
		*customer->standing = *standing;
}

static void load_one(void *context, uint32_t id, const struct standing *standing)
{
	struct customer *customer = (struct customer *)config_customer_of(context, id);

	if (customer != NULL && customer->standing == NULL)
		give(customer, standing);
}

int standings_load(struct daemon *daemon, struct config *config)
{
	int ret = journal_standings(daemon->journal, load_one, config);

	daemon->standings.met = false; /* who is new now may have sent much as something else */
	count_all(daemon, config);
	return ret;
}

void standings_load_from(struct daemon *daemon, struct config *config, size_t first)
{
	struct standing standing;

	for (size_t i = first; i < config->customer_count; i++)
		if (config->customers[i].standing == NULL &&
		    journal_standing(daemon->journal, config->customers[i].id, &standing))
			give(&config->customers[i], &standing);
	count_all(daemon, config);
}

/* Of those from the cursor on, at most `stored` of at most `passed`; once around at most. */
static void store_some(struct daemon *daemon, size_t stored, size_t passed)
{
	struct standings *standings = &daemon->standings;
	const struct config *config = daemon->config;
	bool own;

	if (standings->dirty == 0 || journal_begin(daemon->journal, &own) < 0)
		return;
	const bool around = passed >= config->customer_count;
	for (int ret = 0; ret == 0 && passed > 0 && stored > 0; passed--, standings->cursor++) {
		if (standings->cursor >= config->customer_count)
			standings->cursor = 0;
		const struct customer *customer = &config->customers[standings->cursor];
		if (customer->standing == NULL || !customer->standing->dirty)
			continue;
		ret = journal_put_standing(daemon->journal, customer->id, customer->standing);
		customer->standing->dirty = ret < 0;
		standings->dirty -= ret == 0 && standings->dirty > 0;
		stored--;
	}
	if (around && passed == 0)
		standings->dirty = 0;
	journal_settle(daemon->journal, own, 0); /* those that were lost are stored when they have sent more */
}

void standings_flush(struct daemon *daemon)
{
	if (daemon->config != NULL && daemon->journal != NULL)
		store_some(daemon, SIZE_MAX, daemon->config->customer_count);
}

static void note(struct daemon *daemon, const struct customer *customer, const struct standing *standing,
		 const char *author, const char *why, struct event *ret_event)
{
	char tier[64];

	*ret_event = (struct event){ .at_ms = wall_ms(), .what = "tier" };
	tier_text(&daemon->config->tiers, (struct tier_place){ (enum tier)standing->tier, standing->step }, tier,
		  sizeof(tier));
	snprintf(ret_event->author, sizeof(ret_event->author), "%s", author);
	snprintf(ret_event->text, sizeof(ret_event->text), "customer:%s %s: %s", customer->name, tier, why);
}

/* Both in the caller's transaction. */
static int store_move(struct daemon *daemon, const struct customer *customer, struct standing *standing,
		      const struct event *event)
{
	int ret = journal_put_standing(daemon->journal, customer->id, standing);

	standing->dirty = false;
	return ret == 0 ? journal_note(daemon->journal, event) : ret;
}

/* Its limits, and what the spike brake lets pass: within link_hold() both are in one swap. */
static uint64_t want(struct daemon *daemon, const struct customer *customer)
{
	const struct scope_key key = scope_key_of(SCOPE_CUSTOMER, customer->id, 0);
	const struct scope_key brake = policy_brake_key(customer->id);

	if (daemon->config->settings.brake_mode == BRAKE_HOLD)
		link_want_scope(daemon->link, &brake, DECIDE_LIMIT);
	return link_want_scope(daemon->link, &key, DECIDE_LIMIT);
}

/* Is anything that restricts it decided on this customer: on all of its mail, or at one provider? */
static bool is_decided(const struct daemon *daemon, uint32_t customer, bool quarantine_only)
{
	static const enum scope scopes[] = { SCOPE_CUSTOMER, SCOPE_CUSTOMER_PROVIDER };
	const struct order *decided = &daemon->ledger.by_scope;

	for (size_t scope = 0; scope < sizeof(scopes) / sizeof(scopes[0]); scope++) {
		const struct scope_key from = scope_key_of(scopes[scope], customer, 0);
		for (size_t i = ledger_from(&daemon->ledger, &from);
		     i < decided->count && decided->at[i]->key.scope == scopes[scope] &&
		     decided->at[i]->key.customer == customer;
		     i++)
			if (decided->at[i]->action == DECIDE_QUARANTINE ||
			    (decided->at[i]->action == DECIDE_LIMIT && !quarantine_only))
				return true;
	}
	return false;
}

/* What became of those who rose, as long as it is not stored. */
struct rises {
	struct daemon *daemon;
	size_t count;
	struct rise {
		struct customer *customer;
		struct standing standing; /* the next one */
		struct event event;
	} rise[RISES_MOST];
};

static void add_rise(struct rises *rises, struct customer *customer)
{
	const struct tiers *tiers = &rises->daemon->config->tiers;
	const int64_t now = decide_served_now(rises->daemon);
	struct rise *rise = &rises->rise[rises->count];
	char why[128];

	if (rises->count == RISES_MOST)
		return;
	rise->standing = *customer->standing;
	warm_up_text(customer->standing, tiers, now, why, sizeof(why));
	if (!warm_up_rise(&rise->standing, tiers, now))
		return;
	rise->customer = customer;
	note(rises->daemon, customer, &rise->standing, "rule warm-up", why, &rise->event);
	rises->count++;
}

/* All of them or none. */
static void store_rises(struct rises *rises)
{
	struct daemon *daemon = rises->daemon;
	bool own;
	int ret = rises->count > 0 ? journal_begin(daemon->journal, &own) : -ENODATA;

	if (ret < 0)
		return;
	for (size_t i = 0; ret == 0 && i < rises->count; i++)
		ret = store_move(daemon, rises->rise[i].customer, &rises->rise[i].standing, &rises->rise[i].event);
	if (journal_settle(daemon->journal, own, ret) < 0)
		return;
	link_hold(daemon->link);
	for (size_t i = 0; i < rises->count; i++) {
		set(daemon, rises->rise[i].customer, &rises->rise[i].standing);
		want(daemon, rises->rise[i].customer);
		tell_noted(daemon, &rises->rise[i].event);
	}
	link_go(daemon->link);
}

/* One that was not seen before begins now: with what it sent since, if it was looked at before it sent. */
static bool begin(struct daemon *daemon, struct customer *customer)
{
	struct standing standing = { .met = daemon->standings.met, .held = is_decided(daemon, customer->id, false) };

	warm_up_begin(&standing, (struct tier_place){ TIER_NEW, 0 }, decide_served_now(daemon));
	daemon->standings.dirty++;
	return set(daemon, customer, &standing);
}

static void look_at(struct rises *rises, const struct wire_ROW_METER *row)
{
	struct daemon *daemon = rises->daemon;
	struct customer *customer = (struct customer *)config_customer_of(daemon->config, row->key.customer);
	const struct figures figures = { row->messages, row->inferred, row->declined };

	if (customer == NULL || customer_place(customer).tier != TIER_NEW)
		return;
	if (customer->standing == NULL && !begin(daemon, customer))
		return;
	struct standing *standing = customer->standing;
	const bool dirty = standing->dirty;
	warm_up_count(standing, &figures);
	if (standing->held && !is_decided(daemon, customer->id, false))
		warm_up_go_on(standing, decide_served_now(daemon));
	daemon->standings.dirty += standing->dirty && !dirty;
	add_rise(rises, customer);
}

static void take_rows(void *context, const struct rows *rows)
{
	struct daemon *daemon = context;
	struct rises *rises = rows != NULL ? malloc(sizeof(*rises)) : NULL;

	daemon->standings.met = daemon->standings.met && rows != NULL;
	if (rises == NULL)
		return;
	rises->daemon = daemon;
	rises->count = 0;
	for (uint32_t i = 0; i < rows->count; i++)
		look_at(rises, (const struct wire_ROW_METER *)rows->row + i);
	daemon->standings.met = true;
	store_rises(rises);
	free(rises);
	store_some(daemon, STORED_MOST,
		   PASSED_MOST < daemon->config->customer_count ? PASSED_MOST : daemon->config->customer_count);
}

void standings_look(struct daemon *daemon)
{
	static const struct wire_QUERY customers = {
		.what = QUERY_METERS, .customer = ID_ANY, .provider = ID_ANY, .scope = SCOPE_CUSTOMER
	};

	if (!link_status(daemon->link)->connected)
		daemon->standings.met = false;
	if (daemon->standings.of[TIER_NEW] > 0)
		link_query(daemon->link, &customers, take_rows, daemon);
}

static int on_look(sd_event_source *source, uint64_t usec, void *context)
{
	(void)usec;
	standings_look(context);
	sd_event_source_set_time_relative(source, LOOK_USEC);
	sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	return 0;
}

void standings_start(struct daemon *daemon)
{
	sd_event_add_time_relative(daemon->event, &daemon->standings.timer, CLOCK_BOOTTIME, LOOK_USEC, 1000, on_look,
				   daemon);
}

void standings_stop(struct daemon *daemon)
{
	daemon->standings.timer = sd_event_source_disable_unref(daemon->standings.timer);
	standings_flush(daemon);
}

/* Whom a decision restricts; NULL: nobody alone. */
static struct customer *customer_of(const struct daemon *daemon, const struct decision *decision)
{
	const enum scope scope = (enum scope)decision->key.scope;

	if (decision->action != DECIDE_QUARANTINE && decision->action != DECIDE_LIMIT)
		return NULL; /* an allowance holds nobody */
	return scope == SCOPE_CUSTOMER || scope == SCOPE_CUSTOMER_PROVIDER
		       ? (struct customer *)config_customer_of(daemon->config, decision->key.customer)
		       : NULL;
}

void standings_released(struct daemon *daemon, const struct decision *decision)
{
	const struct customer *customer = customer_of(daemon, decision);

	if (customer == NULL || customer->standing == NULL || is_decided(daemon, customer->id, false))
		return;
	warm_up_go_on(customer->standing, decide_served_now(daemon));
	daemon->standings.dirty += customer->standing->dirty;
}

int standings_decided(struct daemon *daemon, const struct decision *decision, struct standing_before *ret_before)
{
	struct customer *customer = customer_of(daemon, decision);
	const bool quarantine = decision->action == DECIDE_QUARANTINE;
	const int64_t now = decide_served_now(daemon);
	struct event event;

	*ret_before = (struct standing_before){ 0 };
	if (customer == NULL || customer->standing == NULL || customer_place(customer).tier != TIER_NEW)
		return 0;
	struct standing next = *customer->standing;
	*ret_before = (struct standing_before){ customer, next, quarantine && !is_decided(daemon, customer->id, true) };
	warm_up_hold(&next, now);
	if (ret_before->moved)
		warm_up_set_back(&next, &daemon->config->tiers, now);
	note(daemon, customer, &next, "rule warm-up", "a quarantine sets it back", &event);
	int ret = ret_before->moved ? store_move(daemon, customer, &next, &event)
				    : journal_put_standing(daemon->journal, customer->id, &next);
	if (ret == 0)
		set(daemon, customer, &next);
	return ret;
}

void standings_undo(struct daemon *daemon, const struct standing_before *before)
{
	if (before->customer != NULL)
		set(daemon, before->customer, &before->standing);
}

int standings_put(struct daemon *daemon, struct customer *customer, enum tier tier, const char *author,
		  const char *reason, uint64_t *ret_generation)
{
	struct standing standing = { .by_hand = tier != (enum tier)customer->tier,
				     .held = is_decided(daemon, customer->id, false) };
	const bool as_written = !standing.by_hand && tier != TIER_NEW; /* there is nothing more to know */
	struct event event;
	bool own;

	warm_up_begin(&standing, (struct tier_place){ tier, 0 }, decide_served_now(daemon));
	note(daemon, customer, &standing, author, reason, &event);
	int ret = journal_begin(daemon->journal, &own);
	if (ret < 0)
		return ret;
	ret = store_move(daemon, customer, &standing, &event);
	if (ret == 0 && as_written)
		ret = journal_remove_standing(daemon->journal, customer->id);
	ret = journal_settle(daemon->journal, own, ret);
	if (ret < 0)
		return ret;
	if (customer->standing != NULL) {
		standing.seen = customer->standing->seen;
		standing.met = customer->standing->met;
	}
	if (!set(daemon, customer, &standing))
		return -ENOMEM;
	if (as_written) {
		free(customer->standing);
		customer->standing = NULL;
	}
	link_hold(daemon->link);
	*ret_generation = want(daemon, customer);
	link_go(daemon->link);
	tell_noted(daemon, &event);
	return 0;
}

char *standings_text(const struct daemon *daemon, const struct customer *customer, char *out, size_t size)
{
	const struct tiers *tiers = &daemon->config->tiers;
	const struct standing none = { .tier = TIER_NEW, .held = true };

	out[0] = '\0';
	if (customer_place(customer).tier != TIER_NEW || tiers->steps == 0)
		return out;
	warm_up_text(customer->standing != NULL ? customer->standing : &none, tiers, decide_served_now(daemon), out,
		     size);
	if (customer->standing == NULL)
		snprintf(out, size, "begins with its first connection");
	return out;
}
