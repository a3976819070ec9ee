/* SPDX-License-Identifier: BSD-3-Clause */
#include "request.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <systemd/sd-event.h>

#include "clocks.h"
#include "commands_table.h"
#include "daemon.h"
#include "serve.h"

#define ENFORCE_USEC 5000000u

struct pending {
	struct request request; /* first: handlers get its address */
	struct client *client;	/* NULL: went away */
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

void request_forget(struct daemon *daemon, const struct client *client)
{
	for (struct pending *pending = daemon->pending; pending != NULL; pending = pending->next)
		if (pending->client == client)
			pending->client = NULL;
}

void request_reply(struct request *request, json_t *reply)
{
	struct client *client = ((struct pending *)request)->client;

	end_pending((struct pending *)request);
	if (client != NULL)
		client_answer(client, reply);
	else
		json_decref(reply);
}

void request_ascii(char *text)
{
	for (; *text != '\0'; text++)
		if (*text < 32 || *text > 126)
			*text = '?';
}

void request_refuse(struct request *request, const char *field, const char *format, ...)
{
	char error[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(error, sizeof(error), format, arguments);
	va_end(arguments);
	request_ascii(error);
	json_t *reply = json_pack("{s:b, s:s}", "ok", 0, "error", error);
	if (reply != NULL && field != NULL)
		json_object_set_new(reply, "field", json_string(field));
	request_reply(request, reply);
}

void request_add_message(json_t *reply, const char *more)
{
	const char *message = json_string_value(json_object_get(reply, "message"));
	char text[1536];

	snprintf(text, sizeof(text), "%s%s", message != NULL ? message : "", more);
	json_object_set_new(reply, "message", json_string(text));
}

/* The reply that waited, with what became of it. */
static void answer_enforced(struct pending *pending, bool enforced)
{
	json_t *reply = pending->request.reply;
	double ms = (double)(steady_usec() - pending->received_usec) / 1000.0;
	char more[128];

	pending->request.reply = NULL;
	json_object_set_new(reply, "enforced", json_boolean(enforced));
	if (enforced) {
		json_object_set_new(reply, "enforced_ms", json_real(ms));
		snprintf(more, sizeof(more), ", enforced in %.1f ms", ms);
	} else {
		snprintf(more, sizeof(more), ", stored; the gate does not answer, and will enforce it when it is back");
	}
	request_add_message(reply, more);
	const char *note = json_string_value(json_object_get(reply, "note"));
	if (note != NULL)
		request_add_message(reply, note);
	json_object_del(reply, "note");
	request_reply(&pending->request, reply);
}

static int on_enforce_timeout(sd_event_source *source, uint64_t usec, void *context)
{
	(void)source, (void)usec;
	answer_enforced(context, false);
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
		answer_enforced(pending, false);
	else if (status->enforced >= generation)
		answer_enforced(pending, true);
	else
		sd_event_add_time_relative(request->daemon->event, &pending->timer, CLOCK_MONOTONIC, ENFORCE_USEC, 1000,
					   on_enforce_timeout, pending);
}

void request_enforced(void *context, uint64_t generation)
{
	struct daemon *daemon = context;
	struct pending *next;

	for (struct pending *pending = daemon->pending; pending != NULL; pending = next) {
		next = pending->next;
		if (pending->request.generation == 0 || pending->request.generation > generation)
			continue;
		answer_enforced(pending, true);
		next = daemon->pending; /* an answer may have brought the next request */
	}
}

const char *request_text(const struct request *request, const char *name)
{
	return json_string_value(json_object_get(request->args, name));
}

bool request_flag(const struct request *request, const char *name)
{
	const json_t *value = json_object_get(request->args, name);
	const char *text = json_string_value(value);

	return json_is_true(value) || (text != NULL && strcmp(text, "yes") == 0);
}

static const struct arg *find_arg(const struct command *command, const char *name)
{
	for (const struct arg *arg = command->args; arg->name != NULL; arg++)
		if (strcmp(arg->name, name) == 0)
			return arg;
	return NULL;
}

static bool is_texts(const json_t *value)
{
	size_t index;
	json_t *item;

	if (!json_is_array(value) || json_array_size(value) == 0)
		return false;
	json_array_foreach((json_t *)value, index, item) if (!json_is_string(item)) return false;
	return true;
}

static bool flag_fits(const json_t *value)
{
	const char *text = json_string_value(value);

	return json_is_boolean(value) || (text != NULL && (strcmp(text, "yes") == 0 || strcmp(text, "no") == 0));
}

static bool value_fits(struct request *request, const struct arg *arg, const json_t *value)
{
	if (arg->type == ARG_FLAG && !flag_fits(value)) {
		request_refuse(request, arg->name, "%s is to be \"yes\" or \"no\"", arg->name);
		return false;
	}
	if (arg->type == ARG_FLAG)
		return true;
	if (arg->many ? !is_texts(value) : !json_is_string(value)) {
		request_refuse(request, arg->name, "%s is to be %s", arg->name,
			       arg->many ? "a list of texts" : "a text");
		return false;
	}
	/* A name that goes on as another scope would be obeyed as that. */
	bool name = arg->type == ARG_CUSTOMER || arg->type == ARG_PROVIDER;
	if (name && strpbrk(json_string_value(value), "/:") != NULL) {
		request_refuse(request, arg->name, "%s is to be a name, without / and :", arg->name);
		return false;
	}
	return true;
}

/* Form only: types, known names, what is required. What a value means is the handler's. */
static bool args_fit(struct request *request)
{
	const char *name;
	json_t *value;

	json_object_foreach(request->args, name, value)
	{
		const struct arg *arg = find_arg(request->command, name);
		if (arg == NULL) {
			request_refuse(request, name, "%s takes no argument \"%.40s\"", request->command->name, name);
			return false;
		}
		if (!value_fits(request, arg, value))
			return false;
	}
	for (const struct arg *arg = request->command->args; arg->name != NULL; arg++) {
		if (!arg->required || json_object_get(request->args, arg->name) != NULL)
			continue;
		request_refuse(request, arg->name, "%s needs %s: %s", request->command->name, arg->name, arg->help);
		return false;
	}
	return true;
}

static void dispatch(struct request *request, enum right right, const char *name)
{
	request->command = name != NULL ? command_find(name) : NULL;
	if (request->command == NULL)
		request_refuse(request, "command", "no command \"%.40s\"", name != NULL ? name : "");
	else if (request->command->right == RIGHT_ADMIN && right != RIGHT_ADMIN)
		request_refuse(request, "command", "%s needs the admin socket", name);
	else if (args_fit(request))
		command_handlers[request->command - commands](request);
}

static void take_object(struct request *request, enum right right, const json_t *object)
{
	json_t *args = json_object_get(object, "args");

	if (args != NULL && !json_is_object(args)) {
		request_refuse(request, "args", "args is to be an object");
		return;
	}
	request->args = args != NULL ? json_incref(args) : json_object();
	dispatch(request, right, json_string_value(json_object_get(object, "command")));
}

void request_begin(struct daemon *daemon, struct client *client, enum right right, const char *author, const char *line,
		   size_t size)
{
	struct pending *pending = calloc(1, sizeof(*pending));
	json_error_t error;

	if (pending == NULL) {
		client_answer(client, NULL);
		return;
	}
	snprintf(pending->author, sizeof(pending->author), "%s", author);
	pending->client = client;
	pending->received_usec = steady_usec();
	pending->request.daemon = daemon;
	pending->request.author = pending->author;
	pending->next = daemon->pending;
	daemon->pending = pending;
	json_t *object = json_loadb(line, size, JSON_REJECT_DUPLICATES, &error);
	if (json_is_object(object))
		take_object(&pending->request, right, object);
	else
		request_refuse(&pending->request, NULL, "not a JSON object: %s (column %d)",
			       object != NULL ? "another type" : error.text, error.column);
	json_decref(object);
}
