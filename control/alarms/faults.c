/* SPDX-License-Identifier: BSD-3-Clause */
#include "alarms/faults.h"

#include <string.h>

#include "alarms/alarms.h"

static void look(struct faults *faults, enum counter counter, uint64_t more, const char *advice, int64_t now_ms,
		 struct alarms *alarms)
{
	const char *name = counter_rows[counter].name;

	if (more > 0) {
		faults->more[counter] += more;
		faults->still[counter] = 0;
		alarms_raise(alarms, ALARM_GATE_COUNTS, name, now_ms, "%llu more so far: %s",
			     (unsigned long long)faults->more[counter], advice);
	} else if (faults->more[counter] > 0 && ++faults->still[counter] >= FAULT_STILL_LOOKS) {
		faults->more[counter] = 0;
		alarms_clear(alarms, ALARM_GATE_COUNTS, name, now_ms);
	}
}

void faults_look(struct faults *faults, const uint64_t counter[COUNTERS], int64_t now_ms, struct alarms *alarms)
{
	for (int i = 0; faults->based && i < FAULTS; i++) {
		uint64_t now = counter[fault_rows[i].counter], seen = faults->seen[fault_rows[i].counter];
		/* Fewer than before: the gate started anew, and counts from 0. */
		look(faults, fault_rows[i].counter, now < seen ? now : now - seen, fault_rows[i].advice, now_ms,
		     alarms);
	}
	memcpy(faults->seen, counter, sizeof(faults->seen));
	faults->based = true;
}
