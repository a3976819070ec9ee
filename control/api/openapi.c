/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/openapi.h"

#include <stdio.h>

#include "api/route.h"
#include "arg.h"
#include "commands.h"
#include "commands/metrics.h"

/* Answers that are no 2xx; each is a Refusal. */
static const struct {
	const char *status, *what;
	bool orders; /* of those that change something only */
} refusals[] = {
	{ "400", "not of the form: the body, or the argument that `field` names", false },
	{ "401", "over TLS: no token, and no certificate, that is known", false },
	{ "403", "needs the admin right", true },
	{ "413", "the body is too long", true },
	{ "415", "the body is not application/json", true },
	{ "422", "of the form, but it cannot be: `field` names the argument", false },
	{ "503",
	  "not now: the gate is away, the journal cannot be written, or the daemon is going; nothing was changed, or "
	  "it says what was",
	  false },
};

static json_t *text_schema(const struct arg *arg)
{
	const struct arg_form *form = &arg_forms[arg->type];
	json_t *schema =
		json_pack("{s:s, s:i, s:i}", "type", "string", "minLength", 1, "maxLength", (int)form->longest);

	if (form->pattern != NULL)
		json_object_set_new(schema, "pattern", json_string(form->pattern));
	return schema;
}

static json_t *choice_schema(const struct arg *arg)
{
	json_t *words = json_array();
	const char *word;
	size_t size;

	for (unsigned i = 0; arg_choice(arg, i, &word, &size); i++)
		json_array_append_new(words, json_stringn(word, size));
	return json_pack("{s:s, s:o}", "type", "string", "enum", words);
}

static json_t *arg_schema(const struct arg *arg)
{
	if (arg->type == ARG_CHOICE)
		return choice_schema(arg);
	if (arg->type == ARG_FLAG)
		return json_pack("{s:s}", "type", "boolean");
	if (arg->type == ARG_COUNT)
		return json_pack("{s:s, s:i, s:I}", "type", "integer", "minimum", 1, "maximum",
				 (json_int_t)(arg->most != 0 ? arg->most : INT64_MAX));
	if (arg->many)
		return json_pack("{s:s, s:i, s:o}", "type", "array", "minItems", 1, "items", text_schema(arg));
	return text_schema(arg);
}

/* A reply's value; null is what nobody knows now. */
static json_t *value_schema(enum column_type type)
{
	static const char *const names[] = {
		[COLUMN_TEXT] = "string", [COLUMN_NUMBER] = "integer", [COLUMN_US] = "number",
		[COLUMN_MS] = "number",	  [COLUMN_BYTES] = "integer",  [COLUMN_RATE] = "number",
		[COLUMN_TIME] = "string", [COLUMN_UNTIL] = "string",   [COLUMN_AGO] = "string",
		[COLUMN_YES] = "boolean", [COLUMN_LIST] = "array",     [COLUMN_OBJECT] = "object",
	};
	json_t *schema = json_pack("{s:[s, s]}", "type", names[type], "null");

	if (type == COLUMN_TIME || type == COLUMN_UNTIL || type == COLUMN_AGO)
		json_object_set_new(schema, "format", json_string("date-time"));
	return schema;
}

static json_t *row_schema(const struct command *command)
{
	json_t *properties = json_object(), *required = json_array();

	for (const struct column *column = command->columns; column->key != NULL; column++) {
		json_object_set_new(properties, column->key, value_schema(column->type));
		json_array_append_new(required, json_string(column->key));
	}
	return json_pack("{s:s, s:o, s:o, s:b}", "type", "object", "properties", properties, "required", required,
			 "additionalProperties", 0);
}

static json_t *reply_schema(const struct command *command)
{
	json_t *required = json_pack("[s]", "ok");
	json_t *properties = json_pack("{s:{s:b}, s:{s:s, s:s}}", "ok", "const", 1, "message", "type", "string",
				       "description", "for people");

	for (const struct field *field = command->fields; field->key != NULL; field++) {
		json_t *schema = value_schema(field->type);
		json_object_set_new(schema, "description", json_string(field->help));
		json_object_set_new(properties, field->key, schema);
	}
	if (command->columns[0].key != NULL) {
		json_object_set_new(properties, "rows",
				    json_pack("{s:s, s:o}", "type", "array", "items", row_schema(command)));
		if (command->method == METHOD_GET)
			json_array_append_new(required, json_string("rows"));
	}
	return json_pack("{s:s, s:o, s:o, s:b}", "type", "object", "properties", properties, "required", required,
			 "additionalProperties", 0);
}

/* A line of an answer that goes on: its columns, and what else there is to say of some of them. */
static json_t *line_schema(const struct command *command)
{
	json_t *schema = row_schema(command), *properties = json_object_get(schema, "properties");

	for (const struct field *field = command->fields; field->key != NULL; field++) {
		json_t *value = value_schema(field->type);
		json_object_set_new(value, "description", json_string(field->help));
		json_object_set_new(properties, field->key, value);
	}
	return schema;
}

static json_t *content(json_t *schema)
{
	return json_pack("{s:{s:o}}", "application/json", "schema", schema);
}

/* Arguments of the path and of a GET's query. */
static json_t *parameters(const struct command *command)
{
	json_t *list = json_array();

	for (const struct arg *arg = command->args; arg->name != NULL; arg++) {
		bool in_path = command_in_path(command, arg);
		if (!in_path && command->method == METHOD_POST)
			continue;
		json_array_append_new(list, json_pack("{s:s, s:s, s:b, s:s, s:o}", "name", arg->name, "in",
						      in_path ? "path" : "query", "required", in_path || arg->required,
						      "description", arg->help, "schema", arg_schema(arg)));
	}
	return list;
}

static json_t *request_body(const struct command *command)
{
	json_t *properties = json_object(), *required = json_array();

	for (const struct arg *arg = command->args; arg->name != NULL; arg++) {
		if (command_in_path(command, arg))
			continue;
		json_t *schema = arg_schema(arg);
		json_object_set_new(schema, "description", json_string(arg->help));
		json_object_set_new(properties, arg->name, schema);
		if (arg->required)
			json_array_append_new(required, json_string(arg->name));
	}
	json_t *schema = json_pack("{s:s, s:o, s:o, s:b}", "type", "object", "properties", properties, "required",
				   required, "additionalProperties", 0);
	return json_pack("{s:b, s:o}", "required", 1, "content", content(schema));
}

/* What goes well. */
static json_t *done(const struct command *command)
{
	if (command->method == METHOD_WATCH)
		return json_pack("{s:s, s:{s:{s:o}}}", "description", "a line for each, as they happen", "content",
				 "application/x-ndjson", "schema", line_schema(command));
	if (command->method == METHOD_PAGE)
		return json_pack("{s:s, s:{s:{s:{s:s}}}}", "description", "a page of text", "content", METRICS_TYPE,
				 "schema", "type", "string");
	return json_pack("{s:s, s:o}", "description",
			 command->method == METHOD_POST ? "done, and enforced by the gate" : "done", "content",
			 content(reply_schema(command)));
}

static json_t *responses(const struct command *command)
{
	bool orders = command->method == METHOD_POST;
	json_t *list = json_pack("{s:o}", "200", done(command));

	if (orders)
		json_object_set_new(list, "202",
				    json_pack("{s:s, s:o}", "description",
					      "stored; the gate will enforce it when it is back", "content",
					      content(reply_schema(command))));
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		if (refusals[i].orders && !orders)
			continue;
		json_object_set_new(list, refusals[i].status,
				    json_pack("{s:s, s:o}", "description", refusals[i].what, "content",
					      content(json_pack("{s:s}", "$ref", "#/components/schemas/Refusal"))));
	}
	return list;
}

static json_t *operation(const struct command *command)
{
	char example[320];

	snprintf(example, sizeof(example), "As typed: sluicectl %s", command->example);
	json_t *operation =
		json_pack("{s:s, s:s, s:s, s:s, s:o, s:o}", "operationId", command->name, "summary", command->help,
			  "description", example, "x-right", command->right == RIGHT_ADMIN ? "admin" : "read",
			  "parameters", parameters(command), "responses", responses(command));

	if (command->method == METHOD_POST)
		json_object_set_new(operation, "requestBody", request_body(command));
	return operation;
}

static json_t *own_operation(void)
{
	return json_pack("{s:s, s:s, s:s, s:{s:{s:s, s:o}}}", "operationId", "openapi", "summary", "this document",
			 "x-right", "read", "responses", "200", "description", "done", "content",
			 content(json_pack("{s:s}", "type", "object")));
}

static json_t *paths(void)
{
	static const char *const keys[METHODS] = {
		[METHOD_GET] = "get", [METHOD_POST] = "post", [METHOD_WATCH] = "get", [METHOD_PAGE] = "get"
	};
	json_t *list = json_pack("{s:{s:o}}", OPENAPI_PATH, "get", own_operation());

	for (int i = 0; i < COMMANDS; i++) {
		json_t *path = json_object_get(list, commands[i].path);
		if (path == NULL) {
			path = json_object();
			json_object_set_new(list, commands[i].path, path);
		}
		json_object_set_new(path, keys[commands[i].method], operation(&commands[i]));
	}
	return list;
}

json_t *openapi_document(void)
{
	json_t *refusal =
		json_pack("{s:s, s:[s, s], s:{s:{s:b}, s:{s:s}, s:{s:s, s:s}}, s:b}", "type", "object", "required",
			  "ok", "error", "properties", "ok", "const", 0, "error", "type", "string", "field", "type",
			  "string", "description", "the argument that is wrong", "additionalProperties", 0);

	return json_pack("{s:s, s:{s:s, s:s, s:s}, s:o, s:{s:{s:o}}}", "openapi", "3.1.0", "info", "title", "Sluice",
			 "version", SLUICE_VERSION, "description",
			 "What sluicectl does, for programs: each request is one of its commands.", "paths", paths(),
			 "components", "schemas", "Refusal", refusal);
}
