/* SPDX-License-Identifier: BSD-3-Clause */
#include "watch.h"

#include "log.h"

#define QUIET_NS 60000000000u

void watch_counters(struct watch *watch, const uint64_t counter[COUNTERS], uint64_t now)
{
	for (int i = 0; i < FAULTS; i++) {
		enum counter which = fault_rows[i].counter;
		uint64_t more = counter[which] - watch->said[which];

		if (more == 0 || (watch->said_at[which] != 0 && now - watch->said_at[which] < QUIET_NS))
			continue;
		log_warning("%s: %llu more: %s", counter_rows[which].name, (unsigned long long)more,
			    fault_rows[i].advice);
		watch->said[which] = counter[which];
		watch->said_at[which] = now;
	}
}
