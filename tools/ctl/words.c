/* SPDX-License-Identifier: BSD-3-Clause */
#include "words.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arg_json.h"

/* Where reading stands. */
struct reading {
	const struct command *command;
	json_t *args;
	unsigned places; /* filled so far */
	char *error;
};

static bool __attribute__((format(printf, 2, 3))) wrong(struct reading *reading, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(reading->error, WORDS_ERROR_MAX, format, arguments);
	va_end(arguments);
	return false;
}

/* What a path names; "-" is what comes in. NULL when it cannot be read. */
static char *read_file(const char *path)
{
	FILE *stream = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	char *text = NULL;
	size_t room = 0;

	if (stream == NULL)
		return NULL;
	ssize_t size = getdelim(&text, &room, '\0', stream);
	/* A zero byte would end the text. */
	bool whole = !ferror(stream) && feof(stream) && (size <= 0 || text[size - 1] != '\0');
	if (stream != stdin)
		fclose(stream);
	if (whole && size > 0)
		return text;
	free(text);
	errno = errno != 0 ? errno : whole ? ENODATA : EILSEQ;
	return NULL;
}

static bool set_file(struct reading *reading, const struct arg *arg, const char *path)
{
	char error[ARG_ERROR_MAX];

	errno = 0;
	char *text = read_file(path);
	if (text == NULL)
		return wrong(reading, "%.80s: %s", path, strerror(errno));
	bool fits = arg_fits(arg, text, error);
	json_t *value = fits ? json_string(text) : NULL;
	free(text);
	if (!fits)
		return wrong(reading, "%.80s: %s", path, error);
	if (value == NULL)
		return wrong(reading, "%.80s: not UTF-8", path);
	return json_object_set_new(reading->args, arg->name, value) == 0;
}

static bool set(struct reading *reading, const struct arg *arg, const char *text)
{
	json_t *value, *list = json_object_get(reading->args, arg->name);
	const char *dashes = arg->option ? "--" : "";
	char error[ARG_ERROR_MAX];

	if (arg->type == ARG_FILE)
		return set_file(reading, arg, text);
	if (!arg_fits(arg, text, error))
		return wrong(reading, "%s%s: %s", dashes, arg->name, error);
	if (!arg->many && list != NULL)
		return wrong(reading, "--%s is given twice", arg->name);
	value = arg_json(arg, text);
	if (value == NULL)
		return wrong(reading, "%s%s: not UTF-8", dashes, arg->name);
	if (!arg->many)
		return json_object_set_new(reading->args, arg->name, value) == 0;
	if (list == NULL) {
		list = json_array();
		json_object_set_new(reading->args, arg->name, list);
	}
	return json_array_append_new(list, value) == 0;
}

static const struct arg *option_of(const struct command *command, const char *name, size_t size)
{
	for (const struct arg *arg = command->args; arg->name != NULL; arg++)
		if (arg->option && strlen(arg->name) == size && strncmp(arg->name, name, size) == 0)
			return arg;
	return NULL;
}

static const struct arg *place_of(const struct command *command, unsigned place)
{
	for (const struct arg *arg = command->args; arg->name != NULL; arg++)
		if (!arg->option && (place-- == 0 || arg->many))
			return arg;
	return NULL;
}

/* --name=value, or --name and the next word; returns how many words were taken, 0 when they are wrong. */
static int take_option(struct reading *reading, const char *word, const char *next)
{
	size_t size = strcspn(word + 2, "=");
	const struct arg *arg = option_of(reading->command, word + 2, size);

	if (arg == NULL)
		return wrong(reading, "no option %s; \"sluicectl %s --help\" lists them", word, reading->command->name);
	if (word[2 + size] == '=')
		return set(reading, arg, word + 3 + size) ? 1 : 0;
	if (arg->type == ARG_FLAG)
		return set(reading, arg, "true") ? 1 : 0;
	if (next == NULL)
		return wrong(reading, "--%s needs a value: %s", arg->name, arg->help);
	return set(reading, arg, next) ? 2 : 0;
}

static int take_word(struct reading *reading, const char *word, const char *next)
{
	if (strncmp(word, "--", 2) == 0)
		return take_option(reading, word, next);
	const struct arg *arg = place_of(reading->command, reading->places++);
	if (arg == NULL)
		return wrong(reading, "unexpected \"%s\"", word);
	return set(reading, arg, word) ? 1 : 0;
}

static bool complete(struct reading *reading)
{
	for (const struct arg *arg = reading->command->args; arg->name != NULL; arg++)
		if (arg->required && json_object_get(reading->args, arg->name) == NULL)
			return wrong(reading, "%s%s is needed: %s", arg->option ? "--" : "", arg->name, arg->help);
	return true;
}

json_t *words_args(const struct command *command, int count, char *const words[], char *ret_error)
{
	struct reading reading = { command, json_object(), 0, ret_error };

	for (int at = 0; at < count;) {
		int taken = take_word(&reading, words[at], at + 1 < count ? words[at + 1] : NULL);
		if (taken == 0) {
			json_decref(reading.args);
			return NULL;
		}
		at += taken;
	}
	if (complete(&reading))
		return reading.args;
	json_decref(reading.args);
	return NULL;
}
