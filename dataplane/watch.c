/* SPDX-License-Identifier: BSD-3-Clause */
#include "watch.h"

#include "log.h"

#define QUIET_NS 60000000000u

void watch_counters(struct watch *watch, const uint64_t counter[COUNTERS], uint64_t now)
{
	for (int i = 0; i < FAULTS; i++) {
		const struct fault_row *row = &fault_rows[i];
		enum counter which = row->counter;
		uint64_t more = counter[which] - watch->said[which];

		if (!row->loud || more == 0 || (watch->said_at[which] != 0 && now - watch->said_at[which] < QUIET_NS))
			continue;
		log_warning("%s: %s: %llu more %s; %s", row->name, row->meaning, (unsigned long long)more,
			    counter_rows[which].name, row->advice);
		watch->said[which] = counter[which];
		watch->said_at[which] = now;
	}
}
