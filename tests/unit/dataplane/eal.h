/* SPDX-License-Identifier: BSD-3-Clause */
/* DPDK's memory for tests of modules that take theirs from it: no huge pages, no ports, nothing shared. */
#ifndef SLUICE_EAL_H
#define SLUICE_EAL_H

#include <sched.h>
#include <stdbool.h>
#include <stdio.h>

#include <rte_eal.h>
#include <rte_mbuf.h>

#include "fixture.h"

/* A container need not have been given the first one. */
static inline int eal_first_cpu(void)
{
	cpu_set_t set;

	ck_assert_int_eq(sched_getaffinity(0, sizeof(set), &set), 0);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &set))
			return cpu;
	return 0;
}

/* The first step of each case, in the case's own process: EAL's threads would not live through a fork. */
static inline void eal_start(void)
{
	static bool started;
	char text[][20] = { "test", "--no-huge", "--no-pci",	      "--no-shconf", "--no-telemetry",
			    "-m",   "64",	 "--log-level=error", "-l",	     "" };
	char *arguments[RTE_DIM(text) + 1] = { NULL };

	if (started) /* CK_FORK=no */
		return;
	snprintf(text[RTE_DIM(text) - 1], sizeof(text[0]), "%d", eal_first_cpu());
	for (size_t i = 0; i < RTE_DIM(text); i++)
		arguments[i] = text[i];
	ck_assert_int_ge(rte_eal_init((int)RTE_DIM(text), arguments), 0);
	started = true;
}

#endif
