/* SPDX-License-Identifier: BSD-3-Clause */
/* An answer that goes on: lines are sent as they come. Who does not read them in time misses some, and is told how
 * many; nobody waits for him. */
#ifndef SLUICE_FEED_H
#define SLUICE_FEED_H

#include <stddef.h>

#include <microhttpd.h>

struct listener;
struct feed;

/* NULL without memory. `ended` is called when the client has gone; the feed is no more after it. */
struct feed *feed_create(struct listener *listener, struct MHD_Connection *connection,
			 void (*ended)(void *context, struct feed *feed), void *context);

/* What MHD sends; has the feed from then on. NULL: the feed is gone. */
struct MHD_Response *feed_response(struct feed *feed);

/* One line more, without its end. */
void feed_put(struct feed *feed, const char *line);

/* No more will come: what is there is sent. */
void feed_finish(struct feed *feed);

#endif
