/* SPDX-License-Identifier: BSD-3-Clause */
#include "alarms/alarms.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

#define ON_MOST 200 /* more say no more than that very much is wrong */

const struct alarm_row alarm_rows[ALARMS] = {
#define ALARM(kind, name, meanwhile, meaning, advice) [ALARM_##kind] = { name, meaning, advice, MEANWHILE_##meanwhile },
#include "alarms/alarms.def"
#undef ALARM
};

struct alarm *alarms_find(const struct alarms *alarms, enum alarm_kind kind, const char *subject)
{
	for (size_t i = 0; i < alarms->count; i++)
		if (alarms->alarm[i].kind == kind &&
		    strncmp(alarms->alarm[i].subject, subject, ALARM_SUBJECT_MAX - 1) == 0)
			return &alarms->alarm[i];
	return NULL;
}

static struct alarm *turn_on(struct alarms *alarms, enum alarm_kind kind, const char *subject, int64_t now_ms)
{
	struct alarm *grown =
		alarms->count < ON_MOST ? realloc(alarms->alarm, (alarms->count + 1) * sizeof(*alarms->alarm)) : NULL;

	alarms->raised[kind]++;
	if (grown == NULL) {
		alarms->lost++;
		return NULL;
	}
	alarms->alarm = grown;
	struct alarm *alarm = &grown[alarms->count++];
	*alarm = (struct alarm){ .kind = kind, .since_ms = now_ms };
	snprintf(alarm->subject, sizeof(alarm->subject), "%s", subject);
	return alarm;
}

/* "alarm gate-counts (drop-truncated): ..." */
static void say(const struct alarm *alarm)
{
	const struct alarm_row *row = &alarm_rows[alarm->kind];
	bool has = alarm->subject[0] != '\0';

	log_error("alarm %s%s%s%s: %s%s%s", row->name, has ? " (" : "", alarm->subject, has ? ")" : "", row->meaning,
		  alarm->detail[0] != '\0' ? ": " : "", alarm->detail);
}

bool alarms_raise(struct alarms *alarms, enum alarm_kind kind, const char *subject, int64_t now_ms, const char *detail,
		  ...)
{
	struct alarm *alarm = alarms_find(alarms, kind, subject);
	bool off = alarm == NULL;
	va_list arguments;

	if (off)
		alarm = turn_on(alarms, kind, subject, now_ms);
	if (alarm == NULL)
		return false;
	alarm->last_ms = now_ms;
	va_start(arguments, detail);
	vsnprintf(alarm->detail, sizeof(alarm->detail), detail, arguments);
	va_end(arguments);
	if (off)
		say(alarm);
	if (off && alarms->changed != NULL)
		alarms->changed(alarms->context, alarm, true);
	return off;
}

bool alarms_clear(struct alarms *alarms, enum alarm_kind kind, const char *subject, int64_t now_ms)
{
	struct alarm *alarm = alarms_find(alarms, kind, subject);

	if (alarm == NULL)
		return false;
	log_info("alarm %s%s%s is over after %lld s", alarm_rows[kind].name, subject[0] != '\0' ? " " : "", subject,
		 (long long)(now_ms - alarm->since_ms) / 1000);
	if (alarms->changed != NULL)
		alarms->changed(alarms->context, alarm, false);
	alarms->count--;
	memmove(alarm, alarm + 1, (size_t)(alarms->alarm + alarms->count - alarm) * sizeof(*alarm));
	return true;
}

void alarms_finish(struct alarms *alarms)
{
	free(alarms->alarm);
	*alarms = (struct alarms){ 0 };
}
