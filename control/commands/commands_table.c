/* SPDX-License-Identifier: BSD-3-Clause */
#include "commands/commands_table.h"

command_handler *const command_handlers[COMMANDS] = {
#define COMMAND(id, ...) [COMMAND_##id] = command_##id,
#include "commands.def"
#undef COMMAND
};
