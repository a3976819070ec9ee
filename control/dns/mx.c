/* SPDX-License-Identifier: BSD-3-Clause */
#include "dns/mx.h"

#include <fnmatch.h>
#include <string.h>

bool mx_is_pattern(const char *text)
{
	size_t size = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.*");

	return size > 0 && size <= 255 && text[size] == '\0' && text[size - 1] != '.';
}

bool mx_fits(const char *pattern, const char *host)
{
	return fnmatch(pattern, host, FNM_CASEFOLD | FNM_NOESCAPE) == 0;
}

/* A * is the one thing that may stand for several: a pattern that fits the other one as it is written fits
 * whatever that one's stars come to. */
bool mx_covers(const char *wider, const char *pattern)
{
	return mx_fits(wider, pattern);
}

static bool has_pattern(const struct provider *provider, const char *host)
{
	for (size_t i = 0; i < provider->mx.count; i++)
		if (mx_fits(provider->mx.text[i], host))
			return true;
	return false;
}

size_t mx_provider(const struct config *config, const char *host)
{
	size_t i = 0;

	while (i < config->provider_count && !has_pattern(&config->providers[i], host))
		i++;
	return i;
}
