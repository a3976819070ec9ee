/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/request.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <microhttpd.h>
#include <systemd/sd-event.h>

#include "api/exchange.h"
#include "api/listener.h"
#include "api/route.h"
#include "api/tidings.h"
#include "clocks.h"
#include "commands/commands_table.h"
#include "daemon.h"

#define ENFORCE_USEC 5000000u

struct pending {
	struct request request;	   /* first: handlers get its address */
	struct exchange *exchange; /* NULL: went away */
	char author[AUTHOR_MAX];
	sd_event_source *timer;
	uint64_t received_usec;
	struct pending *next;
};

static void end_pending(struct pending *pending)
{
	for (struct pending **link = &pending->request.daemon->pending; *link != NULL; link = &(*link)->next) {
		if (*link != pending)
			continue;
		*link = pending->next;
		break;
	}
	if (pending->request.work != NULL)
		pending->request.drop(pending->request.work);
	sd_event_source_disable_unref(pending->timer);
	json_decref(pending->request.args);
	json_decref(pending->request.reply);
	free(pending);
}

void request_end_all(struct daemon *daemon)
{
	while (daemon->pending != NULL)
		end_pending(daemon->pending);
}

void request_forget(struct daemon *daemon, const struct exchange *exchange)
{
	for (struct pending *pending = daemon->pending; pending != NULL; pending = pending->next)
		if (pending->exchange == exchange)
			pending->exchange = NULL;
}

static void answer(struct pending *pending, unsigned status, json_t *reply)
{
	struct exchange *exchange = pending->exchange;

	end_pending(pending);
	if (exchange != NULL)
		exchange_answer(exchange, status, reply);
	else
		json_decref(reply);
}

void request_reply(struct request *request, json_t *reply)
{
	answer((struct pending *)request, MHD_HTTP_OK, reply);
}

struct feed *request_feed(struct request *request, void (*ended)(void *context, struct feed *feed), void *context)
{
	struct exchange *exchange = ((struct pending *)request)->exchange;
	struct feed *feed = exchange != NULL ? exchange_feed(exchange, ended, context) : NULL;

	if (feed != NULL)
		end_pending((struct pending *)request);
	else
		request_refuse(request, NULL, "no memory");
	return feed;
}

static void answer_refusal(struct request *request, const struct refusal *refusal)
{
	answer((struct pending *)request, refusal->status, refusal_reply(refusal));
}

void request_note(const struct request *request, const char *what, const char *text)
{
	struct event event = { .at_ms = wall_ms() };

	snprintf(event.what, sizeof(event.what), "%s", what);
	snprintf(event.author, sizeof(event.author), "%s", request->author);
	snprintf(event.text, sizeof(event.text), "%s", text);
	journal_note(request->daemon->journal, &event);
}

void request_refuse(struct request *request, const char *field, const char *format, ...)
{
	char text[sizeof(((struct refusal *)0)->text)];
	struct refusal refusal;
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	refuse(&refusal, field != NULL ? MHD_HTTP_UNPROCESSABLE_CONTENT : MHD_HTTP_SERVICE_UNAVAILABLE, field, "%s",
	       text);
	answer_refusal(request, &refusal);
}

void request_add_message(json_t *reply, const char *more)
{
	const char *message = json_string_value(json_object_get(reply, "message"));
	char text[1536];

	snprintf(text, sizeof(text), "%s%s", message != NULL ? message : "", more);
	json_object_set_new(reply, "message", json_string(text));
}

/* The reply that waited, with what became of it: it is enforced, or `meanwhile` says why it is only stored. */
static void answer_enforced(struct pending *pending, const char *meanwhile)
{
	bool enforced = meanwhile == NULL;
	json_t *reply = pending->request.reply;
	double ms = (double)(steady_usec() - pending->received_usec) / 1000.0;
	char more[128];

	pending->request.reply = NULL;
	json_object_set_new(reply, "enforced", json_boolean(enforced));
	if (enforced) {
		pending->request.daemon->enforced[histogram_cell((uint64_t)(ms * 1e6))]++;
		json_object_set_new(reply, "enforced_ms", json_real(ms));
		snprintf(more, sizeof(more), ", enforced in %.1f ms", ms);
	} else {
		snprintf(more, sizeof(more), ", stored; %s", meanwhile);
	}
	request_add_message(reply, more);
	const char *note = json_string_value(json_object_get(reply, "note"));
	if (note != NULL)
		request_add_message(reply, note);
	json_object_del(reply, "note");
	answer(pending, enforced ? MHD_HTTP_OK : MHD_HTTP_ACCEPTED, reply);
}

static const char gate_away[] = "the gate does not answer, and will enforce it when it is back";

static int on_enforce_timeout(sd_event_source *source, uint64_t usec, void *context)
{
	(void)source, (void)usec;
	answer_enforced(context, gate_away);
	return 0;
}

void request_when_enforced(struct request *request, json_t *reply, uint64_t generation)
{
	struct pending *pending = (struct pending *)request;
	const struct link_status *status = link_status(request->daemon->link);

	json_object_set_new(reply, "generation", json_integer((json_int_t)generation));
	request->reply = reply;
	request->generation = generation;
	if (!status->connected)
		answer_enforced(pending, gate_away);
	else if (status->enforced >= generation)
		answer_enforced(pending, NULL);
	else
		/* From now on, not from the loop's turn, which an import may have made a long one. */
		sd_event_add_time(request->daemon->event, &pending->timer, CLOCK_MONOTONIC,
				  steady_usec() + ENFORCE_USEC, 1000, on_enforce_timeout, pending);
}

void request_enforced(void *context, uint64_t generation)
{
	struct daemon *daemon = context;
	struct pending *next;

	tell_enforced(daemon, generation);
	for (struct pending *pending = daemon->pending; pending != NULL; pending = next) {
		next = pending->next;
		if (pending->request.generation == 0 || pending->request.generation > generation)
			continue;
		answer_enforced(pending, NULL);
	}
}

void request_stored(struct daemon *daemon)
{
	struct pending *next;

	for (struct pending *pending = daemon->pending; pending != NULL; pending = next) {
		next = pending->next;
		if (pending->request.generation != 0)
			answer_enforced(pending, "the daemon is going, and has it enforced when it is back");
	}
}

const char *request_text(const struct request *request, const char *name)
{
	return json_string_value(json_object_get(request->args, name));
}

bool request_flag(const struct request *request, const char *name)
{
	return json_is_true(json_object_get(request->args, name));
}

uint64_t request_count(const struct request *request, const char *name, uint64_t otherwise)
{
	const json_t *value = json_object_get(request->args, name);

	return value != NULL ? (uint64_t)json_integer_value(value) : otherwise;
}

/* The command that is meant, allowed, and has the arguments it needs; false: refused. */
static bool understand(struct request *request, enum right right, const struct asked *asked, struct refusal *refusal)
{
	request->command = route_find(asked->method, asked->path, &request->args, refusal);
	if (request->command == NULL)
		return false;
	if (request->command->right == RIGHT_ADMIN && right != RIGHT_ADMIN)
		return refuse(refusal, MHD_HTTP_FORBIDDEN, NULL, "%s needs the admin right", request->command->name);
	return route_fill(request->command, request->args, asked->query, refusal) &&
	       route_body(request->command, request->args, asked->body, asked->size, refusal) &&
	       route_complete(request->command, request->args, refusal);
}

void request_begin(struct daemon *daemon, struct exchange *exchange, const struct who *who, const struct asked *asked)
{
	struct pending *pending = calloc(1, sizeof(*pending));
	struct refusal refusal;

	if (pending == NULL) {
		exchange_answer(exchange, MHD_HTTP_SERVICE_UNAVAILABLE, NULL);
		return;
	}
	snprintf(pending->author, sizeof(pending->author), "%s", who->author);
	pending->exchange = exchange;
	pending->received_usec = steady_usec();
	pending->request.daemon = daemon;
	pending->request.author = pending->author;
	pending->next = daemon->pending;
	daemon->pending = pending;
	if (understand(&pending->request, who->right, asked, &refusal))
		command_handlers[pending->request.command - commands](&pending->request);
	else
		answer_refusal(&pending->request, &refusal);
}
