/* SPDX-License-Identifier: BSD-3-Clause */
/* Asks the gate one question after the other, then makes the page of what there is: without a gate it is short. */
#include <stdlib.h>
#include <string.h>

#include "commands/commands_table.h"
#include "commands/metrics.h"
#include "daemon.h"
#include "frame.h"

#define CUSTOMERS_SHOWN 50 /* the busiest now: a page of a million is no page */

static const struct wire_QUERY steps[] = {
	{ .what = QUERY_STATUS },
	{ .what = QUERY_COUNTERS },
	{ .what = QUERY_WAITS },
	{ .what = QUERY_METERS, .customer = ID_ANY, .provider = ID_ANY, .scope = SCOPE_PROVIDER },
	{ .what = QUERY_METERS,
	  .customer = ID_ANY,
	  .provider = ID_ANY,
	  .scope = SCOPE_CUSTOMER,
	  .most = CUSTOMERS_SHOWN,
	  .order = ORDER_CONNECTIONS },
};

#define STEPS (sizeof(steps) / sizeof(steps[0]))

struct collection {
	struct request *request;
	size_t step;
	struct rows rows[STEPS]; /* copies */
};

static void finish(struct collection *collection)
{
	const struct daemon *daemon = collection->request->daemon;
	const struct rows *rows = collection->rows;
	size_t size = 0;
	const struct metrics metrics = {
		.link = link_status(daemon->link),
		.ledger = &daemon->ledger,
		.alarms = &daemon->alarms,
		.tiers = daemon->standings.of,
		.policy = &daemon->policy,
		.held = volumes_held(daemon->volumes),
		.stopped = daemon->blast.stopped,
		.waiting = daemon->blast.stop.orders,
		.usual = daemon->brakes.count,
		.enforced = daemon->enforced,
		.status = rows[0].row,
		.counters = rows[1].row,
		.waits = { rows[2].row, rows[2].count },
		.providers = { rows[3].row, rows[3].count },
		.customers = { rows[4].row, rows[4].count },
	};
	char *page = metrics_page(&metrics, &size);

	request_reply(collection->request, page != NULL ? json_stringn(page, size) : NULL);
	free(page);
	for (size_t i = 0; i < STEPS; i++)
		free(collection->rows[i].row);
	free(collection);
}

static void ask_next(struct collection *collection);

static void take_rows(void *context, const struct rows *rows)
{
	struct collection *collection = context;
	struct rows *copy = &collection->rows[collection->step];
	size_t size = rows != NULL ? rows->count * frame_rows[rows->type].size : 0;

	copy->row = size > 0 ? malloc(size) : NULL;
	if (copy->row != NULL) {
		memcpy(copy->row, rows->row, size);
		copy->count = rows->count;
	}
	collection->step = rows != NULL ? collection->step + 1 : STEPS;
	ask_next(collection);
}

static void ask_next(struct collection *collection)
{
	if (collection->step < STEPS &&
	    link_query(collection->request->daemon->link, &steps[collection->step], take_rows, collection) == 0)
		return;
	finish(collection);
}

void command_METRICS(struct request *request)
{
	struct collection *collection = calloc(1, sizeof(*collection));

	if (collection == NULL) {
		request_refuse(request, NULL, "no memory");
		return;
	}
	collection->request = request;
	ask_next(collection);
}
