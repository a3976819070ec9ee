/* SPDX-License-Identifier: BSD-3-Clause */
/* What is wrong now; or all that could be. */
#include "alarms/alarms.h"

#include <stdio.h>
#include <string.h>

#include "api/route.h"
#include "commands/cmd_rows.h"
#include "commands/commands_table.h"
#include "daemon.h"

/* What is told of an alarm, on or off; of one that has none, detail and subject are "". */
struct telling {
	const char *subject, *detail;
	int64_t since_ms;
};

/* What the gate counts is an alarm for each of its states. */
static const struct fault_row *fault_of(enum alarm_kind kind, const char *subject)
{
	enum fault fault = kind == ALARM_GATE_COUNTS ? fault_find(subject, strlen(subject)) : FAULTS;

	return fault != FAULTS ? &fault_rows[fault] : NULL;
}

static json_t *alarm_row(const struct alarms *alarms, enum alarm_kind kind, const struct telling *telling)
{
	const struct alarm_row *row = &alarm_rows[kind];
	const struct fault_row *fault = fault_of(kind, telling->subject);
	char what[ALARM_DETAIL_MAX + 256];

	if (fault != NULL)
		snprintf(what, sizeof(what), "%s", telling->detail);
	else
		snprintf(what, sizeof(what), "%s%s%s", row->meaning, telling->detail[0] != '\0' ? ": " : "",
			 telling->detail);
	text_ascii(what);
	return json_pack("{s:s, s:s, s:o, s:s, s:I, s:s, s:s}", "alarm", row->name, "subject", telling->subject,
			 "since", row_time(telling->since_ms), "meanwhile",
			 meanwhile_names[fault != NULL ? fault->meanwhile : row->meanwhile], "raised",
			 (json_int_t)alarms->raised[kind], "what", what, "advice",
			 fault != NULL ? fault->advice : row->advice);
}

static void add_on(json_t *rows, const struct alarms *alarms)
{
	for (size_t i = 0; i < alarms->count; i++) {
		const struct alarm *alarm = &alarms->alarm[i];
		json_array_append_new(rows,
				      alarm_row(alarms, alarm->kind,
						&(struct telling){ alarm->subject, alarm->detail, alarm->since_ms }));
	}
}

static bool is_on(const struct alarms *alarms, enum alarm_kind kind)
{
	for (size_t i = 0; i < alarms->count; i++)
		if (alarms->alarm[i].kind == kind)
			return true;
	return false;
}

/* Those that could be. */
static void add_off(json_t *rows, const struct alarms *alarms)
{
	for (int kind = 0; kind < ALARMS; kind++)
		if (kind != ALARM_GATE_COUNTS && !is_on(alarms, kind))
			json_array_append_new(rows, alarm_row(alarms, kind, &(struct telling){ "", "", 0 }));
	for (int i = 0; i < FAULTS; i++) {
		const struct fault_row *row = &fault_rows[i];
		if (row->loud && alarms_find(alarms, ALARM_GATE_COUNTS, row->name) == NULL)
			json_array_append_new(rows, alarm_row(alarms, ALARM_GATE_COUNTS,
							      &(struct telling){ row->name, row->meaning, 0 }));
	}
}

void command_ALARMS(struct request *request)
{
	const struct alarms *alarms = &request->daemon->alarms;
	json_t *rows = json_array();

	add_on(rows, alarms);
	if (request_flag(request, "all"))
		add_off(rows, alarms);
	json_t *reply = rows_reply(rows);
	json_object_set_new(reply, "on", json_integer((json_int_t)alarms->count));
	request_reply(request, reply);
}
