/* SPDX-License-Identifier: BSD-3-Clause */
#include "commands/cmd_rows.h"

#include <stdio.h>
#include <time.h>

#include "customers/customers.h"
#include "units.h"

char *time_text(int64_t ms, char *out, size_t size)
{
	time_t seconds = ms / 1000;
	struct tm tm;

	out[0] = '\0';
	if (ms != 0)
		strftime(out, size, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&seconds, &tm));
	return out;
}

json_t *row_time(int64_t ms)
{
	char text[32];

	return ms != 0 ? json_string(time_text(ms, text, sizeof(text))) : json_null();
}

json_t *rows_reply(json_t *rows)
{
	return json_pack("{s:b, s:o}", "ok", 1, "rows", rows);
}

void row_tier(json_t *row, const struct config *config, const struct customer *customer)
{
	const struct tier_place place = customer != NULL ? customer_place(customer) : (struct tier_place){ 0 };
	const bool steps = customer != NULL && place.tier == TIER_NEW && config->tiers.steps > 0;

	json_object_set_new(row, "tier", customer != NULL ? json_string(tier_name[place.tier]) : json_null());
	json_object_set_new(row, "step", steps ? json_integer(tier_step(&config->tiers, place) + 1) : json_null());
}
