/* SPDX-License-Identifier: BSD-3-Clause */
/* The commands of sluicectl and of the daemon's sockets, made from commands.def. */
#ifndef SLUICE_COMMANDS_H
#define SLUICE_COMMANDS_H

#include <stdbool.h>

enum right { RIGHT_READ, RIGHT_ADMIN };

/* How an argument's text is read; the daemon resolves names, both ends check the form. */
enum arg_type {
	ARG_CUSTOMER, /* a name alone */
	ARG_PROVIDER,
	ARG_SCOPE,
	ARG_DURATION,
	ARG_TEXT,
	ARG_TARGET,
	ARG_SETTING,
	ARG_FLAG, /* an option without a value: "yes" when it is there */
	ARG_COUNT
};

struct arg {
	const char *name; /* "customer"; options are written --name */
	enum arg_type type;
	bool option; /* else by its place */
	bool required;
	bool many; /* the last place only: one or more (a JSON array) */
	const char *help;
};

/* How a reply's rows are shown; --json prints them as they are. */
enum column_type {
	COLUMN_TEXT,
	COLUMN_NUMBER,
	COLUMN_MS,
	COLUMN_US,
	COLUMN_BYTES,
	COLUMN_TIME,
	COLUMN_UNTIL,
	COLUMN_AGO,
	COLUMN_YES
};

struct column {
	const char *key, *title;
	enum column_type type;
};

#define COMMAND_ARGS_MAX 6
#define COMMAND_COLUMNS_MAX 14

struct command {
	const char *name;
	enum right right;
	struct arg args[COMMAND_ARGS_MAX];	    /* ends at a NULL name */
	struct column columns[COMMAND_COLUMNS_MAX]; /* ends at a NULL key; none: the reply has no rows */
	const char *help;			    /* one line */
	const char *example;
};

enum command_id {
#define COMMAND(id, ...) COMMAND_##id,
#include "commands.def"
#undef COMMAND
	COMMANDS
};

extern const struct command commands[COMMANDS];

/* NULL when there is none of that name. */
const struct command *command_find(const char *name);

#endif
