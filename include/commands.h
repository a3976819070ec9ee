/* SPDX-License-Identifier: BSD-3-Clause */
/* The commands of sluicectl, each a request of the daemon's API too, made from commands.def. */
#ifndef SLUICE_COMMANDS_H
#define SLUICE_COMMANDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum right { RIGHT_READ, RIGHT_ADMIN };

/* Arguments of a GET stand in the path or the query, those of a POST in the path or the body's JSON object. A WATCH is
 * a GET whose answer goes on: a row of its columns on each line, as things happen. A PAGE is a GET answered by a
 * text, not by JSON. */
enum method { METHOD_GET, METHOD_POST, METHOD_WATCH, METHOD_PAGE, METHODS };

/* How an argument's text is read; the daemon resolves names, both ends check the form (arg.h). */
enum arg_type {
	ARG_CUSTOMER, /* a name alone */
	ARG_PROVIDER,
	ARG_SCOPE,
	ARG_DURATION,
	ARG_TEXT,
	ARG_TARGET,
	ARG_SETTING,
	ARG_FLAG, /* an option without a value: true when it is there */
	ARG_COUNT,
	ARG_FILE, /* typed as a path, sent as the file's text */
	ARG_INCIDENT,
	ARG_CHOICE, /* a word out of a few */
	ARG_TYPES
};

struct arg {
	const char *name; /* "customer"; options are written --name */
	enum arg_type type;
	bool option; /* else by its place */
	bool required;
	bool many; /* the last place only: one or more (a JSON array) */
	const char *help;
	uint64_t most;	     /* a count is at most so large; 0: no such bound */
	const char *choices; /* of a choice: "one two three" */
};

/* How a reply's values are shown; --json prints them as they are. */
enum column_type {
	COLUMN_TEXT,
	COLUMN_NUMBER,
	COLUMN_MS,
	COLUMN_US,
	COLUMN_BYTES,
	COLUMN_RATE, /* a second */
	COLUMN_TIME,
	COLUMN_UNTIL,
	COLUMN_AGO,
	COLUMN_YES,
	/* for programs only, in no table */
	COLUMN_LIST,
	COLUMN_OBJECT
};

struct column {
	const char *key, *title;
	enum column_type type;
	bool wide; /* left out first where a terminal is too narrow */
};

/* What a reply says beside its message and its rows, for programs. */
struct field {
	const char *key;
	enum column_type type;
	const char *help;
};

#define COMMAND_ARGS_MAX 9
#define COMMAND_COLUMNS_MAX 18
#define COMMAND_FIELDS_MAX 28

struct command {
	const char *name;
	enum right right;
	enum method method;
	const char *path;			    /* "/v1/customers/{customer}"; {name} is an argument */
	struct arg args[COMMAND_ARGS_MAX];	    /* ends at a NULL name */
	struct column columns[COMMAND_COLUMNS_MAX]; /* ends at a NULL key; none: the reply has no rows */
	struct field fields[COMMAND_FIELDS_MAX];    /* ends at a NULL key */
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
extern const char *const method_names[METHODS];

/* NULL when there is none of that name. */
const struct command *command_find(const char *name);
const struct arg *command_arg(const struct command *command, const char *name);

/* The argument stands in the command's path. */
bool command_in_path(const struct command *command, const struct arg *arg);

#endif
