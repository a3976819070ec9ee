/* SPDX-License-Identifier: BSD-3-Clause */
#include "alarms/faults.h"

#include <string.h>

#include "alarms/alarms.h"

static void look(struct faults *faults, const struct fault_row *row, uint64_t more, int64_t now_ms,
		 struct alarms *alarms)
{
	enum counter counter = row->counter;

	if (more > 0) {
		faults->more[counter] += more;
		faults->still[counter] = 0;
		alarms_raise(alarms, ALARM_GATE_COUNTS, row->name, now_ms, "%s: %llu %s so far", row->meaning,
			     (unsigned long long)faults->more[counter], counter_rows[counter].name);
	} else if (faults->more[counter] > 0 && ++faults->still[counter] >= FAULT_STILL_LOOKS) {
		faults->more[counter] = 0;
		alarms_clear(alarms, ALARM_GATE_COUNTS, row->name, now_ms);
	}
}

void faults_look(struct faults *faults, const uint64_t counter[COUNTERS], uint64_t boot, int64_t now_ms,
		 struct alarms *alarms)
{
	bool anew = boot != faults->boot;

	for (int i = 0; faults->based && i < FAULTS; i++) {
		const struct fault_row *row = &fault_rows[i];
		uint64_t before = anew ? 0 : faults->seen[row->counter];
		if (row->loud)
			look(faults, row, counter[row->counter] - before, now_ms, alarms);
	}
	memcpy(faults->seen, counter, sizeof(faults->seen));
	faults->boot = boot;
	faults->based = true;
}
