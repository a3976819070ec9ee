/* SPDX-License-Identifier: BSD-3-Clause */
/* A command line, one word a line of the input: arguments, or what is wrong with them. */
#include "fuzz.h"

#include "commands.h"
#include "words.h"

#define WORDS_MOST 16

static void read_words(const struct command *command, int count, char *words[])
{
	char error[WORDS_ERROR_MAX] = "";
	json_t *args = words_args(command, count, words, error);

	if (args == NULL) {
		must(error[0] != '\0' && memchr(error, '\0', sizeof(error)) != NULL);
		return;
	}
	for (const struct arg *arg = command->args; arg->name != NULL; arg++)
		must(!arg->required || json_object_get(args, arg->name) != NULL);
	json_decref(args);
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
		read_words(command, count - 1, words + 1);
	free(text);
	return 0;
}
