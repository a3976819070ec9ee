/* SPDX-License-Identifier: BSD-3-Clause */
#include "watch.h"

#include "log.h"

#define QUIET_NS 60000000000u

static const struct {
	enum counter counter;
	const char *advice;
} rows[] = {
	{ COUNT_DROP_TRUNCATED, "the neighbour sends frames larger than the link takes: ethtool -K IF tso off gso off "
				"on its end, and gro off, lro off on receiving NICs" },
	{ COUNT_DROP_BAD_CHECKSUM,
	  "a neighbour's checksum offload writes wrong sums: ethtool -K IF tx off on its end" },
	{ COUNT_DROP_NOT_READY, "SMTP waits for the tables: is sluiced running and connected?" },
	{ COUNT_DROP_NO_MBUF, "the packet pool is empty: give EAL more memory (-m) and the gate more --held" },
	{ COUNT_DROP_TX_FULL, "a port does not take what it is given: link down, or too slow for the traffic" },
	{ COUNT_DROP_STEER_FULL, "a worker is overloaded: more lcores" },
	{ COUNT_REFUSED_HOLD_FULL, "no room to let more connections wait: more --held" },
	{ COUNT_REFUSED_NO_ROOM, "flow or meter table full: more --flows or --meters" },
	{ COUNT_FLOW_TABLE_FULL, "flow table full: more --flows" },
};

void watch_counters(struct watch *watch, const uint64_t counter[COUNTERS], uint64_t now)
{
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		enum counter which = rows[i].counter;
		uint64_t more = counter[which] - watch->said[which];

		if (more == 0 || (watch->said_at[which] != 0 && now - watch->said_at[which] < QUIET_NS))
			continue;
		log_warning("%s: %llu more: %s", counter_rows[which].name, (unsigned long long)more, rows[i].advice);
		watch->said[which] = counter[which];
		watch->said_at[which] = now;
	}
}
