/* SPDX-License-Identifier: BSD-3-Clause */
/* Whose an MX host is: patterns of names, such as *.google.com. */
#ifndef SLUICE_MX_H
#define SLUICE_MX_H

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"

/* A name with * for any characters, and no dot at its end: answers have none. */
bool mx_is_pattern(const char *text);

/* Letter case does not count. */
bool mx_fits(const char *pattern, const char *host);

/* Does every host that fits `pattern` fit `wider` as well? */
bool mx_covers(const char *wider, const char *pattern);

/* The place of the first provider of `config` that has a pattern for this host; config->provider_count: none has. */
size_t mx_provider(const struct config *config, const char *host);

#endif
