/* SPDX-License-Identifier: BSD-3-Clause */
/* What was done: audit, all of it; history, what was decided on a customer's mail, or on another scope's. */
#include <stdio.h>

#include "clocks.h"
#include "commands/cmd_rows.h"
#include "commands/commands_table.h"
#include "customers/customer_text.h"
#include "customers/pool.h"
#include "daemon.h"
#include "ledger/scope_text.h"
#include "units.h"

#define EVENTS_SHOWN 100

static void add_event(void *context, const struct event *event)
{
	json_t *decision = event->decision != 0 ? json_integer((json_int_t)event->decision) : json_null();

	json_array_append_new(context, json_pack("{s:I, s:o, s:s, s:o, s:s, s:s}", "id", (json_int_t)event->id, "at",
						 row_time(event->at_ms), "what", event->what, "decision", decision,
						 "author", event->author, "text", event->text));
}

/* What both take. */
static void set_page(const struct request *request, struct event_filter *filter)
{
	const char *since = request_text(request, "since");
	uint64_t ns = 0;

	if (since != NULL && duration_parse(since, &ns) == 0)
		filter->since_ms = wall_ms() - (int64_t)(ns / 1000000);
	filter->before = request_count(request, "before", 0);
	filter->most = (uint32_t)request_count(request, "most", EVENTS_SHOWN);
}

/* One more than is shown is asked for, so as to know whether there is one. */
static void answer(struct request *request, struct event_filter *filter)
{
	json_t *rows = json_array(), *reply = rows_reply(rows);
	size_t most = filter->most++;
	char text[96];

	if (journal_events(request->daemon->journal, filter, add_event, rows) < 0) {
		json_decref(reply);
		request_refuse(request, NULL, "the journal cannot be read; the daemon's log says why");
		return;
	}
	bool cut = json_array_size(rows) > most;
	if (cut)
		json_array_remove(rows, most);
	json_object_set_new(reply, "cut", json_boolean(cut));
	if (cut) {
		const json_t *last = json_array_get(rows, most - 1);
		snprintf(text, sizeof(text), "the newest %zu; --before %lld shows what came before", most,
			 (long long)json_integer_value(json_object_get(last, "id")));
		request_add_message(reply, text);
	}
	request_reply(request, reply);
}

void command_AUDIT(struct request *request)
{
	struct event_filter filter = { .decision = request_count(request, "decision", 0) };

	set_page(request, &filter);
	answer(request, &filter);
}

void command_HISTORY(struct request *request)
{
	char scope[SCOPE_TEXT_MAX], error[SCOPE_ERROR_MAX] = "too long for a scope";
	struct event_filter filter = { .scope = scope };
	char member[CUSTOMER_NAME_MOST + 1];
	struct scope_key key;

	bool complete = scope_complete(request_text(request, "scope"), scope, sizeof(scope));
	if (complete) /* of a pool's member: the pool's */
		pool_in_scope(request->daemon->config, scope, sizeof(scope), member);
	if (!complete || daemon_known_scope(request->daemon, scope, &key, error) < 0) {
		request_refuse(request, "scope", "%s", error);
		return;
	}
	set_page(request, &filter);
	answer(request, &filter);
}
