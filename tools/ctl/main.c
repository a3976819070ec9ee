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
#include "help.h"
#include "look.h"
#include "options.h"
#include "show.h"
#include "top.h"
#include "words.h"

struct call {
	const char *option[OPTIONS]; /* a switch that is on is "" */
	const struct command *command;
	int count;
	char **words; /* after the command */
};

static int usage_error(const char *what, const char *text)
{
	fprintf(stderr, "sluicectl: %s%s%s; \"sluicectl --help\" says more\n", what, text[0] != '\0' ? " " : "", text);
	return EXIT_USAGE;
}

/* The option every command has that a word is; OPTIONS: none. */
static enum option_id common_option(const char *word, const char **ret_value)
{
	if (strcmp(word, "-h") == 0)
		return OPTION_HELP;
	if (strncmp(word, "--", 2) != 0)
		return OPTIONS;
	size_t size = strcspn(word + 2, "=");
	*ret_value = word[2 + size] == '=' ? word + 3 + size : NULL;
	return option_find(word + 2, size);
}

/* Takes the options that every command has out of the words, wherever they stand. */
static int take_common(int argc, char **argv, struct call *call)
{
	call->words = argv;
	for (int i = 1; i < argc; i++) {
		const char *value = NULL;
		enum option_id id = common_option(argv[i], &value);
		if (id == OPTIONS) {
			call->words[call->count++] = argv[i];
			continue;
		}
		if (option_rows[id].value == NULL && value != NULL)
			return usage_error("no value goes with", argv[i]);
		if (option_rows[id].value != NULL && value == NULL && ++i == argc)
			return usage_error("a value is needed behind", argv[i - 1]);
		call->option[id] = option_rows[id].value == NULL ? "" : value != NULL ? value : argv[i];
	}
	return EXIT_DONE;
}

static const char *environment(const char *name, const char *otherwise)
{
	const char *value = getenv(name);

	return value != NULL && value[0] != '\0' ? value : otherwise;
}

static void take_environment(struct call *call)
{
	for (int id = 0; id < OPTIONS; id++)
		if (call->option[id] == NULL && option_rows[id].environment != NULL)
			call->option[id] = environment(option_rows[id].environment, NULL);
}

/* Those who only read need no more rights than that. */
static const char *socket_of(const struct call *call)
{
	const char *admin = environment("SLUICE_ADMIN_SOCKET", "/run/sluice/admin.sock");
	const char *read = environment("SLUICE_READ_SOCKET", "/run/sluice/read.sock");

	if (call->option[OPTION_SOCKET] != NULL)
		return call->option[OPTION_SOCKET];
	if (call->command->right == RIGHT_READ && access(read, W_OK) == 0)
		return read;
	return admin;
}

static struct target target_of(const struct call *call)
{
	const char *const *option = call->option;

	/* A socket that is asked for goes before a URL of the environment. */
	if (option[OPTION_URL] == NULL || option[OPTION_SOCKET] != NULL)
		return (struct target){ .socket = socket_of(call) };
	return (struct target){ .url = option[OPTION_URL],
				.cacert = option[OPTION_CACERT],
				.cert = option[OPTION_CERT],
				.key = option[OPTION_KEY],
				.token_file = option[OPTION_TOKEN_FILE] };
}

static int show(const struct call *call, const json_t *reply)
{
	const char *error = json_string_value(json_object_get(reply, "error"));
	bool done = json_is_true(json_object_get(reply, "ok"));
	const struct look look = look_of(stdout);

	if (call->option[OPTION_JSON] != NULL) {
		json_dumpf(reply, stdout, JSON_INDENT(1));
		putchar('\n');
	} else if (done && call->command->method == METHOD_PAGE) {
		fputs(json_string_value(json_object_get(reply, "page")), stdout);
	} else if (done) {
		show_reply(stdout, &look, call->command, reply, time(NULL));
	} else {
		fprintf(stderr, "sluicectl: %s: %s\n", call->command->name, error != NULL ? error : "refused");
	}
	if (!done)
		return EXIT_REFUSED;
	if (json_is_true(json_object_get(reply, "preview")))
		return EXIT_PREVIEW;
	/* "enforced" is an order's, "all_enforced" that of status. */
	bool waits = json_is_false(json_object_get(reply, "enforced")) ||
		     json_is_false(json_object_get(reply, "all_enforced"));
	return waits ? EXIT_NOT_ENFORCED : EXIT_DONE;
}

/* A line as it comes: people do not want to know that nothing happened. */
static bool show_line(void *context, const json_t *line)
{
	const struct call *call = context;
	const char *event = json_string_value(json_object_get(line, "event"));

	if (call->option[OPTION_JSON] != NULL) {
		json_dumpf(line, stdout, JSON_COMPACT);
		putchar('\n');
	} else if (event != NULL && strcmp(event, "alive") != 0) {
		show_event(stdout, line);
	}
	return fflush(stdout) == 0;
}

static bool is_live(const struct call *call)
{
	return call->command == &commands[COMMAND_TOP] && call->option[OPTION_JSON] == NULL &&
	       look_of(stdout).width > 0;
}

static json_t *converse(const struct call *call, const json_t *args, char *ret_error)
{
	const struct target target = target_of(call);

	if (call->command->method == METHOD_WATCH)
		return client_watch(&target, call->command, args, show_line, (void *)call, ret_error);
	return client_ask(&target, call->command, args, ret_error);
}

static int ask(const struct call *call)
{
	char error[CLIENT_ERROR_MAX] = "";
	json_t *args = words_args(call->command, call->count - 1, call->words + 1, error);

	if (args == NULL) {
		fprintf(stderr, "sluicectl: %s: %s\n", call->command->name, error);
		return EXIT_USAGE;
	}
	if (is_live(call)) {
		const struct target target = target_of(call);
		const struct look look = look_of(stdout);
		int code = top_run(&target, args, &look);
		json_decref(args);
		return code;
	}
	json_t *reply = converse(call, args, error);
	json_decref(args);
	if (reply == NULL) {
		fprintf(stderr, "sluicectl: %s\n", error[0] != '\0' ? error : "the daemon says no more");
		return EXIT_UNREACHABLE;
	}
	int code = show(call, reply);
	json_decref(reply);
	return code;
}

/* "customers import FILE" is "import FILE", and so is "customers remove NAME". */
static void take_noun(struct call *call)
{
	static const char *const verbs[] = { "import", "remove" };

	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (call->count > 1 && strcmp(call->words[0], "customers") == 0 &&
		    strcmp(call->words[1], verbs[i]) == 0) {
			call->words++;
			call->count--;
			return;
		}
}

int main(int argc, char **argv)
{
	struct call call = { 0 };
	int code = take_common(argc, argv, &call);

	if (code != EXIT_DONE)
		return code;
	if (call.count == 0) {
		help_all(call.option[OPTION_HELP] != NULL ? stdout : stderr);
		return call.option[OPTION_HELP] != NULL ? EXIT_DONE : EXIT_USAGE;
	}
	take_noun(&call);
	call.command = command_find(call.words[0]);
	if (call.command == NULL)
		return usage_error("no command", call.words[0]);
	if (call.option[OPTION_HELP] != NULL) {
		help_command(stdout, call.command);
		return EXIT_DONE;
	}
	take_environment(&call);
	return ask(&call);
}
