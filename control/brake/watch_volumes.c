/* SPDX-License-Identifier: BSD-3-Clause */
#include "brake/watch_volumes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <systemd/sd-event.h>

#include "brake/hours.h"
#include "clocks.h"
#include "daemon.h"
#include "decide.h"
#include "log.h"

#define LOOK_USEC 4000000u
#define ASK_ALL_USEC 300000000u /* a meter nobody uses is there for twice as long */
#define STORED_AT_ONCE 2000
#define QUIET_LOOKS 15u /* so long the brake held nothing: it holds this customer no more */

struct volumes {
	struct daemon *daemon;
	sd_event_source *timer;
	bool based; /* what the gate had counted before the first answer is old news */
	struct hours hours;
	unsigned learned; /* the hour of the week that is stored now */
	size_t stored;	  /* how far */
	uint32_t *held;	  /* customers the brake holds */
	size_t held_count;
	uint64_t held_ever;
};

static const struct settings *settings_of(const struct volumes *volumes)
{
	return &volumes->daemon->config->settings;
}

/* Whom the brake holds. */

bool volumes_holds(const struct daemon *daemon, uint32_t customer)
{
	const struct brake *brake = brakes_find(&daemon->brakes, customer);

	return brake != NULL && brake->quiet < QUIET_LOOKS;
}

struct volumes_held volumes_held(const struct volumes *volumes)
{
	return volumes != NULL ? (struct volumes_held){ volumes->held_count, volumes->held_ever }
			       : (struct volumes_held){ 0 };
}

char *volumes_text(const struct daemon *daemon, uint32_t customer, char *out, size_t size)
{
	struct limits limits;
	size_t used = 0;

	out[0] = '\0';
	if (!policy_brake(&daemon->policy, customer, &limits))
		policy_brake(&daemon->policy, ID_ANY, &limits);
	for (int kind = USUAL_FIRST; kind < LIMIT_KINDS && used < size; kind++)
		if (limits.has & 1u << kind)
			used += (size_t)snprintf(out + used, size - used, "%s%s %llu/h (usual %.0f)",
						 used > 0 ? ", " : "", allowance_name[kind],
						 (unsigned long long)limits.kind[kind].amount,
						 brakes_usual(&daemon->brakes, customer, kind));
	return out;
}

static void note_held(struct volumes *volumes, uint32_t customer, const char *text)
{
	struct event event = { .at_ms = wall_ms(), .what = "braked", .author = "spike brake" };

	snprintf(event.text, sizeof(event.text), "customer:%s sends more than usual: held to %s",
		 policy_customer(&volumes->daemon->policy, customer), text);
	journal_note(volumes->daemon->journal, &event); /* the alarm says it as well */
}

static void begin_hold(struct volumes *volumes, struct brake *brake)
{
	struct daemon *daemon = volumes->daemon;
	uint32_t *grown = realloc(volumes->held, (volumes->held_count + 1) * sizeof(*grown));
	char text[200];

	volumes->held_ever++;
	if (grown == NULL)
		return;
	volumes->held = grown;
	grown[volumes->held_count++] = brake->customer;
	volumes_text(daemon, brake->customer, text, sizeof(text));
	note_held(volumes, brake->customer, text);
	alarms_raise(&daemon->alarms, ALARM_BRAKE_HOLDS, policy_customer(&daemon->policy, brake->customer), wall_ms(),
		     "%s", text);
}

static void end_hold(struct volumes *volumes, size_t place)
{
	struct daemon *daemon = volumes->daemon;
	const char *name = policy_customer(&daemon->policy, volumes->held[place]);

	alarms_clear(&daemon->alarms, ALARM_BRAKE_HOLDS, name, wall_ms());
	volumes->held[place] = volumes->held[--volumes->held_count];
}

static void take_held(struct volumes *volumes, const struct wire_ROW_VOLUME *row)
{
	struct brake *brake = brakes_make(&volumes->daemon->brakes, row->customer);

	if (brake == NULL || row->braked == brake->braked)
		return;
	brake->braked = row->braked;
	if (!volumes->based)
		return;
	bool was = brake->quiet < QUIET_LOOKS;
	brake->quiet = 0;
	brake->apart = true;
	if (!was)
		begin_hold(volumes, brake);
}

static void on_held(void *context, const struct rows *rows)
{
	struct volumes *volumes = context;

	if (rows == NULL)
		return;
	for (size_t i = volumes->held_count; i > 0; i--)
		brakes_find(&volumes->daemon->brakes, volumes->held[i - 1])->quiet++;
	for (uint32_t i = 0; i < rows->count; i++)
		take_held(volumes, (const struct wire_ROW_VOLUME *)rows->row + i);
	volumes->based = true;
	for (size_t i = volumes->held_count; i > 0; i--)
		if (!volumes_holds(volumes->daemon, volumes->held[i - 1]))
			end_hold(volumes, i - 1);
}

/* Allowances. */

/* The oldest is used first; what is more than all of them is nobody's. */
static void use_allowances(struct daemon *daemon, const struct brake *brake, const struct volume *before)
{
	const struct scope_key key = policy_brake_key(brake->customer);
	struct decision *const *on;
	size_t count = ledger_on(&daemon->ledger, &key, &on);
	uint64_t ended[8], generation;
	size_t ends = 0;

	for (size_t i = 0; i < count && ends < sizeof(ended) / sizeof(ended[0]); i++) {
		int kind = decision_counts(on[i]);
		double sent = brake->hour.kind[kind - USUAL_FIRST] - before->kind[kind - USUAL_FIRST];
		if (sent <= 0)
			continue;
		on[i]->used += (uint64_t)sent;
		journal_use(daemon->journal, on[i]->id, on[i]->used);
		if (on[i]->used >= on[i]->limits.kind[kind].amount)
			ended[ends++] = on[i]->id;
	}
	if (ends > 0)
		daemon_end_all(daemon, ended, ends, "used up", &generation);
}

static void take_volume(struct volumes *volumes, const struct wire_ROW_VOLUME *row)
{
	struct brake *brake = brakes_make(&volumes->daemon->brakes, row->customer);

	if (brake == NULL)
		return;
	const struct volume before = brake->hour;
	brake_told(brake, row);
	if (brake->apart) /* as all who are allowed more are: there may be very many others */
		use_allowances(volumes->daemon, brake, &before);
}

static void on_allowed(void *context, const struct rows *rows)
{
	struct volumes *volumes = context;

	for (uint32_t i = 0; rows != NULL && i < rows->count; i++)
		take_volume(volumes, (const struct wire_ROW_VOLUME *)rows->row + i);
}

static void ask(struct volumes *volumes, uint32_t customer, bool held,
		void (*done)(void *context, const struct rows *rows))
{
	const struct wire_QUERY query = {
		.what = QUERY_VOLUMES, .customer = customer, .provider = ID_ANY, .scope = SCOPES, .waiting = held
	};

	if (link_query(volumes->daemon->link, &query, done, volumes) < 0)
		done(volumes, NULL);
}

static void ask_allowed(struct volumes *volumes)
{
	const struct ledger *ledger = &volumes->daemon->ledger;
	const struct scope_key from = policy_brake_key(0);
	uint32_t last = 0;

	for (size_t i = ledger_from(ledger, &from); i < ledger->count && ledger->by_scope.at[i]->action == DECIDE_ALLOW;
	     i++) {
		uint32_t customer = ledger->by_scope.at[i]->key.customer;
		struct brake *brake = brakes_make(&volumes->daemon->brakes, customer);
		if (brake != NULL)
			brake->apart = true;
		if (customer != last)
			ask(volumes, customer, false, on_allowed);
		last = customer;
	}
}

/* Hours. */

static void learn_hour(struct volumes *volumes, unsigned hour, bool whole)
{
	struct daemon *daemon = volumes->daemon;

	for (size_t i = 0; i < daemon->brakes.room; i++) {
		struct brake *brake = daemon->brakes.of[i];
		if (brake == NULL)
			continue;
		brake->changed = whole && config_customer_of(daemon->config, (uint32_t)i) != NULL &&
				 brake_learn(brake, settings_of(volumes), hour);
		brake_next_hour(brake);
	}
	volumes->learned = hour;
	volumes->stored = 0;
}

static void tell_gate(const struct volumes *volumes)
{
	struct daemon *daemon = volumes->daemon;

	if (settings_of(volumes)->brake_mode != BRAKE_HOLD)
		return;
	link_hold(daemon->link);
	for (size_t i = 0; i < daemon->brakes.room; i++) {
		const struct scope_key key = policy_brake_key((uint32_t)i);
		if (daemon->brakes.of[i] != NULL)
			link_want_scope(daemon->link, &key, DECIDE_LIMIT);
	}
	link_go(daemon->link);
}

/* All there is was asked for. */
static void on_all(void *context, const struct rows *rows)
{
	struct volumes *volumes = context;
	const struct hours_heard heard = { wall_ms() / 1000, steady_usec(), link_status(volumes->daemon->link)->pid,
					   rows != NULL };
	unsigned before = usual_hour_of(volumes->hours.hour * USUAL_HOUR_S);

	for (uint32_t i = 0; rows != NULL && i < rows->count; i++)
		take_volume(volumes, (const struct wire_ROW_VOLUME *)rows->row + i);
	enum hours_turn turn = hours_hear(&volumes->hours, &heard);
	if (turn == HOUR_GOES_ON)
		return;
	learn_hour(volumes, before, turn == HOUR_WHOLE);
	volumes->daemon->brakes.hour = usual_hour_of(heard.unix_s);
	tell_gate(volumes);
}

/* Some of what was learned goes to the journal, so that orders have their turn. */
static void store_some(struct volumes *volumes)
{
	const struct brakes *brakes = &volumes->daemon->brakes;
	struct brake *some[STORED_AT_ONCE];
	size_t count = 0, at = volumes->stored;

	for (; at < brakes->room && count < STORED_AT_ONCE; at++)
		if (brakes->of[at] != NULL && brakes->of[at]->changed)
			some[count++] = brakes->of[at];
	if (count > 0 && journal_put_usual(volumes->daemon->journal, volumes->learned, some, count) < 0)
		return; /* again at the next look */
	for (size_t i = 0; i < count; i++)
		some[i]->changed = false;
	volumes->stored = at;
}

void volumes_look(struct volumes *volumes)
{
	enum brake_mode mode = (enum brake_mode)settings_of(volumes)->brake_mode;
	int64_t hour = wall_ms() / 1000 / USUAL_HOUR_S;

	if (mode == BRAKE_HOLD)
		ask(volumes, ID_ANY, true, on_held);
	if (mode != BRAKE_OFF)
		ask_allowed(volumes);
	while (mode != BRAKE_HOLD && volumes->held_count > 0)
		end_hold(volumes, volumes->held_count - 1);
	if (mode != BRAKE_OFF &&
	    (hour != volumes->hours.hour || steady_usec() - volumes->hours.heard_usec > ASK_ALL_USEC))
		ask(volumes, ID_ANY, false, on_all);
	store_some(volumes);
}

static int on_look(sd_event_source *source, uint64_t usec, void *context)
{
	(void)usec;
	volumes_look(context);
	sd_event_source_set_time_relative(source, LOOK_USEC);
	sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	return 0;
}

static void restore(void *context, uint32_t customer, unsigned hour, const struct usual_hour *usual)
{
	struct brake *brake = brakes_make(context, customer);

	if (brake != NULL)
		brake->usual.hour[hour] = *usual;
}

int volumes_restore(struct daemon *daemon)
{
	daemon->brakes.hour = usual_hour_of(wall_ms() / 1000);
	return journal_usual(daemon->journal, restore, &daemon->brakes);
}

int volumes_create(struct daemon *daemon, struct volumes **ret_volumes)
{
	struct volumes *volumes = calloc(1, sizeof(*volumes));

	if (volumes == NULL)
		return -ENOMEM;
	volumes->daemon = daemon;
	int ret = sd_event_add_time_relative(daemon->event, &volumes->timer, CLOCK_MONOTONIC, LOOK_USEC, 1000, on_look,
					     volumes);
	if (ret < 0) {
		free(volumes);
		return ret;
	}
	*ret_volumes = volumes;
	return 0;
}

void volumes_destroy(struct volumes *volumes)
{
	if (volumes == NULL)
		return;
	sd_event_source_disable_unref(volumes->timer);
	free(volumes->held);
	free(volumes);
}
