/* SPDX-License-Identifier: BSD-3-Clause */
/* Answers to QUERY that are there at once: rows about the gate as a whole, its counters, who waited how long. */
#ifndef SLUICE_REPORT_H
#define SLUICE_REPORT_H

#include <stdint.h>

#include "counters.h"
#include "wire.h"

struct blind;
struct control_config;
struct frame_buffer;

struct report {
	const struct control_config *config;
	uint64_t boot;
	uint64_t start;		      /* ns */
	const struct blind *blind;    /* NULL in tests */
	uint64_t *busy_ns, *total_ns; /* [workers], at the last look */
};

int report_init(struct report *report, const struct control_config *config, uint64_t boot, uint64_t now);
void report_finish(struct report *report);

/* Appends rows and END. 0, -EINVAL for a query that is none of these, or -ENOMEM. */
int report_answer(struct report *report, const struct wire_QUERY *query, struct frame_buffer *out);

/* Sums over all workers. */
void report_counters(const struct report *report, uint64_t ret_counter[COUNTERS]);

#endif
