/* SPDX-License-Identifier: BSD-3-Clause */
/* A command line, one word a line of the input: a request, or what is wrong with it. */
#include "fuzz.h"

#include "commands.h"
#include "words.h"

#define WORDS_MOST 16

static void request(const struct command *command, int count, char *words[])
{
	char error[WORDS_ERROR_MAX] = "";
	json_t *request = words_request(command, count, words, error);

	if (request == NULL) {
		must(error[0] != '\0' && memchr(error, '\0', sizeof(error)) != NULL);
		return;
	}
	must(strcmp(json_string_value(json_object_get(request, "command")), command->name) == 0);
	for (const struct arg *arg = command->args; arg->name != NULL; arg++)
		must(!arg->required || json_object_get(json_object_get(request, "args"), arg->name) != NULL);
	json_decref(request);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes bytes = { data, size };
	char *text = take_text(&bytes), *rest = text, *words[WORDS_MOST];
	int count = 0;

	while (rest != NULL && count < WORDS_MOST)
		words[count++] = strsep(&rest, "\n");
	const struct command *command = command_find(words[0]);
	if (command != NULL)
		request(command, count - 1, words + 1);
	free(text);
	return 0;
}
