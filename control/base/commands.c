/* SPDX-License-Identifier: BSD-3-Clause */
#include "commands.h"

#include <string.h>

const struct command commands[COMMANDS] = {
#define COMMAND(id, name, right, help, example, args, columns)                                                         \
	[COMMAND_##id] = { name, right, args, columns, help, example },
#include "commands.def"
#undef COMMAND
};

const struct command *command_find(const char *name)
{
	for (int i = 0; i < COMMANDS; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}
