/* SPDX-License-Identifier: BSD-3-Clause */
#include "counters.h"

const struct counter_row counter_rows[COUNTERS] = {
#define COUNTER(name, class, text, help) [COUNT_##name] = { text, CLASS_##class, help },
#include "counters.def"
#undef COUNTER
};

const struct fault_row fault_rows[FAULTS] = {
#define FAULT(counter, advice) { COUNT_##counter, advice },
#include "faults.def"
#undef FAULT
};
