/* SPDX-License-Identifier: BSD-3-Clause */
#include "report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "blind.h"
#include "clock.h"
#include "control.h"
#include "frame.h"
#include "meters.h"
#include "table_published.h"

int report_init(struct report *report, const struct control_config *config, uint64_t boot, uint64_t now)
{
	*report = (struct report){ .config = config, .boot = boot, .start = now };
	report->busy_ns = calloc(config->workers, sizeof(*report->busy_ns));
	report->total_ns = calloc(config->workers, sizeof(*report->total_ns));
	if (report->busy_ns == NULL || report->total_ns == NULL)
		return -ENOMEM;
	return 0;
}

void report_finish(struct report *report)
{
	free(report->busy_ns);
	free(report->total_ns);
}

void report_counters(const struct report *report, uint64_t ret_counter[COUNTERS])
{
	memset(ret_counter, 0, COUNTERS * sizeof(*ret_counter));
	for (uint32_t i = 0; i < report->config->workers; i++)
		for (int counter = 0; counter < COUNTERS; counter++)
			ret_counter[counter] += view_load(&report->config->worker[i]->counter[counter]);
}

/* The busiest worker's share of time since the last look. */
static uint32_t busy_permille(struct report *report)
{
	uint64_t most = 0;

	for (uint32_t i = 0; i < report->config->workers; i++) {
		const struct worker_view *view = report->config->worker[i];
		uint64_t busy = view_load(&view->busy_ns), total = view_load(&view->total_ns);
		uint64_t passed = total - report->total_ns[i];
		uint64_t share = passed > 0 ? (busy - report->busy_ns[i]) * 1000 / passed : 0;
		report->busy_ns[i] = busy;
		report->total_ns[i] = total;
		most = share > most ? share : most;
	}
	return (uint32_t)(most < 1000 ? most : 1000);
}

static int answer_status(struct report *report, struct frame_buffer *out, uint32_t *ret_rows)
{
	const struct control_config *config = report->config;
	struct wire_ROW_STATUS row = { .boot = report->boot,
				       .uptime_ns = clock_now() - report->start,
				       .flows_most = config->flows_most,
				       .workers = config->workers };
	struct table_sizes sizes;

	table_sizes(config->store, &sizes);
	row.generation = sizes.generation;
	row.ready = sizes.ready;
	row.identities = sizes.identities;
	row.destinations = sizes.destinations;
	row.limits = sizes.limits;
	row.verdicts = sizes.verdicts;
	for (uint32_t i = 0; i < config->workers; i++) {
		row.flows += view_load(&config->worker[i]->flows);
		row.held += view_load(&config->worker[i]->held);
	}
	if (config->meters != NULL) {
		row.meters = meters_used(config->meters);
		row.meters_most = meters_most(config->meters);
	}
	row.busy_permille = busy_permille(report);
	if (report->blind != NULL) {
		row.blind_permille = report->blind->permille;
		row.silent_s = (uint32_t)((clock_now() - report->blind->heard) / 1000000000u);
	}
	*ret_rows = 1;
	return frame_put(out, WIRE_ROW_STATUS, &row);
}

static int answer_counters(const struct report *report, struct frame_buffer *out, uint32_t *ret_rows)
{
	struct wire_ROW_COUNTERS row;

	report_counters(report, row.counter);
	*ret_rows = 1;
	return frame_put(out, WIRE_ROW_COUNTERS, &row);
}

static void sum_waits(const struct report *report, enum wait_unit unit, enum scope scope,
		      struct wire_ROW_WAITS *ret_row)
{
	*ret_row = (struct wire_ROW_WAITS){ .unit = unit, .scope = scope };
	for (uint32_t i = 0; i < report->config->workers; i++) {
		const struct histogram *waits = &report->config->worker[i]->waits[unit][scope];
		uint64_t most = view_load(&waits->most_ns);
		ret_row->most_ns = most > ret_row->most_ns ? most : ret_row->most_ns;
		for (unsigned cell = 0; cell < HISTOGRAM_CELLS; cell++)
			ret_row->cell[cell] += view_load(&waits->cell[cell]);
	}
}

static int answer_waits(const struct report *report, struct frame_buffer *out, uint32_t *ret_rows)
{
	struct wire_ROW_WAITS row;
	int ret = 0;

	for (int unit = 0; unit < WAIT_UNIT_COUNT; unit++)
		for (int scope = 0; ret == 0 && scope < SCOPES; scope++, ++*ret_rows) {
			sum_waits(report, unit, scope, &row);
			ret = frame_put(out, WIRE_ROW_WAITS, &row);
		}
	return ret;
}

int report_answer(struct report *report, const struct wire_QUERY *query, struct frame_buffer *out)
{
	struct wire_END end = { .what = query->what };
	int ret = -EINVAL;

	if (query->what == QUERY_STATUS)
		ret = answer_status(report, out, &end.rows);
	else if (query->what == QUERY_COUNTERS)
		ret = answer_counters(report, out, &end.rows);
	else if (query->what == QUERY_WAITS)
		ret = answer_waits(report, out, &end.rows);
	return ret < 0 ? ret : frame_put(out, WIRE_END, &end);
}
