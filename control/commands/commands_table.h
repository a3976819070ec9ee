/* SPDX-License-Identifier: BSD-3-Clause */
/* The daemon's side of the command table: a handler for each. Every handler answers exactly once, now or
 * later; after the answer the request is gone. */
#ifndef SLUICE_COMMANDS_TABLE_H
#define SLUICE_COMMANDS_TABLE_H

#include "api/request.h"
#include "commands.h"

typedef void command_handler(struct request *request);

#define COMMAND(id, ...) extern command_handler command_##id;
#include "commands.def"
#undef COMMAND

extern command_handler *const command_handlers[COMMANDS];

#endif
