/* SPDX-License-Identifier: BSD-3-Clause */
/* What is wrong now; or all that could be. */
#include "alarms/alarms.h"

#include <stdio.h>

#include "api/route.h"
#include "commands/cmd_rows.h"
#include "commands/commands_table.h"
#include "daemon.h"

/* `alarm` NULL: it is off. */
static json_t *alarm_row(const struct alarms *alarms, enum alarm_kind kind, const struct alarm *alarm)
{
	const struct alarm_row *row = &alarm_rows[kind];
	bool more = alarm != NULL && alarm->detail[0] != '\0';
	char what[ALARM_DETAIL_MAX + 256];

	snprintf(what, sizeof(what), "%s%s%s", row->meaning, more ? ": " : "", more ? alarm->detail : "");
	text_ascii(what);
	return json_pack("{s:s, s:s, s:o, s:s, s:I, s:s, s:s}", "alarm", row->name, "subject",
			 alarm != NULL ? alarm->subject : "", "since", row_time(alarm != NULL ? alarm->since_ms : 0),
			 "meanwhile", meanwhile_names[row->meanwhile], "raised", (json_int_t)alarms->raised[kind],
			 "what", what, "advice", row->advice);
}

static bool is_on(const struct alarms *alarms, enum alarm_kind kind)
{
	for (size_t i = 0; i < alarms->count; i++)
		if (alarms->alarm[i].kind == kind)
			return true;
	return false;
}

void command_ALARMS(struct request *request)
{
	const struct alarms *alarms = &request->daemon->alarms;
	json_t *rows = json_array();

	for (size_t i = 0; i < alarms->count; i++)
		json_array_append_new(rows, alarm_row(alarms, alarms->alarm[i].kind, &alarms->alarm[i]));
	for (int kind = 0; request_flag(request, "all") && kind < ALARMS; kind++)
		if (!is_on(alarms, kind))
			json_array_append_new(rows, alarm_row(alarms, kind, NULL));
	json_t *reply = rows_reply(rows);
	json_object_set_new(reply, "on", json_integer((json_int_t)alarms->count));
	request_reply(request, reply);
}
