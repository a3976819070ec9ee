/* SPDX-License-Identifier: BSD-3-Clause */
/* Tells systemd that the gate lives, which is to say that every worker still takes turns: a gate whose control thread
 * answers while a worker hangs would let nobody's mail through, and must be started anew. */
#ifndef SLUICE_PULSE_H
#define SLUICE_PULSE_H

#include <stdbool.h>
#include <stdint.h>

struct worker_view;

struct pulse {
	uint32_t workers;
	struct worker_view **worker;
	uint64_t *seen; /* of each worker's total_ns, at the last look; NULL: nobody wants to know */
};

/* Says READY if a service manager asked for it (NOTIFY_SOCKET). 0 or -ENOMEM. */
int pulse_begin(struct pulse *pulse, struct worker_view **worker, uint32_t workers);
void pulse_end(struct pulse *pulse);

/* Once a second: has every worker moved since the last look? If so the manager's watchdog is told. */
bool pulse_look(struct pulse *pulse);

#endif
