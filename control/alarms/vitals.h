/* SPDX-License-Identifier: BSD-3-Clause */
/* Is all well? Looks each few seconds at the link, the gate's counters and DNS, and raises and clears alarms by what
 * it sees. What only happens (a wrong configuration, a journal that cannot be written) is raised where it happens. */
#ifndef SLUICE_VITALS_H
#define SLUICE_VITALS_H

struct daemon;
struct vitals;

/* 0 or a negative errno. */
int vitals_create(struct daemon *daemon, struct vitals **ret_vitals);
void vitals_destroy(struct vitals *vitals);

#endif
