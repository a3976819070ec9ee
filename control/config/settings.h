/* SPDX-License-Identifier: BSD-3-Clause */
/* THE table of scalar settings: section, key, type, range, default, help. The parser, --help-config and
 * the documentation's table are made from it. */
#ifndef SLUICE_SETTINGS_H
#define SLUICE_SETTINGS_H

#include <stddef.h>
#include <stdint.h>

/* Up to SETTING_ENDPOINT: taken at a start only; up to SETTING_ADDRESS: texts. */
enum setting_type {
	SETTING_TEXT,
	SETTING_PATH,
	SETTING_ENDPOINT,
	SETTING_ADDRESS,
	SETTING_DURATION,
	SETTING_REFUSE,
	SETTING_PERCENT,
	SETTING_TIER,
	SETTING_CHOICE,
	SETTING_COUNT,
	SETTING_SIZE
};

struct setting {
	const char *section, *key;
	enum setting_type type;
	size_t offset;	      /* in struct settings: char * or uint64_t */
	uint64_t least, most; /* durations (ns), counts, sizes (bytes) */
	const char *initial;  /* NULL: none */
	const char *help;
	const char *choices; /* "off learn hold": the field is a word's place */
};

extern const struct setting setting_rows[];
extern const size_t setting_count;

/* NULL when the section has none of that name. */
const struct setting *setting_find(const char *section, const char *key);

/* Checks `text` against the row and sets the field. NULL, or what was expected. */
const char *setting_set(const struct setting *setting, void *settings, const char *text);

#endif
