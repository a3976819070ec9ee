/* SPDX-License-Identifier: BSD-3-Clause */
#include "arg.h"

#include <stdio.h>
#include <string.h>

#include "limit.h"
#include "units.h"
#include "wire.h"

#define NAME_LONGEST 64
#define SCOPE_LONGEST 191

const struct arg_form arg_forms[ARG_TYPES] = {
	[ARG_CUSTOMER] = { NAME_LONGEST, "^[^/:]+$", "a name, without / and :" },
	[ARG_PROVIDER] = { NAME_LONGEST, "^[^/:]+$", "a name, without / and :" },
	[ARG_SCOPE] = { SCOPE_LONGEST, NULL, "a scope" },
	[ARG_DURATION] = { 32, "^([0-9]+(ns|us|ms|s|m|min|h|d|w))+$", "a duration, such as 30s, 24h or 7d" },
	[ARG_TEXT] = { WIRE_REASON_MAX - 1, "^[ -~]+$", "a text of printable ASCII: it may go into an SMTP reply" },
	[ARG_TARGET] = { SCOPE_LONGEST, NULL, "a decision's id, or a scope" },
	[ARG_SETTING] = { 80, "^(connections|connection-rate|byte-rate|message-rate)=.+$",
			  "a limit; write connections=N, connection-rate=N/s, byte-rate=N/s or message-rate=N/s" },
	[ARG_FLAG] = { 5, NULL, "true or false" },
	[ARG_COUNT] = { 20, NULL, "a number" },
	[ARG_FILE] = { ARG_FILE_MOST, NULL, "a file's text" },
	[ARG_INCIDENT] = { 63, "^[ -~]+$", "a text of printable ASCII" },
	[ARG_CHOICE] = { 32, NULL, "one of" }, /* and which */
};

static bool setting_fits(const char *text)
{
	struct limit limit;

	for (int kind = 0; kind < LIMIT_KINDS; kind++) {
		size_t size = strlen(limit_kind_name[kind]);
		if (strncmp(text, limit_kind_name[kind], size) == 0 && text[size] == '=')
			return limit_parse(kind, text + size + 1, &limit) == 0;
	}
	return false;
}

static bool is_printable(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text < 32 || *text > 126)
			return false;
	return true;
}

bool arg_choice(const struct arg *arg, unsigned place, const char **ret_word, size_t *ret_size)
{
	const char *word = arg->choices;

	for (; place > 0 && *word != '\0'; place--) {
		word += strcspn(word, " ");
		word += strspn(word, " ");
	}
	*ret_word = word;
	*ret_size = strcspn(word, " ");
	return *word != '\0';
}

static bool choice_fits(const struct arg *arg, const char *text)
{
	const char *word;
	size_t size;

	for (unsigned i = 0; arg_choice(arg, i, &word, &size); i++)
		if (strlen(text) == size && memcmp(text, word, size) == 0)
			return true;
	return false;
}

static bool type_fits(enum arg_type type, const char *text)
{
	uint64_t number;

	switch (type) {
	case ARG_CUSTOMER:
	case ARG_PROVIDER:
		return strpbrk(text, "/:") == NULL;
	case ARG_DURATION:
		return duration_parse(text, &number) == 0;
	case ARG_TEXT:
	case ARG_INCIDENT:
		return is_printable(text);
	case ARG_SETTING:
		return setting_fits(text);
	case ARG_FLAG:
		return strcmp(text, "true") == 0 || strcmp(text, "false") == 0;
	case ARG_COUNT:
		return count_parse(text, &number) == 0;
	default: /* scopes and targets: their names say more */
		return true;
	}
}

bool arg_fits(const struct arg *arg, const char *text, char *ret_error)
{
	const struct arg_form *form = &arg_forms[arg->type];
	size_t size = strlen(text);

	if (size == 0)
		snprintf(ret_error, ARG_ERROR_MAX, "empty");
	else if (size > form->longest)
		snprintf(ret_error, ARG_ERROR_MAX, "%zu bytes long, at most %zu go", size, form->longest);
	else if (arg->type == ARG_CHOICE && !choice_fits(arg, text))
		snprintf(ret_error, ARG_ERROR_MAX, "\"%s\" is not one of: %s", text, arg->choices);
	else if (!type_fits(arg->type, text))
		snprintf(ret_error, ARG_ERROR_MAX, "\"%.80s\" is not %s", text, form->what);
	else if (arg->type == ARG_COUNT && arg->most != 0 && (arg_count(text) == 0 || arg_count(text) > arg->most))
		snprintf(ret_error, ARG_ERROR_MAX, "\"%s\" is not a number from 1 to %llu", text,
			 (unsigned long long)arg->most);
	else if (arg->type == ARG_COUNT && arg_count(text) == 0)
		snprintf(ret_error, ARG_ERROR_MAX, "\"%s\" is not a number from 1 on", text);
	else
		return true;
	return false;
}

uint64_t arg_count(const char *text)
{
	uint64_t count = 0;

	count_parse(text, &count);
	return count;
}

bool arg_flag(const char *text)
{
	return strcmp(text, "true") == 0;
}
