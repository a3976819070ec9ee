/* SPDX-License-Identifier: BSD-3-Clause */
/* A request, a line each: method, path, its query (name=value, one a line, up to an empty one), and the rest is the
 * body. Either it is refused with a status and a text, or it has arguments of their types. */
#include "fuzz.h"

#include "api/route.h"

static void check_args(const struct command *command, const json_t *args)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)args, name, value)
	{
		const struct arg *arg = command_arg(command, name);
		must(arg != NULL);
		must(arg->many		      ? json_is_array(value)
		     : arg->type == ARG_FLAG  ? json_is_boolean(value)
		     : arg->type == ARG_COUNT ? json_is_integer(value)
					      : json_is_string(value));
		must(arg->type != ARG_COUNT || arg->most == 0 ||
		     (json_integer_value(value) > 0 && (uint64_t)json_integer_value(value) <= arg->most));
	}
	for (const struct arg *arg = command->args; arg->name != NULL; arg++)
		must(!arg->required || json_object_get(args, arg->name) != NULL);
}

static void check_refusal(const struct refusal *refusal)
{
	must(refusal->status >= 400 && refusal->status < 500 && refusal->text[0] != '\0');
	json_t *reply = refusal_reply(refusal);
	char *text = json_dumps(reply, 0);
	must(text != NULL);
	free(text);
	json_decref(reply);
}

static json_t *take_query(char **rest)
{
	json_t *query = json_object();

	for (char *line = strsep(rest, "\n"); line != NULL && line[0] != '\0'; line = strsep(rest, "\n")) {
		const char *name = strsep(&line, "=");
		json_t *value = json_string(line != NULL ? line : ""), *before = json_object_get(query, name);
		if (before != NULL && value != NULL)
			value = json_pack("[O, o]", before, value);
		if (value != NULL)
			json_object_set_new(query, name, value);
	}
	return query;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes bytes = { data, size };
	char *text = take_text(&bytes), *rest = text;
	const char *method = strsep(&rest, "\n"), *path = strsep(&rest, "\n");
	json_t *query = take_query(&rest), *args = NULL;
	struct refusal refusal = { 0 };
	const char *body = rest != NULL ? rest : "";

	const struct command *command = route_find(method, path != NULL ? path : "", &args, &refusal);
	if (command != NULL && route_fill(command, args, query, &refusal) &&
	    route_body(command, args, body, strlen(body), &refusal) && route_complete(command, args, &refusal))
		check_args(command, args);
	else
		check_refusal(&refusal);
	json_decref(args);
	json_decref(query);
	free(text);
	return 0;
}
