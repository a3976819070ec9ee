/* SPDX-License-Identifier: BSD-3-Clause */
#include "decide.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api/tidings.h"
#include "clocks.h"
#include "ledger/precedence.h"
#include "ledger/scope_text.h"
#include "log.h"

#define LOOK_MS 60000 /* the calendar may be set meanwhile; and so often the time is marked */
#define AGAIN_MS 1000 /* an end that could not be stored, or a calendar that was put forward */
#define ENDS_MOST 500 /* at once */

int64_t decide_served_now(const struct daemon *daemon)
{
	return served_ms(&daemon->mark, daemon->mark.boot, boot_ms());
}

/* What the kernel calls this life of the machine. */
static void read_boot(char *out, size_t size)
{
	FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");

	if (file == NULL || fgets(out, (int)size, file) == NULL)
		snprintf(out, size, "?");
	out[strcspn(out, "\n")] = '\0';
	if (file != NULL)
		fclose(file);
}

static int set_mark(struct daemon *daemon)
{
	struct served_mark last, now = { .boot_ms = boot_ms() };
	int ret = journal_clock(daemon->journal, &last);

	read_boot(now.boot, sizeof(now.boot));
	now.served_ms = served_ms(&last, now.boot, now.boot_ms);
	daemon->mark = now;
	return ret == 0 ? journal_put_clock(daemon->journal, &now) : ret;
}

static int on_heartbeat(sd_event_source *source, uint64_t usec, void *context)
{
	struct daemon *daemon = context;
	struct served_mark mark = daemon->mark;

	(void)usec;
	mark.served_ms = decide_served_now(daemon);
	mark.boot_ms = boot_ms();
	journal_put_clock(daemon->journal, &mark); /* if not now then in a minute */
	journal_tidy(daemon->journal, false);
	sd_event_source_set_time_relative(source, LOOK_MS * 1000);
	sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	return 0;
}

struct restoring {
	struct daemon *daemon;
	int ret;
};

/* One of an older journal, which kept no deadline: the calendar's word, but no longer than it was given. */
static void set_missing_deadline(const struct daemon *daemon, struct decision *decision)
{
	int64_t left = decision->expires_ms - wall_ms(), given = decision->expires_ms - decision->created_ms;

	if (decision->expires_ms != 0 && decision->deadline_ms == 0)
		decision->deadline_ms = served_deadline(decide_served_now(daemon), left < given ? left : given);
}

static void restore(void *context, const struct decision *stored)
{
	struct restoring *restoring = context;
	struct decision decision = *stored;
	char error[SCOPE_ERROR_MAX] = "";

	set_missing_deadline(restoring->daemon, &decision);
	if (daemon_known_scope(restoring->daemon, decision.scope, &decision.key, error) < 0) {
		log_error("decision %llu: %s", (unsigned long long)decision.id, error);
		return;
	}
	decision.key = decision_key(decision.action, &decision.key);
	int ret = ledger_append(&restoring->daemon->ledger, &decision);
	if (ret < 0)
		restoring->ret = ret; /* what is not known here would be taken back at the gate */
}

int decide_restore(struct daemon *daemon)
{
	struct restoring restoring = { .daemon = daemon };
	int ret = set_mark(daemon);

	if (ret == 0)
		ret = journal_decisions(daemon->journal, false, restore, &restoring);
	ledger_sort(&daemon->ledger);
	if (ret == 0 && restoring.ret < 0) {
		log_error("decisions that were in force could not be restored: %s", strerror(-restoring.ret));
		ret = restoring.ret;
	}
	return ret;
}

static void arm_expiry(struct daemon *daemon, int64_t wait);

/* Some at a time, so that others have their turn; each time all of them or none. */
static int on_expiry(sd_event_source *source, uint64_t usec, void *context)
{
	struct daemon *daemon = context;
	uint64_t ids[ENDS_MOST], generation;
	size_t count = ledger_expired(&daemon->ledger, wall_ms(), decide_served_now(daemon), ids, ENDS_MOST);

	(void)source, (void)usec;
	/* If the journal cannot be written they stay in force, and it is tried again. */
	int ret = count > 0 ? daemon_end_all(daemon, ids, count, "expired", &generation) : 0;
	for (size_t i = 0; ret == 0 && i < count; i++)
		log_info("decision %llu has expired", (unsigned long long)ids[i]);
	arm_expiry(daemon, ret == 0 && count == ENDS_MOST ? 1 : -1);
	return 0;
}

/* `wait` < 0: until the next one is due. */
static void arm_expiry(struct daemon *daemon, int64_t wait)
{
	int64_t next = ledger_next_expiry(&daemon->ledger);

	if (wait < 0)
		wait = next - wall_ms() + 1;
	daemon->expiry = sd_event_source_disable_unref(daemon->expiry);
	if (next == 0)
		return;
	if (wait <= 0)
		wait = AGAIN_MS;
	else if (wait > LOOK_MS)
		wait = LOOK_MS;
	sd_event_add_time_relative(daemon->event, &daemon->expiry, CLOCK_BOOTTIME, (uint64_t)wait * 1000, 1000,
				   on_expiry, daemon);
}

void decide_start(struct daemon *daemon)
{
	arm_expiry(daemon, -1);
	sd_event_add_time_relative(daemon->event, &daemon->heartbeat, CLOCK_BOOTTIME, LOOK_MS * 1000, 1000,
				   on_heartbeat, daemon);
}

void decide_stop(struct daemon *daemon)
{
	daemon->expiry = sd_event_source_disable_unref(daemon->expiry);
	daemon->heartbeat = sd_event_source_disable_unref(daemon->heartbeat);
}

/* The first that makes way for `newer`; NULL when none does. */
static const struct decision *superseded(const struct daemon *daemon, const struct decision *newer)
{
	struct decision *const *on;
	size_t count = ledger_on(&daemon->ledger, &newer->key, &on);

	for (size_t i = 0; i < count; i++)
		if (decision_supersedes(newer, on[i]))
			return on[i];
	return NULL;
}

static int store_superseded(struct daemon *daemon, const struct decision *newer)
{
	struct decision *const *on;
	size_t count = ledger_on(&daemon->ledger, &newer->key, &on);
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < count; i++) {
		const struct ending ending = { on[i]->id, newer->created_ms, newer->author, newer->id };
		if (decision_supersedes(newer, on[i]))
			ret = journal_end(daemon->journal, &ending);
	}
	return ret;
}

static int store(struct daemon *daemon, struct decision *decision, struct standing_before *ret_before)
{
	bool own;
	int ret = journal_begin(daemon->journal, &own);

	*ret_before = (struct standing_before){ 0 };
	if (ret < 0)
		return ret;
	ret = standings_decided(daemon, decision, ret_before);
	if (ret == 0)
		ret = journal_add(daemon->journal, decision);
	if (ret == 0)
		ret = store_superseded(daemon, decision);
	if (ret == 0)
		ret = ledger_add(&daemon->ledger, decision);
	return journal_settle(daemon->journal, own, ret);
}

/* Was it written? Until it is no order is taken. */
static int written(struct daemon *daemon, int ret)
{
	if (ret < 0)
		alarms_raise(&daemon->alarms, ALARM_JOURNAL_FAILS, "", wall_ms(), "%s", strerror(-ret));
	else
		alarms_clear(&daemon->alarms, ALARM_JOURNAL_FAILS, "", wall_ms());
	return ret;
}

int daemon_decide(struct daemon *daemon, struct decision *decision)
{
	const struct decision *older;
	struct standing_before before;
	struct decision removed;

	if (decision->expires_ms != 0)
		decision->deadline_ms =
			served_deadline(decide_served_now(daemon), decision->expires_ms - decision->created_ms);
	int ret = written(daemon, store(daemon, decision, &before));
	if (ret < 0) {
		standings_undo(daemon, &before);
		ledger_remove(&daemon->ledger, decision->id, &removed);
		decision->id = 0;
		return ret;
	}
	while ((older = superseded(daemon, decision)) != NULL) {
		decision->supersedes = older->id;
		ledger_remove(&daemon->ledger, older->id, &removed);
		tell_superseded(daemon, &removed, decision);
	}
	link_hold(daemon->link);
	if (before.moved) {
		const struct scope_key customer = scope_key_of(SCOPE_CUSTOMER, decision->key.customer, 0);
		link_want_scope(daemon->link, &customer, DECIDE_LIMIT);
	}
	decision->generation = link_want_scope(daemon->link, &decision->key, decision->action);
	link_go(daemon->link);
	ledger_find(&daemon->ledger, decision->id)->generation = decision->generation;
	tell_decided(daemon, decision);
	arm_expiry(daemon, -1);
	return 0;
}

int daemon_end_all(struct daemon *daemon, const uint64_t *ids, size_t count, const char *by, uint64_t *ret_generation)
{
	struct decision removed;
	bool own;
	int ret = journal_begin(daemon->journal, &own);

	if (ret < 0) {
		arm_expiry(daemon, -1);
		return written(daemon, ret);
	}
	for (size_t i = 0; ret == 0 && i < count; i++) {
		const struct ending ending = { .id = ids[i], .at_ms = wall_ms(), .by = by };
		if (ledger_find(&daemon->ledger, ids[i]) != NULL)
			ret = journal_end(daemon->journal, &ending);
	}
	ret = written(daemon, journal_settle(daemon->journal, own, ret));
	link_hold(daemon->link);
	for (size_t i = 0; ret == 0 && i < count; i++)
		if (ledger_remove(&daemon->ledger, ids[i], &removed)) {
			*ret_generation = link_want_scope(daemon->link, &removed.key, removed.action);
			standings_released(daemon, &removed);
			tell_ended(daemon, &removed, by);
		}
	link_go(daemon->link);
	arm_expiry(daemon, -1);
	return ret;
}
