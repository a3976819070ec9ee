/* SPDX-License-Identifier: BSD-3-Clause */
#include "commands.h"

#include <stdio.h>
#include <string.h>

const struct command commands[COMMANDS] = {
#define COMMAND(id, name, right, method, path, help, example, args, columns, fields)                                   \
	[COMMAND_##id] = { name, right, method, path, args, columns, fields, help, example },
#include "commands.def"
#undef COMMAND
};

const char *const method_names[METHODS] = {
	[METHOD_GET] = "GET", [METHOD_POST] = "POST", [METHOD_WATCH] = "GET", [METHOD_PAGE] = "GET"
};

const struct command *command_find(const char *name)
{
	for (int i = 0; i < COMMANDS; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

const struct arg *command_arg(const struct command *command, const char *name)
{
	for (const struct arg *arg = command->args; arg->name != NULL; arg++)
		if (strcmp(arg->name, name) == 0)
			return arg;
	return NULL;
}

bool command_in_path(const struct command *command, const struct arg *arg)
{
	char name[40];

	snprintf(name, sizeof(name), "{%s}", arg->name);
	return strstr(command->path, name) != NULL;
}
