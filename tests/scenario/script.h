/* SPDX-License-Identifier: BSD-3-Clause */
/* A scenario's lines as words: blanks part them, "..." is one word with escapes, # begins a comment. */
#ifndef SLUICE_SCENARIO_SCRIPT_H
#define SLUICE_SCENARIO_SCRIPT_H

#include <stdbool.h>
#include <stdint.h>

#define WORDS_MOST 40
#define LINE_MOST 4096

struct word {
	const char *text; /* 0-terminated */
	uint32_t size;
	bool quoted;
};

struct line {
	unsigned count;
	struct word word[WORDS_MOST];
	char room[2 * LINE_MOST];
};

/* What is left of a line. */
struct words {
	const struct word *first;
	unsigned count;
};

/* NULL, or what is wrong. */
const char *line_split(const char *text, struct line *ret_line);

/* The next word taken out; its text, NULL at the end. */
const char *words_take(struct words *words);

/* Takes the next word if it is this one. */
bool words_take_if(struct words *words, const char *text);

/* "key=value": the value, NULL when the word is not of that key. */
const char *word_value(const struct word *word, const char *key);

/* A whole number in any of C's notations. */
bool number_read(const char *text, int64_t *ret_number);

/* "1.5s", "250ms", "2min": as units.h has it, with a fraction of seconds besides. */
bool time_read(const char *text, uint64_t *ret_ns);

#endif
