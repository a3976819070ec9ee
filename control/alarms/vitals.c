/* SPDX-License-Identifier: BSD-3-Clause */
#include "alarms/vitals.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <systemd/sd-event.h>

#include "alarms/alarms.h"
#include "alarms/faults.h"
#include "alarms/long_held.h"
#include "alarms/strangers.h"
#include "clocks.h"
#include "commands/stop.h"
#include "daemon.h"
#include "units.h"

#define LOOK_USEC 4000000u
/* A gate that is restarted is away for less: so many looks in a row make an alarm. */
#define AWAY_LOOKS 2
/* What takes time with many decisions, and does not matter to the second. */
#define SELDOM_LOOKS 15
#define MS 1000000

struct vitals {
	struct daemon *daemon;
	sd_event_source *timer;
	struct faults faults;
	struct strangers strangers;
	unsigned away, waiting; /* looks in a row */
	unsigned looks;
};

/* On as long as `bad`. */
static void keep(struct vitals *vitals, enum alarm_kind kind, const char *subject, bool bad, const char *detail)
{
	struct alarms *alarms = &vitals->daemon->alarms;

	if (bad)
		alarms_raise(alarms, kind, subject, wall_ms(), "%s", detail);
	else
		alarms_clear(alarms, kind, subject, wall_ms());
}

static void look_at_link(struct vitals *vitals)
{
	const struct link_status *status = link_status(vitals->daemon->link);
	char forced[ALARM_DETAIL_MAX];

	vitals->away = status->connected ? 0 : vitals->away + 1;
	vitals->waiting = status->connected && !status->ready ? vitals->waiting + 1 : 0;
	keep(vitals, ALARM_GATE_GONE, "", vitals->away >= AWAY_LOOKS, status->own_error ? status->error : "");
	keep(vitals, ALARM_GATE_WAITS, "", vitals->waiting >= AWAY_LOOKS, "");
	keep(vitals, ALARM_GATE_UNSAVED, "", status->connected && status->unsaved[0] != '\0', "");
	keep(vitals, ALARM_GATE_FORCED, "", status->connected && status->forced != 0,
	     fault_names(status->forced, forced, sizeof(forced)));
	keep(vitals, ALARM_GATE_REFUSES, "", status->error[0] != '\0' && !status->own_error, status->error);
}

/* What stands for the domains that are no provider's own. */
static const char domains_name[] = "domains";

static void look_at_dns(struct vitals *vitals)
{
	const struct config *config = vitals->daemon->config;

	for (size_t i = 0; i <= config->provider_count; i++) {
		const struct resolve_status *status = resolver_status(vitals->daemon->resolver, i);
		const char *name = i < config->provider_count ? config->providers[i].name : domains_name;
		keep(vitals, ALARM_DNS_FAILS, name, status->problem[0] != '\0', status->problem);
		if (i == config->provider_count)
			break;
		const char *moved = resolver_moved(vitals->daemon->resolver, i);
		keep(vitals, ALARM_DNS_MOVED, name, moved[0] != '\0', moved);
	}
}

/* Of providers the configuration has no more. */
static void drop_old_dns(struct vitals *vitals)
{
	const struct alarms *alarms = &vitals->daemon->alarms;

	for (size_t i = alarms->count; i > 0; i--) {
		const struct alarm alarm = alarms->alarm[i - 1];
		if ((alarm.kind == ALARM_DNS_FAILS || alarm.kind == ALARM_DNS_MOVED) &&
		    strcmp(alarm.subject, domains_name) != 0 &&
		    config_provider(vitals->daemon->config, alarm.subject) == NULL)
			keep(vitals, alarm.kind, alarm.subject, false, "");
	}
}

static void look_at_quarantines(struct vitals *vitals)
{
	const struct daemon *daemon = vitals->daemon;
	int64_t now_ms = wall_ms(), after_ms = long_held_after_ms((int64_t)(daemon->config->settings.queue_life / MS));
	const struct long_held held = long_held_find(&daemon->ledger, now_ms - after_ms);
	char detail[ALARM_DETAIL_MAX] = "", after[32];

	if (held.count > 0)
		snprintf(detail, sizeof(detail), "%zu of them older than %s, the oldest is decision %llu on %.100s",
			 held.count, duration_format((uint64_t)after_ms * MS, after, sizeof(after)),
			 (unsigned long long)held.oldest->id, held.oldest->scope);
	keep(vitals, ALARM_QUARANTINE_OLD, "", held.count > 0, detail);
}

static void keep_strangers(struct vitals *vitals)
{
	char detail[ALARM_DETAIL_MAX];

	snprintf(detail, sizeof(detail), "%s%.180s",
		 vitals->strangers.from[0] != '\0' ? "among them " : "none is open now", vitals->strangers.from);
	keep(vitals, ALARM_UNKNOWN_SOURCES, "", strangers_lately(&vitals->strangers, wall_ms()), detail);
}

static void take_stranger_flows(void *context, const struct rows *rows)
{
	struct vitals *vitals = context;

	if (rows != NULL)
		strangers_name(&vitals->strangers, rows->row, rows->count);
	keep_strangers(vitals);
}

static void take_strangers(void *context, const struct rows *rows)
{
	static const struct wire_QUERY flows = {
		.what = QUERY_FLOWS, .most = 64, .customer = ID_UNKNOWN, .provider = ID_ANY, .scope = SCOPES
	};
	struct vitals *vitals = context;
	const struct wire_ROW_METER *meter = NULL;

	for (uint32_t i = 0; rows != NULL && i < rows->count && meter == NULL; i++)
		if (((const struct wire_ROW_METER *)rows->row)[i].key.scope == SCOPE_CUSTOMER)
			meter = (const struct wire_ROW_METER *)rows->row + i;
	if (rows == NULL)
		return;
	if (strangers_count(&vitals->strangers, link_status(vitals->daemon->link)->boot, meter, wall_ms()))
		link_query(vitals->daemon->link, &flows, take_stranger_flows, vitals);
	else
		keep_strangers(vitals);
}

static void look_at_strangers(struct vitals *vitals)
{
	struct wire_QUERY query = {
		.what = QUERY_METERS, .customer = ID_ANY, .provider = ID_ANY, .scope = SCOPES, .exact = 1
	};

	query.key[SCOPE_CUSTOMER] = scope_key_of(SCOPE_CUSTOMER, ID_UNKNOWN, 0);
	link_query(vitals->daemon->link, &query, take_strangers, vitals);
}

static void take_counters(void *context, const struct rows *rows)
{
	struct vitals *vitals = context;

	if (rows == NULL || rows->count != 1)
		return;
	const struct wire_ROW_COUNTERS *row = rows->row;
	faults_look(&vitals->faults, row->counter, link_status(vitals->daemon->link)->boot, wall_ms(),
		    &vitals->daemon->alarms);
}

static int on_look(sd_event_source *source, uint64_t usec, void *context)
{
	static const struct wire_QUERY counters = {
		.what = QUERY_COUNTERS, .customer = ID_ANY, .provider = ID_ANY, .scope = SCOPES
	};
	struct vitals *vitals = context;

	(void)usec;
	look_at_link(vitals);
	look_at_dns(vitals);
	drop_old_dns(vitals);
	stop_look(vitals->daemon);
	if (vitals->looks++ % SELDOM_LOOKS == 0 ||
	    alarms_find(&vitals->daemon->alarms, ALARM_QUARANTINE_OLD, "") != NULL)
		look_at_quarantines(vitals);
	link_query(vitals->daemon->link, &counters, take_counters, vitals);
	look_at_strangers(vitals);
	sd_event_source_set_time_relative(source, LOOK_USEC);
	sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	return 0;
}

int vitals_create(struct daemon *daemon, struct vitals **ret_vitals)
{
	struct vitals *vitals = calloc(1, sizeof(*vitals));

	if (vitals == NULL)
		return -ENOMEM;
	vitals->daemon = daemon;
	int ret = sd_event_add_time_relative(daemon->event, &vitals->timer, CLOCK_MONOTONIC, LOOK_USEC, 1000, on_look,
					     vitals);
	if (ret < 0) {
		free(vitals);
		return ret;
	}
	*ret_vitals = vitals;
	return 0;
}

void vitals_destroy(struct vitals *vitals)
{
	if (vitals == NULL)
		return;
	sd_event_source_disable_unref(vitals->timer);
	free(vitals);
}
