/* SPDX-License-Identifier: BSD-3-Clause */
/* The gate's own counters on DPDK's telemetry socket, for dpdk-telemetry.py and collectors that speak to it:
 *   /sluice/counters    each counter of counters.def, of all workers; "/sluice/counters,N": of worker N
 *   /sluice/workers     of each worker: lcore, flows, held, busy_ns, total_ns
 * Answered by EAL's own thread with relaxed loads; no worker is asked. DPDK takes no context for a command and never
 * forgets one, so there is one place that names the workers, empty when there are none. */
#ifndef SLUICE_TELEMETRY_H
#define SLUICE_TELEMETRY_H

struct gate;

/* 0, or -EINVAL, -ENOMEM. `gate` stays valid until telemetry_end(). */
int telemetry_begin(const struct gate *gate);

/* After it no command looks at a worker any more. */
void telemetry_end(void);

#endif
