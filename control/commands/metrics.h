/* SPDX-License-Identifier: BSD-3-Clause */
/* The page a collector reads, in OpenMetrics' text form (https://prometheus.io/docs/specs/om/open_metrics_spec/): a
 * family is its TYPE, UNIT and HELP and then its samples. Pure: what is known is an argument, NULL what is not. */
#ifndef SLUICE_METRICS_H
#define SLUICE_METRICS_H

#include <stddef.h>
#include <stdint.h>

#include "alarms/alarms.h"
#include "brake/watch_volumes.h"
#include "gate/link.h"
#include "gate/policy.h"
#include "ledger/ledger.h"
#include "wire.h"

#define METRICS_TYPE "application/openmetrics-text; version=1.0.0; charset=utf-8"

struct metrics {
	const struct link_status *link;
	const struct ledger *ledger;
	const struct alarms *alarms;
	const size_t *tiers;	     /* [TIERS], customers of each */
	const struct policy *policy; /* for names */
	struct volumes_held held;    /* by the spike brake */
	uint64_t stopped, waiting;   /* orders by the blast radius: ever, now */
	size_t usual;		     /* customers of whom it is known */
	const uint64_t *enforced;    /* [HISTOGRAM_CELLS] of orders: from the request to "enforced" */
	const struct wire_ROW_STATUS *status;
	const struct wire_ROW_COUNTERS *counters;
	struct {
		const struct wire_ROW_METER *row;
		uint32_t count;
	} providers, customers; /* customers: the busiest */
	struct {
		const struct wire_ROW_WAITS *row;
		uint32_t count;
	} waits;
};

/* The page, to be freed; NULL without memory. */
char *metrics_page(const struct metrics *metrics, size_t *ret_size);

#endif
