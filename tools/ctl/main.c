/* SPDX-License-Identifier: BSD-3-Clause */
/* sluicectl: words in, one request to sluiced, its reply out. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "client.h"
#include "exit_codes.h"
#include "show.h"
#include "words.h"

struct call {
	const char *socket;
	bool json, help;
	const struct command *command;
	int count;
	char **words; /* after the command */
};

static int usage_error(const char *what, const char *text)
{
	fprintf(stderr, "sluicectl: %s%s%s; \"sluicectl --help\" says more\n", what, text[0] != '\0' ? " " : "", text);
	return EXIT_USAGE;
}

/* Takes the options that every command has out of the words, wherever they stand. */
static int take_common(int argc, char **argv, struct call *call)
{
	call->words = argv;
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--json") == 0)
			call->json = true;
		else if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			call->help = true;
		else if (strncmp(argv[i], "--socket=", 9) == 0)
			call->socket = argv[i] + 9;
		else if (strcmp(argv[i], "--socket") == 0 && i + 1 == argc)
			return usage_error("--socket needs a path", "");
		else if (strcmp(argv[i], "--socket") == 0)
			call->socket = argv[++i];
		else
			call->words[call->count++] = argv[i];
	}
	return EXIT_DONE;
}

static const char *environment(const char *name, const char *otherwise)
{
	const char *value = getenv(name);

	return value != NULL && value[0] != '\0' ? value : otherwise;
}

/* Those who only read need no more rights than that. */
static const char *socket_of(const struct call *call)
{
	const char *admin = environment("SLUICE_ADMIN_SOCKET", "/run/sluice/admin.sock");
	const char *read = environment("SLUICE_READ_SOCKET", "/run/sluice/read.sock");

	if (call->socket != NULL)
		return call->socket;
	if (call->command->right == RIGHT_READ && access(read, W_OK) == 0)
		return read;
	return admin;
}

static int show(const struct call *call, const json_t *reply)
{
	const char *error = json_string_value(json_object_get(reply, "error"));
	bool done = json_is_true(json_object_get(reply, "ok"));

	if (call->json) {
		json_dumpf(reply, stdout, JSON_INDENT(1));
		putchar('\n');
	} else if (done) {
		show_reply(stdout, call->command, reply, time(NULL));
	} else {
		fprintf(stderr, "sluicectl: %s: %s\n", call->command->name, error != NULL ? error : "refused");
	}
	if (!done)
		return EXIT_REFUSED;
	/* "enforced" is an order's, "all_enforced" that of status. */
	bool waits = json_is_false(json_object_get(reply, "enforced")) ||
		     json_is_false(json_object_get(reply, "all_enforced"));
	return waits ? EXIT_NOT_ENFORCED : EXIT_DONE;
}

static int ask(const struct call *call)
{
	const struct target target = { socket_of(call) };
	char error[CLIENT_ERROR_MAX];
	json_t *args = words_args(call->command, call->count - 1, call->words + 1, error);

	if (args == NULL) {
		fprintf(stderr, "sluicectl: %s: %s\n", call->command->name, error);
		return EXIT_USAGE;
	}
	json_t *reply = client_ask(&target, call->command, args, error);
	json_decref(args);
	if (reply == NULL) {
		fprintf(stderr, "sluicectl: %s\n", error);
		return EXIT_UNREACHABLE;
	}
	int code = show(call, reply);
	json_decref(reply);
	return code;
}

int main(int argc, char **argv)
{
	struct call call = { 0 };
	int code = take_common(argc, argv, &call);

	if (code != EXIT_DONE)
		return code;
	if (call.count == 0) {
		show_help(call.help ? stdout : stderr);
		return call.help ? EXIT_DONE : EXIT_USAGE;
	}
	call.command = command_find(call.words[0]);
	if (call.command == NULL)
		return usage_error("no command", call.words[0]);
	if (call.help) {
		show_command_help(stdout, call.command);
		return EXIT_DONE;
	}
	return ask(&call);
}
