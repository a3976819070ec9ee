/* SPDX-License-Identifier: BSD-3-Clause */
#include "alarms/strangers.h"

#include <stdio.h>
#include <string.h>

#include "units.h"

#define LATELY_MS 300000

/* A meter that is idle for long is forgotten, and counts from 0 again. */
bool strangers_count(struct strangers *strangers, uint64_t boot, const struct wire_ROW_METER *meter, int64_t now_ms)
{
	uint64_t count = meter != NULL ? meter->admitted + meter->refused : 0;
	bool more = strangers->boot == boot ? count > 0 && count != strangers->counted
					    : meter != NULL && meter->connections > 0;

	strangers->boot = boot;
	strangers->counted = count;
	if (more)
		strangers->rose_ms = now_ms;
	return more;
}

static bool is_named(const struct wire_ROW_FLOW *rows, uint32_t place)
{
	for (uint32_t i = 0; i < place; i++)
		if (memcmp(&rows[i].source, &rows[place].source, sizeof(rows[place].source)) == 0)
			return true;
	return false;
}

void strangers_name(struct strangers *strangers, const struct wire_ROW_FLOW *rows, uint32_t count)
{
	size_t used = 0;

	for (uint32_t i = 0, named = 0; i < count && named < STRANGERS_NAMED; i++) {
		char address[48];
		if (is_named(rows, i))
			continue;
		used += (size_t)snprintf(strangers->from + used, sizeof(strangers->from) - used, "%s%s",
					 named > 0 ? ", " : "",
					 address_format(&rows[i].source, address, sizeof(address)));
		named++;
	}
}

bool strangers_lately(const struct strangers *strangers, int64_t now_ms)
{
	return strangers->rose_ms != 0 && now_ms - strangers->rose_ms < LATELY_MS;
}
