/* SPDX-License-Identifier: BSD-3-Clause */
#include "counters.h"

#include <stdio.h>
#include <string.h>

const struct counter_row counter_rows[COUNTERS] = {
#define COUNTER(name, class, text, help) [COUNT_##name] = { text, CLASS_##class, help },
#include "counters.def"
#undef COUNTER
};

const struct fault_row fault_rows[FAULTS] = {
#define LOUD true
#define QUIET false
#define SWITCH true
#define CAUSE false
#define FAULT(counter, name, meanwhile, loud, how, meaning, advice)                                                    \
	{ COUNT_##counter, name, MEANWHILE_##meanwhile, loud, how, meaning, advice },
#include "faults.def"
#undef FAULT
};

const char *const meanwhile_names[] = {
	[MEANWHILE_OPEN] = "open",
	[MEANWHILE_CLOSED] = "closed",
	[MEANWHILE_KEPT] = "kept",
};

enum fault fault_find(const char *name, unsigned long size)
{
	for (enum fault fault = 0; fault < FAULTS; fault++)
		if (strlen(fault_rows[fault].name) == size && memcmp(fault_rows[fault].name, name, size) == 0)
			return fault;
	return FAULTS;
}

char *fault_names(unsigned faults, char *out, unsigned long size)
{
	unsigned long used = 0;

	out[0] = '\0';
	for (enum fault fault = 0; fault < FAULTS && used < size; fault++)
		if (faults & 1u << fault)
			used += (unsigned long)snprintf(out + used, size - used, "%s%s", used > 0 ? ", " : "",
							fault_rows[fault].name);
	return out;
}
