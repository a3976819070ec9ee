/* SPDX-License-Identifier: BSD-3-Clause */
/* Every few seconds: what new customers have sent, and who rises by it. */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "api/tidings.h"
#include "customers/customers.h"
#include "customers/standings_parts.h"
#include "daemon.h"
#include "decide.h"

#define LOOK_USEC 10000000u
#define RISES_MOST 500	 /* at one look, so that others have their turn */
#define STORED_MOST 1000 /* counts, at one look; those that are lost in a crash only make a customer rise later */
#define PASSED_MOST 50000

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
	standing_note(rises->daemon, customer, &rise->standing, "rule warm-up", why, &rise->event);
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
		ret = standing_store(daemon, rises->rise[i].customer, &rises->rise[i].standing, &rises->rise[i].event);
	if (journal_settle(daemon->journal, own, ret) < 0)
		return;
	link_hold(daemon->link);
	for (size_t i = 0; i < rises->count; i++) {
		standing_set(daemon, rises->rise[i].customer, &rises->rise[i].standing);
		standing_want(daemon, rises->rise[i].customer);
		tell_noted(daemon, &rises->rise[i].event);
	}
	link_go(daemon->link);
}

/* One that was not seen before begins now: with what it sent since, if it was looked at before it sent. */
static bool begin(struct daemon *daemon, struct customer *customer)
{
	struct standing standing = { .met = daemon->standings.met,
				     .held = standing_decided(daemon, customer->id, false) };

	warm_up_begin(&standing, (struct tier_place){ TIER_NEW, 0 }, decide_served_now(daemon));
	daemon->standings.dirty++;
	return standing_set(daemon, customer, &standing);
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
	if (standing->held && !standing_decided(daemon, customer->id, false))
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
	standings_store(daemon, STORED_MOST,
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
