/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/feed.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "api/listener.h"

#define WAITING_MOST (256u << 10)
#define BLOCK 4096u

struct feed {
	struct listener *listener;
	struct MHD_Connection *connection;
	void (*ended)(void *context, struct feed *feed);
	void *context;
	char *text; /* what is to be sent: from `done` to `size` */
	size_t done, size, room;
	uint64_t missed;
	bool suspended, finished;
};

struct feed *feed_create(struct listener *listener, struct MHD_Connection *connection,
			 void (*ended)(void *context, struct feed *feed), void *context)
{
	struct feed *feed = calloc(1, sizeof(*feed));

	if (feed != NULL)
		*feed = (struct feed){
			.listener = listener, .connection = connection, .ended = ended, .context = context
		};
	return feed;
}

static void destroy(void *context)
{
	struct feed *feed = context;

	feed->ended(feed->context, feed);
	free(feed->text);
	free(feed);
}

/* What is there, or nothing for now. */
static ssize_t give(void *context, uint64_t position, char *out, size_t size)
{
	struct feed *feed = context;
	size_t left = feed->size - feed->done, taken = left < size ? left : size;

	(void)position;
	if (taken > 0) {
		memcpy(out, feed->text + feed->done, taken);
		feed->done += taken;
		return (ssize_t)taken;
	}
	if (feed->finished)
		return MHD_CONTENT_READER_END_OF_STREAM;
	feed->suspended = true;
	MHD_suspend_connection(feed->connection);
	return 0;
}

struct MHD_Response *feed_response(struct feed *feed)
{
	struct MHD_Response *response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, give, feed, destroy);

	if (response == NULL)
		destroy(feed);
	return response;
}

static void wake(struct feed *feed)
{
	if (!feed->suspended)
		return;
	feed->suspended = false;
	listener_resume(feed->listener, feed->connection);
}

static bool make_room(struct feed *feed, size_t size)
{
	memmove(feed->text, feed->text + feed->done, feed->size - feed->done);
	feed->size -= feed->done;
	feed->done = 0;
	if (feed->size + size <= feed->room)
		return true;
	char *grown = feed->size + size <= WAITING_MOST ? realloc(feed->text, feed->size + size) : NULL;
	if (grown == NULL)
		return false;
	feed->text = grown;
	feed->room = feed->size + size;
	return true;
}

static bool append(struct feed *feed, const char *line)
{
	size_t size = strlen(line);

	if (!make_room(feed, size + 1))
		return false;
	memcpy(feed->text + feed->size, line, size);
	feed->text[feed->size + size] = '\n';
	feed->size += size + 1;
	return true;
}

void feed_put(struct feed *feed, const char *line)
{
	char missed[96];

	if (feed->missed > 0) {
		snprintf(missed, sizeof(missed), "{\"at\":null,\"event\":\"missed\",\"text\":\"\",\"count\":%llu}",
			 (unsigned long long)feed->missed);
		if (append(feed, missed))
			feed->missed = 0;
	}
	if (feed->missed > 0 || !append(feed, line))
		feed->missed++;
	wake(feed);
}

void feed_finish(struct feed *feed)
{
	feed->finished = true;
	wake(feed);
}
