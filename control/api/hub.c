/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/hub.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "api/feed.h"
#include "clocks.h"
#include "commands/cmd_rows.h"

#define WATCHERS_MOST 16		    /* each holds a connection of its listener */
#define ALIVE_USEC (10 * UINT64_C(1000000)) /* who hears nothing so long may take it that we are gone */

struct hub {
	struct feed *feed[WATCHERS_MOST];
	unsigned count;
	sd_event_source *alive;
};

static int on_alive(sd_event_source *source, uint64_t usec, void *context)
{
	(void)usec;
	hub_tell(context, "alive", "", NULL);
	sd_event_source_set_time_relative(source, ALIVE_USEC);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

int hub_create(sd_event *event, struct hub **ret_hub)
{
	struct hub *hub = calloc(1, sizeof(*hub));

	if (hub == NULL)
		return -ENOMEM;
	int ret = sd_event_add_time_relative(event, &hub->alive, CLOCK_MONOTONIC, ALIVE_USEC, 100000, on_alive, hub);
	if (ret < 0) {
		free(hub);
		return ret;
	}
	*ret_hub = hub;
	return 0;
}

void hub_destroy(struct hub *hub)
{
	if (hub == NULL)
		return;
	sd_event_source_disable_unref(hub->alive);
	free(hub);
}

bool hub_is_full(const struct hub *hub)
{
	return hub->count == WATCHERS_MOST;
}

void hub_add(struct hub *hub, struct feed *feed)
{
	hub->feed[hub->count++] = feed;
}

void hub_remove(void *context, struct feed *feed)
{
	struct hub *hub = context;

	for (unsigned i = 0; i < hub->count; i++)
		if (hub->feed[i] == feed)
			hub->feed[i--] = hub->feed[--hub->count];
}

/* A line, to be freed; `more` is taken. */
static char *line_of(const char *event, const char *text, json_t *more)
{
	json_t *line = json_pack("{s:o, s:s, s:s}", "at", row_time(wall_ms()), "event", event, "text", text);

	if (line != NULL && more != NULL)
		json_object_update_missing(line, more);
	json_decref(more);
	char *written = line != NULL ? json_dumps(line, JSON_COMPACT) : NULL;
	json_decref(line);
	return written;
}

void hub_tell(struct hub *hub, const char *event, const char *text, json_t *more)
{
	if (hub->count == 0) {
		json_decref(more);
		return;
	}
	char *line = line_of(event, text, more);
	for (unsigned i = 0; i < hub->count && line != NULL; i++)
		feed_put(hub->feed[i], line);
	free(line);
}

void hub_greet(struct feed *feed)
{
	char *line = line_of("watching", "what happens from now on", NULL);

	if (line != NULL)
		feed_put(feed, line);
	free(line);
}

void hub_finish(struct hub *hub)
{
	for (unsigned i = 0; i < hub->count; i++)
		feed_finish(hub->feed[i]);
}
