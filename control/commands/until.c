/* SPDX-License-Identifier: BSD-3-Clause */
#include "commands/until.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#define DAY_S 86400

static bool is_end(const char *rest)
{
	return rest != NULL && (rest[0] == '\0' || strcmp(rest, "Z") == 0);
}

static bool read_day_and_time(const char *text, struct tm *ret_tm)
{
	static const char *const forms[] = { "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M" };

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		*ret_tm = (struct tm){ 0 };
		if (is_end(strptime(text, forms[i], ret_tm)))
			return true;
	}
	return false;
}

static int64_t next_of(const struct tm *tm, int64_t now_s)
{
	int64_t midnight = now_s - now_s % DAY_S, at = midnight + tm->tm_hour * 3600 + tm->tm_min * 60;

	return at > now_s ? at : at + DAY_S;
}

int until_parse(const char *text, int64_t now_ms, int64_t *ret_ms)
{
	struct tm tm = { 0 };
	int64_t at_s;

	if (is_end(strptime(text, "%H:%M", &tm)))
		at_s = next_of(&tm, now_ms / 1000);
	else if (read_day_and_time(text, &tm))
		at_s = timegm(&tm);
	else
		return -EINVAL;
	if (at_s * 1000 <= now_ms)
		return -EINVAL;
	*ret_ms = at_s * 1000;
	return 0;
}
