/* SPDX-License-Identifier: BSD-3-Clause */
/* SMTP from addresses that are no customer's: mail that goes past all that is configured. Pure. */
#ifndef SLUICE_STRANGERS_H
#define SLUICE_STRANGERS_H

#include <stdbool.h>
#include <stdint.h>

#include "wire.h"

#define STRANGERS_NAMED 4

struct strangers {
	uint64_t boot;	  /* of the gate that counted; 0: nobody has looked yet */
	uint64_t counted; /* connections, let in or refused */
	int64_t rose_ms;  /* when there were more of them last; 0: never */
	char from[STRANGERS_NAMED * 48];
};

/* What the gate's meter of customer "unknown" shows now; NULL: there is none. True: there are more than before. At the
 * first look those count that are open. */
bool strangers_count(struct strangers *strangers, uint64_t boot, const struct wire_ROW_METER *meter, int64_t now_ms);

/* Whose connections are open now: the first few addresses are kept as text. */
void strangers_name(struct strangers *strangers, const struct wire_ROW_FLOW *rows, uint32_t count);

/* Were there any lately? */
bool strangers_lately(const struct strangers *strangers, int64_t now_ms);

#endif
