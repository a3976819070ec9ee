/* SPDX-License-Identifier: BSD-3-Clause */
#include "top.h"

#include <stdio.h>
#include <time.h>

#include "exit_codes.h"
#include "show.h"

#define HOME_AND_CLEAR "\033[H\033[J"

static void draw(const struct command *command, const json_t *args, const struct look *look, const json_t *reply)
{
	const char *what = json_string_value(json_object_get(args, "what"));
	const char *order = json_string_value(json_object_get(args, "order"));
	time_t now = time(NULL);
	char clock[16];
	struct tm tm;

	strftime(clock, sizeof(clock), "%H:%M:%S", localtime_r(&now, &tm));
	printf(HOME_AND_CLEAR "%s  %s by %s, of %lld; ^C ends\n\n", clock, what != NULL ? what : "customers",
	       order != NULL ? order : "messages", (long long)json_integer_value(json_object_get(reply, "total")));
	show_reply(stdout, look, command, reply, now);
	fflush(stdout);
}

int top_run(const struct target *target, const json_t *args, const struct look *look)
{
	const struct command *command = &commands[COMMAND_TOP];
	char error[CLIENT_ERROR_MAX];

	for (;;) {
		json_t *reply = client_ask(target, command, args, error);
		if (reply == NULL) {
			fprintf(stderr, "sluicectl: %s\n", error);
			return EXIT_UNREACHABLE;
		}
		if (!json_is_true(json_object_get(reply, "ok"))) {
			const char *why = json_string_value(json_object_get(reply, "error"));
			fprintf(stderr, "sluicectl: top: %s\n", why != NULL ? why : "refused");
			json_decref(reply);
			return EXIT_REFUSED;
		}
		draw(command, args, look, reply);
		json_decref(reply);
	}
}
