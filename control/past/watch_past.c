/* SPDX-License-Identifier: BSD-3-Clause */
#include "past/watch_past.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <systemd/sd-event.h>

#include "clocks.h"
#include "daemon.h"

#define MINUTE_USEC 60000000u
#define CUSTOMERS_MOST 500u /* who sent most, and as many customers at a provider */

/* What is asked, one after the other. */
static const struct {
	enum scope scope;
	uint32_t most;
} asked[] = {
	{ SCOPE_GATE, 1 },
	{ SCOPE_PROVIDER, WIRE_ORDERED_MOST },
	{ SCOPE_CUSTOMER, CUSTOMERS_MOST },
	{ SCOPE_CUSTOMER_PROVIDER, CUSTOMERS_MOST },
};

#define QUESTIONS (sizeof(asked) / sizeof(asked[0]))

struct watch_past {
	struct daemon *daemon;
	sd_event_source *timer;
	struct past past;
	int64_t begun_ms; /* of the round under way */
	size_t at;
	struct wire_ROW_METER *rows; /* so far */
	uint32_t count;
};

static void ask(struct watch_past *watch);

static void keep(struct watch_past *watch, const struct rows *rows)
{
	struct wire_ROW_METER *grown = realloc(watch->rows, (watch->count + rows->count + 1) * sizeof(*grown));

	if (grown == NULL)
		return;
	watch->rows = grown;
	if (rows->count > 0)
		memcpy(grown + watch->count, rows->row, rows->count * sizeof(*grown));
	watch->count += rows->count;
}

/* The gate is away: this minute is not known. */
static void give_up(struct watch_past *watch)
{
	watch->at = QUESTIONS;
	watch->count = 0;
}

static void on_rows(void *context, const struct rows *rows)
{
	struct watch_past *watch = context;

	if (rows == NULL) {
		give_up(watch);
		return;
	}
	keep(watch, rows);
	if (++watch->at < QUESTIONS)
		ask(watch);
	else
		past_take(&watch->past, watch->begun_ms, link_status(watch->daemon->link)->boot, watch->rows,
			  watch->count);
}

static void ask(struct watch_past *watch)
{
	const struct wire_QUERY query = { .what = QUERY_METERS,
					  .customer = ID_ANY,
					  .provider = ID_ANY,
					  .scope = asked[watch->at].scope,
					  .order = ORDER_MESSAGES,
					  .most = asked[watch->at].most };

	if (link_query(watch->daemon->link, &query, on_rows, watch) < 0)
		give_up(watch);
}

static int on_minute(sd_event_source *source, uint64_t usec, void *context)
{
	struct watch_past *watch = context;

	sd_event_source_set_time(source, usec + MINUTE_USEC);
	sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	if (watch->at < QUESTIONS)
		return 0; /* the last answer is still awaited */
	watch->at = watch->count = 0;
	watch->begun_ms = (int64_t)(steady_usec() / 1000);
	ask(watch);
	return 0;
}

const struct past *watch_past_seen(const struct watch_past *watch)
{
	return &watch->past;
}

int watch_past_create(struct daemon *daemon, struct watch_past **ret_watch)
{
	struct watch_past *watch = calloc(1, sizeof(*watch));

	if (watch == NULL)
		return -ENOMEM;
	watch->daemon = daemon;
	watch->at = QUESTIONS;
	int ret = sd_event_add_time_relative(daemon->event, &watch->timer, CLOCK_MONOTONIC, MINUTE_USEC, 1000,
					     on_minute, watch);
	if (ret < 0) {
		free(watch);
		return ret;
	}
	*ret_watch = watch;
	return 0;
}

void watch_past_destroy(struct watch_past *watch)
{
	if (watch == NULL)
		return;
	sd_event_source_disable_unref(watch->timer);
	past_finish(&watch->past);
	free(watch->rows);
	free(watch);
}
