/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/listener.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <systemd/sd-event.h>

#include "api/access.h"
#include "api/exchange.h"
#include "api/route.h"
#include "log.h"

#define CLIENTS_MOST 64 /* readers must not keep out those who decide: each socket has its own */
#define CLIENTS_LEAVING 8
#define IDLE_SECONDS 60u
#define HEADER_MOST (16u << 10) /* of a connection's memory: request line, headers, and the answer's */
#define ACCEPT_AGAIN_USEC 1000000u
#define RUNS_MOST 16
#define TLS_PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

struct listener {
	struct daemon *daemon;
	char *name;
	int descriptor;
	bool remote, ends;
	enum right right;
	struct MHD_Daemon *http;
	sd_event_source *io, *again; /* accepting, and its pause */
	sd_event_source *ready, *soon, *due;
	struct client *client; /* newest first */
	unsigned clients;
};

struct daemon *listener_daemon(const struct listener *listener)
{
	return listener->daemon;
}

const char *listener_name(const struct listener *listener)
{
	return listener->name;
}

bool listener_ends(const struct listener *listener)
{
	return listener->ends;
}

bool listener_who(const struct client *client, struct MHD_Connection *connection, struct who *ret_who)
{
	*ret_who = client->who;
	return !client->listener->remote || access_who(client->listener->daemon->config, connection, ret_who);
}

/* What can be done now, and a timer for what is to be done then. */
static void run(struct listener *listener)
{
	MHD_UNSIGNED_LONG_LONG ms = 0;
	bool timed = true;

	for (int i = 0; i < RUNS_MOST && timed && ms == 0; i++) {
		MHD_run(listener->http);
		timed = MHD_get_timeout(listener->http, &ms) == MHD_YES;
	}
	if (timed)
		sd_event_source_set_time_relative(listener->due, ms * 1000);
	sd_event_source_set_enabled(listener->due, timed ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
}

static int on_ready(sd_event_source *source, int descriptor, uint32_t events, void *context)
{
	(void)source, (void)descriptor, (void)events;
	run(context);
	return 0;
}

static int on_soon(sd_event_source *source, void *context)
{
	(void)source;
	run(context);
	return 0;
}

static int on_due(sd_event_source *source, uint64_t usec, void *context)
{
	(void)source, (void)usec;
	run(context);
	return 0;
}

void listener_resume(struct listener *listener, struct MHD_Connection *connection)
{
	MHD_resume_connection(connection);
	/* Without a listening socket of its own MHD does not say so by its epoll descriptor. */
	sd_event_source_set_enabled(listener->soon, SD_EVENT_ONESHOT);
}

static void set_who(struct client *client)
{
	struct ucred peer = { .uid = (uid_t)-1 };
	socklen_t size = sizeof(peer);

	getsockopt(client->descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &size);
	const struct passwd *user = getpwuid(peer.uid);
	if (user != NULL)
		snprintf(client->who.author, sizeof(client->who.author), "%s", user->pw_name);
	else
		snprintf(client->who.author, sizeof(client->who.author), "uid %u", peer.uid);
	text_ascii(client->who.author);
	client->who.right = client->listener->right;
}

static void add_client(struct listener *listener, struct MHD_Connection *connection, void **place)
{
	struct client *client = calloc(1, sizeof(*client));

	if (client == NULL)
		abort(); /* MHD has taken the connection, and would call with no client */
	client->listener = listener;
	client->descriptor = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	if (!listener->remote)
		set_who(client);
	client->next = listener->client;
	listener->client = client;
	listener->clients++;
	*place = client;
}

static void drop_client(struct listener *listener, struct client *client)
{
	for (struct client **link = &listener->client; *link != NULL; link = &(*link)->next) {
		if (*link != client)
			continue;
		*link = client->next;
		break;
	}
	listener->clients--;
	free(client);
}

static void on_connection(void *context, struct MHD_Connection *connection, void **place,
			  enum MHD_ConnectionNotificationCode what)
{
	if (what == MHD_CONNECTION_NOTIFY_STARTED)
		add_client(context, connection, place);
	else
		drop_client(context, *place);
}

static int on_again(sd_event_source *source, uint64_t usec, void *context)
{
	struct listener *listener = context;

	(void)source, (void)usec;
	listener->again = sd_event_source_disable_unref(listener->again);
	sd_event_source_set_enabled(listener->io, SD_EVENT_ON);
	return 0;
}

/* Who could not be taken still waits, and would turn the loop until there is room. */
static void pause_accepting(struct listener *listener, int error)
{
	log_warning("%s: nobody can be taken for a second: %s", listener->name, strerror(error));
	if (sd_event_add_time_relative(listener->daemon->event, &listener->again, CLOCK_MONOTONIC, ACCEPT_AGAIN_USEC,
				       1000, on_again, listener) >= 0)
		sd_event_source_set_enabled(listener->io, SD_EVENT_OFF);
}

/* The one who came first of those who have asked for nothing. Often it has gone, and its end is only not seen yet. */
static struct client *longest_idle(struct listener *listener)
{
	struct client *idle = NULL;

	for (struct client *client = listener->client; client != NULL; client = client->next)
		if (!client->busy)
			idle = client;
	return idle;
}

/* Room for one more: who asks for nothing makes way for who may. */
static bool make_room(struct listener *listener)
{
	if (listener->clients < CLIENTS_MOST)
		return true;
	struct client *idle = longest_idle(listener);

	log_warning("%s: more than %d clients, %s was turned away", listener->name, CLIENTS_MOST,
		    idle != NULL ? "an idle one" : "the newest");
	if (idle == NULL)
		return false;
	shutdown(idle->descriptor, SHUT_RDWR);
	run(listener); /* MHD sees the end, and closes */
	return true;
}

static void take(struct listener *listener, int descriptor)
{
	struct sockaddr_storage address;
	socklen_t size = sizeof(address);

	if (getpeername(descriptor, (struct sockaddr *)&address, &size) < 0 || !make_room(listener)) {
		close(descriptor);
		return;
	}
	/* Closes the descriptor itself when it fails. */
	if (MHD_add_connection(listener->http, descriptor, (struct sockaddr *)&address, size) == MHD_YES)
		run(listener);
}

static int on_accept(sd_event_source *source, int descriptor, uint32_t events, void *context)
{
	struct listener *listener = context;
	int accepted = accept4(descriptor, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)source, (void)events;
	if (accepted >= 0)
		take(listener, accepted);
	else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
		pause_accepting(listener, errno);
	return 0;
}

/* MHD has its options as a table; the rows that are not used end it. */
static struct MHD_Daemon *start_http(struct listener *listener, const struct tls_files *tls)
{
	const unsigned flags = MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME;
	struct MHD_OptionItem secure[5] = { { MHD_OPTION_END, 0, NULL } };
	size_t count = 0;

	if (tls != NULL) {
		secure[count++] = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_MEM_CERT, 0, tls->certificate };
		secure[count++] = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_MEM_KEY, 0, tls->key };
		secure[count++] = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)TLS_PRIORITIES };
		if (tls->client_ca != NULL)
			secure[count++] = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_MEM_TRUST, 0, tls->client_ca };
		secure[count] = (struct MHD_OptionItem){ MHD_OPTION_END, 0, NULL };
	}
	return MHD_start_daemon(flags | (tls != NULL ? MHD_USE_TLS : 0u), 0, NULL, NULL, exchange_handle, listener,
				MHD_OPTION_NOTIFY_CONNECTION, on_connection, listener, MHD_OPTION_NOTIFY_COMPLETED,
				exchange_completed, listener, MHD_OPTION_CONNECTION_LIMIT,
				CLIENTS_MOST + CLIENTS_LEAVING, MHD_OPTION_CONNECTION_TIMEOUT, IDLE_SECONDS,
				MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEADER_MOST, MHD_OPTION_STRICT_FOR_CLIENT,
				1, MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_ARRAY, secure, MHD_OPTION_END);
}

static int add_sources(struct listener *listener)
{
	int descriptor = MHD_get_daemon_info(listener->http, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
	sd_event *event = listener->daemon->event;
	int ret = sd_event_add_io(event, &listener->ready, descriptor, EPOLLIN, on_ready, listener);

	if (ret >= 0)
		ret = sd_event_add_defer(event, &listener->soon, on_soon, listener);
	if (ret >= 0)
		ret = sd_event_add_time_relative(event, &listener->due, CLOCK_MONOTONIC, 0, 1000, on_due, listener);
	if (ret >= 0)
		ret = sd_event_add_io(event, &listener->io, listener->descriptor, EPOLLIN, on_accept, listener);
	return ret < 0 ? ret : 0;
}

int listener_create(struct daemon *daemon, const struct place *place, struct listener **ret_listener)
{
	struct listener *listener = calloc(1, sizeof(*listener));

	if (listener == NULL) {
		close(place->descriptor);
		return -ENOMEM;
	}
	*listener = (struct listener){ .daemon = daemon,
				       .name = strdup(place->name),
				       .descriptor = place->descriptor,
				       .remote = place->remote,
				       .right = place->right };
	listener->http = start_http(listener, place->tls);
	int ret = listener->http != NULL ? add_sources(listener) : -EINVAL;
	if (ret == 0)
		*ret_listener = listener;
	else
		listener_destroy(listener);
	return ret;
}

/* MHD does not stop while anybody waits. */
static void answer_all(struct listener *listener)
{
	struct refusal refusal;

	refuse(&refusal, MHD_HTTP_SERVICE_UNAVAILABLE, NULL, "the daemon is going");
	listener->ends = true; /* what is taken in by the last run is refused, too */
	for (struct client *client = listener->client; client != NULL; client = client->next)
		if (client->waits != NULL)
			exchange_answer(client->waits, refusal.status, refusal_reply(&refusal));
	run(listener);
}

void listener_destroy(struct listener *listener)
{
	if (listener == NULL)
		return;
	if (listener->http != NULL && listener->due != NULL)
		answer_all(listener);
	sd_event_source_disable_unref(listener->ready);
	sd_event_source_disable_unref(listener->soon);
	sd_event_source_disable_unref(listener->due);
	if (listener->http != NULL)
		MHD_stop_daemon(listener->http);
	sd_event_source_disable_unref(listener->io);
	sd_event_source_disable_unref(listener->again);
	close(listener->descriptor);
	free(listener->name);
	free(listener);
}
