/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/route.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <microhttpd.h>

#include "arg_json.h"

#define BODY_MOST 4096u

void text_ascii(char *text)
{
	for (; *text != '\0'; text++)
		if (*text < 32 || *text > 126)
			*text = '?';
}

bool refuse(struct refusal *refusal, unsigned status, const char *field, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(refusal->text, sizeof(refusal->text), format, arguments);
	va_end(arguments);
	snprintf(refusal->field, sizeof(refusal->field), "%s", field != NULL ? field : "");
	refusal->status = status;
	text_ascii(refusal->text);
	text_ascii(refusal->field);
	return false;
}

json_t *refusal_reply(const struct refusal *refusal)
{
	json_t *reply = json_pack("{s:b, s:s}", "ok", 0, "error", refusal->text);

	if (reply != NULL && refusal->field[0] != '\0')
		json_object_set_new(reply, "field", json_string(refusal->field));
	return reply;
}

/* Segment by segment; what stands where the template has {name} goes into args. */
static bool path_fits(const char *template, const char *path, json_t *args)
{
	while (*template == '/' && *path == '/') {
		size_t wanted = strcspn(++template, "/"), size = strcspn(++path, "/");
		char name[40];
		if (template[0] == '{' && size > 0) {
			snprintf(name, sizeof(name), "%.*s", (int)wanted - 2, template + 1);
			if (json_object_set_new(args, name, json_stringn(path, size)) < 0)
				return false;
		} else if (size != wanted || memcmp(template, path, size) != 0) {
			return false;
		}
		template += wanted;
		path += size;
	}
	return *template == '\0' && *path == '\0';
}

static bool is_path(const struct command *command, const char *path)
{
	json_t *args = json_object();
	bool fits = path_fits(command->path, path, args);

	json_decref(args);
	return fits;
}

char *route_allow(const char *path, char *out, size_t size)
{
	size_t used = 0;

	out[0] = '\0';
	for (int method = 0; method < METHODS; method++) {
		bool there = method == METHOD_GET && strcmp(path, OPENAPI_PATH) == 0;
		for (int i = 0; i < COMMANDS && !there; i++)
			there = commands[i].method == (enum method)method && is_path(&commands[i], path);
		if (there && used < size)
			used += (size_t)snprintf(out + used, size - used, "%s%s", used > 0 ? ", " : "",
						 method_names[method]);
	}
	return out;
}

static const struct command *match(const char *method, const char *path, json_t *args)
{
	for (int i = 0; i < COMMANDS; i++) {
		json_object_clear(args);
		if (strcmp(method, method_names[commands[i].method]) == 0 && path_fits(commands[i].path, path, args))
			return &commands[i];
	}
	return NULL;
}

/* Puts a text among the arguments if it is of its form. */
static bool take_text(json_t *args, const struct arg *arg, const char *text, struct refusal *refusal)
{
	char error[ARG_ERROR_MAX];
	json_t *list = json_object_get(args, arg->name);

	if (!arg_fits(arg, text, error))
		return refuse(refusal, MHD_HTTP_BAD_REQUEST, arg->name, "%s: %s", arg->name, error);
	if (!arg->many && list != NULL)
		return refuse(refusal, MHD_HTTP_BAD_REQUEST, arg->name, "%s: given twice", arg->name);
	if (arg->many && list == NULL) {
		list = json_array();
		json_object_set_new(args, arg->name, list);
	}
	if (arg->many)
		json_array_append_new(list, arg_json(arg, text));
	else
		json_object_set_new(args, arg->name, arg_json(arg, text));
	return true;
}

/* The argument a request may have under this name; NULL: refused. */
static const struct arg *wanted(const struct command *command, const char *name, struct refusal *refusal)
{
	const struct arg *arg = command_arg(command, name);

	if (arg == NULL)
		refuse(refusal, MHD_HTTP_BAD_REQUEST, name, "%s takes no argument \"%.40s\"", command->name, name);
	return arg;
}

static bool take_texts(json_t *args, const struct arg *arg, const json_t *list, struct refusal *refusal)
{
	size_t index;
	json_t *item;

	if (!arg->many)
		return refuse(refusal, MHD_HTTP_BAD_REQUEST, arg->name, "%s: given twice", arg->name);
	json_array_foreach((json_t *)list, index, item)
	{
		if (!json_is_string(item))
			return refuse(refusal, MHD_HTTP_BAD_REQUEST, arg->name, "%s: not a list of texts", arg->name);
		if (!take_text(args, arg, json_string_value(item), refusal))
			return false;
	}
	return true;
}

bool route_fill(const struct command *command, json_t *args, const json_t *query, struct refusal *refusal)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)query, name, value)
	{
		const struct arg *arg = wanted(command, name, refusal);
		if (arg == NULL)
			return false;
		if (json_is_array(value) ? !take_texts(args, arg, value, refusal)
					 : !take_text(args, arg, json_string_value(value), refusal))
			return false;
	}
	return true;
}

const struct command *route_find(const char *method, const char *path, json_t **ret_args, struct refusal *refusal)
{
	json_t *texts = json_object(), *args = json_object();
	const struct command *command = match(method, path, texts);
	char allowed[32];

	if (command == NULL && route_allow(path, allowed, sizeof(allowed))[0] != '\0')
		refuse(refusal, MHD_HTTP_METHOD_NOT_ALLOWED, NULL, "%.80s takes %s, not %.20s", path, allowed, method);
	else if (command == NULL)
		refuse(refusal, MHD_HTTP_NOT_FOUND, NULL, "nothing at \"%.200s\"; " OPENAPI_PATH " says what there is",
		       path);
	else if (!route_fill(command, args, texts, refusal))
		command = NULL;
	json_decref(texts);
	if (command != NULL)
		*ret_args = args;
	else
		json_decref(args);
	return command;
}

/* What JSON has types for is to be of them. */
static bool take_value(json_t *args, const struct arg *arg, json_t *value, struct refusal *refusal)
{
	char text[24];

	if (arg->many && json_is_array(value))
		return take_texts(args, arg, value, refusal);
	if (arg->many)
		return refuse(refusal, MHD_HTTP_BAD_REQUEST, arg->name, "%s: not a list of texts", arg->name);
	if (arg->type == ARG_FLAG && json_is_boolean(value))
		return take_text(args, arg, json_is_true(value) ? "true" : "false", refusal);
	if (arg->type == ARG_COUNT && json_is_integer(value)) {
		snprintf(text, sizeof(text), "%lld", (long long)json_integer_value(value));
		return take_text(args, arg, text, refusal);
	}
	if (arg->type == ARG_FLAG || arg->type == ARG_COUNT || !json_is_string(value))
		return refuse(refusal, MHD_HTTP_BAD_REQUEST, arg->name, "%s: not %s", arg->name,
			      arg->type == ARG_FLAG    ? "true or false"
			      : arg->type == ARG_COUNT ? "a whole number"
						       : "a text");
	return take_text(args, arg, json_string_value(value), refusal);
}

static bool take_object(const struct command *command, json_t *args, const json_t *object, struct refusal *refusal)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)object, name, value)
	{
		const struct arg *arg = wanted(command, name, refusal);
		if (arg == NULL || !take_value(args, arg, value, refusal))
			return false;
	}
	return true;
}

bool route_body(const struct command *command, json_t *args, const char *body, size_t size, struct refusal *refusal)
{
	json_error_t error;

	if (size == 0)
		return true;
	if (command->method != METHOD_POST)
		return refuse(refusal, MHD_HTTP_BAD_REQUEST, NULL, "a GET takes no body: arguments go into the query");
	json_t *object = json_loadb(body, size, JSON_REJECT_DUPLICATES, &error);
	bool taken;
	if (json_is_object(object))
		taken = take_object(command, args, object, refusal);
	else
		taken = refuse(refusal, MHD_HTTP_BAD_REQUEST, NULL, "the body is not a JSON object: %s (column %d)",
			       object != NULL ? "another type" : error.text, object != NULL ? 1 : error.column);
	json_decref(object);
	return taken;
}

size_t route_body_most(const char *method, const char *path)
{
	json_t *args = json_object();
	const struct command *command = match(method, path, args);
	size_t most = BODY_MOST;

	for (const struct arg *arg = command != NULL ? command->args : NULL; arg != NULL && arg->name != NULL; arg++)
		if (arg->type == ARG_FILE)
			most = 2ul * ARG_FILE_MOST; /* as JSON writes it */
	json_decref(args);
	return most;
}

bool route_complete(const struct command *command, const json_t *args, struct refusal *refusal)
{
	for (const struct arg *arg = command->args; arg->name != NULL; arg++)
		if (arg->required && json_object_get(args, arg->name) == NULL)
			return refuse(refusal, MHD_HTTP_BAD_REQUEST, arg->name, "%s needs %s: %s", command->name,
				      arg->name, arg->help);
	return true;
}
