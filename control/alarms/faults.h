/* SPDX-License-Identifier: BSD-3-Clause */
/* The gate's counters of what should not happen (faults.def): an alarm for each that rises, until it has been still
 * for a while. A while is counted in looks, so that no clock can end it early. */
#ifndef SLUICE_FAULTS_H
#define SLUICE_FAULTS_H

#include <stdbool.h>
#include <stdint.h>

#include "counters.h"

struct alarms;

#define FAULT_STILL_LOOKS 15

struct faults {
	bool based;    /* what the gate had counted before the first look is old news */
	uint64_t boot; /* of the gate that counted */
	uint64_t seen[COUNTERS];
	uint64_t more[COUNTERS]; /* since the alarm is on */
	unsigned still[COUNTERS];
};

/* `boot`: the gate's; one that started anew has counted from 0 on. */
void faults_look(struct faults *faults, const uint64_t counter[COUNTERS], uint64_t boot, int64_t now_ms,
		 struct alarms *alarms);

#endif
