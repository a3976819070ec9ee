/* SPDX-License-Identifier: BSD-3-Clause */
/* What one configuration says and another one does not: by the text's own keys, so that no key can be forgotten here.
 * Pure. */
#ifndef SLUICE_CONFIG_DIFF_H
#define SLUICE_CONFIG_DIFF_H

#include <stddef.h>

/* A text, and the file it is or is to be. */
struct config_text {
	const char *text;
	size_t size;
};

/* Called for each difference, by rising path: "customers[acme].limits.connections". NULL: it is not there. */
typedef void config_differs(void *context, const char *path, const char *before, const char *after);

/* 0, or -EINVAL when one of them is not YAML. */
int config_diff(const struct config_text *before, const struct config_text *after, config_differs *each, void *context);

#endif
