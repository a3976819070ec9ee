/* SPDX-License-Identifier: BSD-3-Clause */
#include "customers/standings_parts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/tidings.h"
#include "clocks.h"
#include "customers/customers.h"
#include "daemon.h"
#include "decide.h"

/* Customers by tier, when one goes from one place to another. */
static void move(struct daemon *daemon, enum tier from, enum tier to)
{
	daemon->standings.of[from]--;
	daemon->standings.of[to]++;
}

bool standing_set(struct daemon *daemon, struct customer *customer, const struct standing *standing)
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

void standings_store(struct daemon *daemon, size_t stored, size_t passed)
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
		standings_store(daemon, SIZE_MAX, daemon->config->customer_count);
}

void standing_note(struct daemon *daemon, const struct customer *customer, const struct standing *standing,
		   const char *author, const char *why, struct event *ret_event)
{
	char tier[64];

	*ret_event = (struct event){ .at_ms = wall_ms(), .what = "tier" };
	tier_text(&daemon->config->tiers, (struct tier_place){ (enum tier)standing->tier, standing->step }, tier,
		  sizeof(tier));
	snprintf(ret_event->author, sizeof(ret_event->author), "%s", author);
	snprintf(ret_event->text, sizeof(ret_event->text), "customer:%s %s: %s", customer->name, tier, why);
}

int standing_store(struct daemon *daemon, const struct customer *customer, struct standing *standing,
		   const struct event *event)
{
	int ret = journal_put_standing(daemon->journal, customer->id, standing);

	standing->dirty = false;
	return ret == 0 ? journal_note(daemon->journal, event) : ret;
}

uint64_t standing_want(struct daemon *daemon, const struct customer *customer)
{
	const struct scope_key key = scope_key_of(SCOPE_CUSTOMER, customer->id, 0);
	const struct scope_key brake = policy_brake_key(customer->id);

	if (daemon->config->settings.brake_mode == BRAKE_HOLD)
		link_want_scope(daemon->link, &brake, DECIDE_LIMIT);
	return link_want_scope(daemon->link, &key, DECIDE_LIMIT);
}

bool standing_decided(const struct daemon *daemon, uint32_t customer, bool quarantine_only)
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

	if (customer == NULL || customer->standing == NULL || standing_decided(daemon, customer->id, false))
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
	*ret_before =
		(struct standing_before){ customer, next, quarantine && !standing_decided(daemon, customer->id, true) };
	warm_up_hold(&next, now);
	if (ret_before->moved)
		warm_up_set_back(&next, &daemon->config->tiers, now);
	standing_note(daemon, customer, &next, "rule warm-up", "a quarantine sets it back", &event);
	int ret = ret_before->moved ? standing_store(daemon, customer, &next, &event)
				    : journal_put_standing(daemon->journal, customer->id, &next);
	if (ret == 0)
		standing_set(daemon, customer, &next);
	return ret;
}

void standings_undo(struct daemon *daemon, const struct standing_before *before)
{
	if (before->customer != NULL)
		standing_set(daemon, before->customer, &before->standing);
}

int standings_put(struct daemon *daemon, struct customer *customer, enum tier tier, const char *author,
		  const char *reason, uint64_t *ret_generation)
{
	struct standing standing = { .by_hand = tier != (enum tier)customer->tier,
				     .held = standing_decided(daemon, customer->id, false) };
	const bool as_written = !standing.by_hand && tier != TIER_NEW; /* there is nothing more to know */
	struct event event;
	bool own;

	warm_up_begin(&standing, (struct tier_place){ tier, 0 }, decide_served_now(daemon));
	standing_note(daemon, customer, &standing, author, reason, &event);
	int ret = journal_begin(daemon->journal, &own);
	if (ret < 0)
		return ret;
	ret = standing_store(daemon, customer, &standing, &event);
	if (ret == 0 && as_written)
		ret = journal_remove_standing(daemon->journal, customer->id);
	ret = journal_settle(daemon->journal, own, ret);
	if (ret < 0)
		return ret;
	if (customer->standing != NULL) {
		standing.seen = customer->standing->seen;
		standing.met = customer->standing->met;
	}
	if (!standing_set(daemon, customer, &standing))
		return -ENOMEM;
	if (as_written) {
		free(customer->standing);
		customer->standing = NULL;
	}
	link_hold(daemon->link);
	*ret_generation = standing_want(daemon, customer);
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
