/* SPDX-License-Identifier: BSD-3-Clause */
/* Names of the gate's counters, made from counters.def. */
#ifndef SLUICE_COUNTERS_H
#define SLUICE_COUNTERS_H

enum counter {
#define COUNTER(name, class, text, help) COUNT_##name,
#include "counters.def"
#undef COUNTER
	COUNTERS
};

enum counter_class { CLASS_TRAFFIC, CLASS_DROP, CLASS_REFUSE, CLASS_CUT, CLASS_HOLD, CLASS_FAULT };

struct counter_row {
	const char *name; /* "drop-bad-checksum" */
	enum counter_class class;
	const char *help;
};

extern const struct counter_row counter_rows[COUNTERS];

/* Counters that mean something is wrong when they rise, made from faults.def. */
enum fault {
#define FAULT(counter, advice) FAULT_##counter,
#include "faults.def"
#undef FAULT
	FAULTS
};

struct fault_row {
	enum counter counter;
	const char *advice;
};

extern const struct fault_row fault_rows[FAULTS];

#endif
