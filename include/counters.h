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

#endif
