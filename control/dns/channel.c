/* SPDX-License-Identifier: BSD-3-Clause */
#include "dns/channel.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <time.h>

#define TRY_MS 2000
#define TRIES 2
#define SOCKETS_MOST 64

struct io {
	ares_socket_t socket;
	sd_event_source *source;
};

struct channel {
	sd_event *event;
	ares_channel ares;
	struct io io[SOCKETS_MOST];
	sd_event_source *timeout;
};

static void arm_timeout(struct channel *channel);

static int on_socket(sd_event_source *source, int descriptor, uint32_t events, void *context)
{
	struct channel *channel = context;

	(void)source;
	ares_process_fd(channel->ares, events & (EPOLLIN | EPOLLHUP | EPOLLERR) ? descriptor : ARES_SOCKET_BAD,
			events & EPOLLOUT ? descriptor : ARES_SOCKET_BAD);
	arm_timeout(channel);
	return 0;
}

static struct io *io_of(struct channel *channel, ares_socket_t socket)
{
	for (int i = 0; i < SOCKETS_MOST; i++)
		if (channel->io[i].source != NULL && channel->io[i].socket == socket)
			return &channel->io[i];
	for (int i = 0; i < SOCKETS_MOST; i++)
		if (channel->io[i].source == NULL)
			return &channel->io[i];
	return NULL;
}

/* c-ares says which sockets it waits on. */
static void on_state(void *context, ares_socket_t socket, int readable, int writable)
{
	struct channel *channel = context;
	struct io *io = io_of(channel, socket);
	uint32_t events = (readable ? EPOLLIN : 0u) | (writable ? EPOLLOUT : 0u);

	if (io == NULL)
		return; /* its timeout will bring it on */
	if (events == 0) {
		io->source = sd_event_source_disable_unref(io->source);
		return;
	}
	if (io->source != NULL)
		sd_event_source_set_io_events(io->source, events);
	else if (sd_event_add_io(channel->event, &io->source, socket, events, on_socket, channel) >= 0)
		io->socket = socket;
}

static int on_timeout(sd_event_source *source, uint64_t usec, void *context)
{
	struct channel *channel = context;

	(void)source, (void)usec;
	ares_process_fd(channel->ares, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	arm_timeout(channel);
	return 0;
}

static void arm_timeout(struct channel *channel)
{
	struct timeval room, *next = ares_timeout(channel->ares, NULL, &room);

	if (next == NULL)
		return;
	uint64_t usec = (uint64_t)next->tv_sec * 1000000u + (uint64_t)next->tv_usec;
	if (channel->timeout == NULL)
		sd_event_add_time_relative(channel->event, &channel->timeout, CLOCK_MONOTONIC, usec, 1000, on_timeout,
					   channel);
	else if (sd_event_source_set_time_relative(channel->timeout, usec) >= 0)
		sd_event_source_set_enabled(channel->timeout, SD_EVENT_ONESHOT);
}

static int open_channel(struct channel *channel, const char *server)
{
	/* DNS alone, and each name as it is written: no /etc/hosts, no search domains, no aliases. */
	struct ares_options options = { .flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES,
					.timeout = TRY_MS,
					.tries = TRIES,
					.lookups = (char[]){ "b" },
					.sock_state_cb = on_state,
					.sock_state_cb_data = channel };
	const int given = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_DOMAINS | ARES_OPT_LOOKUPS |
			  ARES_OPT_SOCK_STATE_CB;

	if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS ||
	    ares_init_options(&channel->ares, &options, given) != ARES_SUCCESS)
		return -ENOMEM;
	return server == NULL || ares_set_servers_csv(channel->ares, server) == ARES_SUCCESS ? 0 : -EINVAL;
}

int channel_create(sd_event *event, const char *server, struct channel **ret_channel)
{
	struct channel *channel = calloc(1, sizeof(*channel));

	if (channel == NULL)
		return -ENOMEM;
	channel->event = event;
	int ret = open_channel(channel, server);
	if (ret < 0) {
		channel_destroy(channel);
		return ret;
	}
	*ret_channel = channel;
	return 0;
}

void channel_destroy(struct channel *channel)
{
	if (channel == NULL)
		return;
	if (channel->ares != NULL)
		ares_destroy(channel->ares);
	sd_event_source_disable_unref(channel->timeout);
	free(channel);
	ares_library_cleanup();
}

ares_channel channel_ares(const struct channel *channel)
{
	return channel->ares;
}

void channel_asked(struct channel *channel)
{
	arm_timeout(channel);
}
