/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/tidings.h"

#include <stdio.h>

#include "api/hub.h"
#include "api/route.h"

#define TEXT_MAX 768

static void tell_decision(const struct daemon *daemon, const char *event, const struct decision *decision,
			  const char *author, char *text)
{
	text_ascii(text);
	hub_tell(daemon->hub, event, text,
		 json_pack("{s:I, s:s, s:s}", "decision", (json_int_t)decision->id, "scope", decision->scope, "author",
			   author));
}

void tell_decided(const struct daemon *daemon, const struct decision *decision)
{
	char text[TEXT_MAX];

	snprintf(text, sizeof(text), "%s%s%s%s%s by %s (decision %llu)", decision->scope,
		 decision->values[0] != '\0' ? " " : "", decision->values, decision->reason[0] != '\0' ? ": " : "",
		 decision->reason, decision->author, (unsigned long long)decision->id);
	tell_decision(daemon, decision_action_name[decision->action], decision, decision->author, text);
}

void tell_ended(const struct daemon *daemon, const struct decision *decision, const char *by)
{
	char text[TEXT_MAX];

	snprintf(text, sizeof(text), "%s %s by %s (decision %llu)", decision_action_name[decision->action],
		 decision->scope, by, (unsigned long long)decision->id);
	tell_decision(daemon, "ended", decision, by, text);
}

void tell_superseded(const struct daemon *daemon, const struct decision *decision, const struct decision *by)
{
	char text[64];

	snprintf(text, sizeof(text), "decision %llu", (unsigned long long)by->id);
	tell_ended(daemon, decision, text);
}

void tell_noted(const struct daemon *daemon, const struct event *event)
{
	char text[TEXT_MAX];

	snprintf(text, sizeof(text), "%s, by %s", event->text, event->author);
	text_ascii(text);
	hub_tell(daemon->hub, event->what, text, json_pack("{s:s}", "author", event->author));
}

void tell_enforced(const struct daemon *daemon, uint64_t generation)
{
	hub_tell(daemon->hub, "enforced", "every worker of the gate has seen it",
		 json_pack("{s:I}", "generation", (json_int_t)generation));
}

void tell_alarm(void *context, const struct alarm *alarm, bool on)
{
	const struct daemon *daemon = context;
	char text[TEXT_MAX];

	snprintf(text, sizeof(text), "%s%s%s%s%s%s", alarm_rows[alarm->kind].name, alarm->subject[0] != '\0' ? " " : "",
		 alarm->subject, on ? ": " : "", on ? alarm_rows[alarm->kind].meaning : "", on ? "" : " is over");
	text_ascii(text);
	hub_tell(daemon->hub, on ? "alarm" : "all-clear", text, NULL);
}

void tell_reload(const struct daemon *daemon, bool taken)
{
	hub_tell(daemon->hub, "reload",
		 taken ? "the configuration was read again" : "the configuration is wrong, and was not taken", NULL);
}
