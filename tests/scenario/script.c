/* SPDX-License-Identifier: BSD-3-Clause */
#include "script.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "units.h"

static const char *read_escape(const char **at, char *ret_byte)
{
	static const char letters[] = "nrt0\\\"", bytes[] = "\n\r\t\0\\\"";
	const char *found = **at != '\0' ? strchr(letters, **at) : NULL;
	char digits[3] = "";

	if (found != NULL) {
		*ret_byte = bytes[found - letters];
		(*at)++;
		return NULL;
	}
	if (**at != 'x' || (*at)[1] == '\0' || (*at)[2] == '\0')
		return "an escape is one of \\n \\r \\t \\0 \\\\ \\\" \\xHH";
	memcpy(digits, *at + 1, 2);
	*ret_byte = (char)strtoul(digits, NULL, 16);
	*at += 3;
	return NULL;
}

static const char *read_quoted(const char **at, char **room)
{
	const char *wrong = NULL;

	(*at)++;
	while (**at != '"' && wrong == NULL) {
		if (**at == '\0')
			return "a \" without an end";
		if (**at != '\\') {
			*(*room)++ = *(*at)++;
			continue;
		}
		(*at)++;
		wrong = read_escape(at, (*room)++);
	}
	(*at)++;
	return wrong;
}

static void read_bare(const char **at, char **room)
{
	size_t size = strcspn(*at, " \t\n");

	memcpy(*room, *at, size);
	*at += size;
	*room += size;
}

const char *line_split(const char *text, struct line *ret_line)
{
	char *room = ret_line->room;

	ret_line->count = 0;
	if (strlen(text) >= LINE_MOST)
		return "the line is too long";
	for (;;) {
		text += strspn(text, " \t\n");
		if (*text == '\0' || *text == '#')
			return NULL;
		if (ret_line->count == WORDS_MOST)
			return "too many words on one line";
		struct word *word = &ret_line->word[ret_line->count++];
		*word = (struct word){ .text = room, .quoted = *text == '"' };
		const char *wrong = NULL;
		if (word->quoted)
			wrong = read_quoted(&text, &room);
		else
			read_bare(&text, &room);
		if (wrong != NULL)
			return wrong;
		word->size = (uint32_t)(room - word->text);
		*room++ = '\0';
	}
}

const char *words_take(struct words *words)
{
	if (words->count == 0)
		return NULL;
	words->count--;
	return words->first++->text;
}

bool words_take_if(struct words *words, const char *text)
{
	if (words->count == 0 || words->first->quoted || strcmp(words->first->text, text) != 0)
		return false;
	words_take(words);
	return true;
}

const char *word_value(const struct word *word, const char *key)
{
	size_t size = strlen(key);

	if (word->quoted || strncmp(word->text, key, size) != 0 || word->text[size] != '=')
		return NULL;
	return word->text + size + 1;
}

bool number_read(const char *text, int64_t *ret_number)
{
	char *end;

	*ret_number = strtoll(text, &end, 0);
	return end != text && *end == '\0';
}

bool time_read(const char *text, uint64_t *ret_ns)
{
	char *end;
	double seconds = strtod(text, &end);

	if (end != text && strcmp(end, "s") == 0 && seconds >= 0) {
		*ret_ns = (uint64_t)llround(seconds * 1e9);
		return true;
	}
	return duration_parse(text, ret_ns) == 0;
}
