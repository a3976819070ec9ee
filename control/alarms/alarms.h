/* SPDX-License-Identifier: BSD-3-Clause */
/* What is wrong now, and since when. Whoever sees that something is wrong raises its alarm, again and again if he
 * likes, and clears it when it is good again; the log says it once. An alarm has a subject (a provider, a counter)
 * or none. Time is an argument, wall clock in ms: it is shown, and decides nothing. */
#ifndef SLUICE_ALARMS_H
#define SLUICE_ALARMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "counters.h"

enum alarm_kind {
#define ALARM(kind, name, meanwhile, meaning, advice) ALARM_##kind,
#include "alarms/alarms.def"
#undef ALARM
	ALARMS
};

struct alarm_row {
	const char *name, *meaning, *advice;
	enum meanwhile meanwhile;
};

extern const struct alarm_row alarm_rows[ALARMS];

#define ALARM_SUBJECT_MAX 80
#define ALARM_DETAIL_MAX 256

struct alarm {
	enum alarm_kind kind;
	char subject[ALARM_SUBJECT_MAX]; /* empty: none */
	char detail[ALARM_DETAIL_MAX];	 /* as raised last */
	int64_t since_ms, last_ms;	 /* raised first, last */
};

struct alarms {
	struct alarm *alarm; /* those that are on, the oldest first */
	size_t count;
	uint64_t raised[ALARMS]; /* so often went on since the start, for the metrics */
	uint64_t lost;		 /* found no room */
	/* Told what goes on and off; NULL: nobody is. */
	void (*changed)(void *context, const struct alarm *alarm, bool on);
	void *context;
};

/* `detail` is printf's. True if it was off before. */
bool alarms_raise(struct alarms *alarms, enum alarm_kind kind, const char *subject, int64_t now_ms, const char *detail,
		  ...) __attribute__((format(printf, 5, 6)));

/* True if it was on. */
bool alarms_clear(struct alarms *alarms, enum alarm_kind kind, const char *subject, int64_t now_ms);

/* NULL: it is off. */
struct alarm *alarms_find(const struct alarms *alarms, enum alarm_kind kind, const char *subject);

void alarms_finish(struct alarms *alarms);

#endif
