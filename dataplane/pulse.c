/* SPDX-License-Identifier: BSD-3-Clause */
#include "pulse.h"

#include <errno.h>
#include <stdlib.h>

#include <systemd/sd-daemon.h>

#include "inspect.h"
#include "log.h"

int pulse_begin(struct pulse *pulse, struct worker_view **worker, uint32_t workers)
{
	*pulse = (struct pulse){ .workers = workers, .worker = worker, .seen = calloc(workers, sizeof(uint64_t)) };
	if (pulse->seen == NULL)
		return -ENOMEM;
	sd_notify(0, "READY=1");
	return 0;
}

void pulse_end(struct pulse *pulse)
{
	if (pulse->seen != NULL)
		sd_notify(0, "STOPPING=1");
	free(pulse->seen);
	pulse->seen = NULL;
}

bool pulse_look(struct pulse *pulse)
{
	bool all = true;

	for (uint32_t i = 0; i < pulse->workers; i++) {
		uint64_t total = atomic_load_explicit(&pulse->worker[i]->total_ns, memory_order_relaxed);
		if (total == pulse->seen[i] && all)
			log_error("worker %u has not taken a turn for a second: it hangs, or its core is taken away",
				  i);
		all = all && total != pulse->seen[i];
		pulse->seen[i] = total;
	}
	if (all)
		sd_notify(0, "WATCHDOG=1");
	return all;
}
