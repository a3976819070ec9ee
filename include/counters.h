/* SPDX-License-Identifier: BSD-3-Clause */
/* Names of the gate's counters, made from counters.def. */
#ifndef SLUICE_COUNTERS_H
#define SLUICE_COUNTERS_H

#include <stdbool.h>

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

/* What becomes of mail while something is wrong. */
enum meanwhile { MEANWHILE_OPEN, MEANWHILE_CLOSED, MEANWHILE_KEPT };

extern const char *const meanwhile_names[];

/* The gate's exceptional states, made from faults.def. */
enum fault {
#define FAULT(counter, ...) FAULT_##counter,
#include "faults.def"
#undef FAULT
	FAULTS
};

struct fault_row {
	enum counter counter; /* rises in it */
	const char *name;     /* "pool-empty" */
	enum meanwhile meanwhile;
	bool loud;     /* is told without being asked for */
	bool forcible; /* by sluice-gate --force */
	const char *meaning, *advice;
};

extern const struct fault_row fault_rows[FAULTS];

/* FAULTS when there is none of that name, which is `size` bytes long. */
enum fault fault_find(const char *name, unsigned long size);

/* "pool-empty, port-full": those with a bit in `faults`. Returns `out`. */
char *fault_names(unsigned faults, char *out, unsigned long size);

#endif
