/* SPDX-License-Identifier: BSD-3-Clause */
#include "serve.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <systemd/sd-event.h>

#include "daemon.h"
#include "listen.h"
#include "log.h"
#include "request.h"

#define LINE_MOST 4096
#define OUT_MOST (8u << 20)
#define CLIENTS_MOST 64 /* of a socket: readers must not keep out those who decide */
#define ACCEPT_AGAIN_USEC 1000000u

struct client {
	struct listener *listener;
	int descriptor;
	sd_event_source *io;
	char author[AUTHOR_MAX];
	char line[LINE_MOST];
	size_t have;
	char *out;
	size_t out_size, out_done;
	bool busy;   /* a request is under way: answers come in order */
	bool taking; /* its lines are being taken: an answer at once must not take the next one */
	bool eof;    /* says no more; it is answered still */
	bool gone;   /* to be freed as soon as nobody works with it */
	struct client *next;
};

struct listener {
	struct daemon *daemon;
	char *path;
	enum right right;
	int descriptor;
	struct listen_name name;
	sd_event_source *io, *again;
	struct client *client;
	unsigned clients;
};

struct server {
	struct listener listener[2];
};

static void free_client(struct client *client)
{
	struct listener *listener = client->listener;

	request_forget(listener->daemon, client);
	for (struct client **link = &listener->client; *link != NULL; link = &(*link)->next) {
		if (*link != client)
			continue;
		*link = client->next;
		break;
	}
	listener->clients--;
	sd_event_source_disable_unref(client->io);
	close(client->descriptor);
	free(client->out);
	free(client);
}

/* Reading waits while a request is under way; epoll says HUP all the same, which must not turn the loop. */
static void watch(struct client *client)
{
	bool reading = !client->busy && !client->eof, writing = client->out_done < client->out_size;

	sd_event_source_set_io_events(client->io, (reading ? EPOLLIN : 0u) | (writing ? EPOLLOUT : 0u));
	sd_event_source_set_enabled(client->io, reading || writing ? SD_EVENT_ON : SD_EVENT_OFF);
}

static void flush(struct client *client)
{
	while (client->out_done < client->out_size) {
		ssize_t put = send(client->descriptor, client->out + client->out_done,
				   client->out_size - client->out_done, MSG_NOSIGNAL);
		if (put < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (put < 0) {
			client->gone = true;
			return;
		}
		client->out_done += (size_t)put;
	}
	if (client->out_done == client->out_size)
		client->out_size = client->out_done = 0;
}

static void queue_text(struct client *client, const char *text, size_t size)
{
	client->out_size -= client->out_done;
	if (client->out_done > 0)
		memmove(client->out, client->out + client->out_done, client->out_size);
	client->out_done = 0;
	char *grown = realloc(client->out, client->out_size + size + 1);
	if (grown == NULL) {
		client->gone = true;
		return;
	}
	client->out = grown;
	memcpy(client->out + client->out_size, text, size);
	client->out[client->out_size + size] = '\n';
	client->out_size += size + 1;
}

static void queue_error(struct client *client, const char *error)
{
	char text[256];
	int size = snprintf(text, sizeof(text), "{\"ok\":false,\"error\":\"%s\"}", error);

	log_warning("%s: %s", client->listener->path, error);
	queue_text(client, text, (size_t)size);
}

static void queue_reply(struct client *client, json_t *reply)
{
	char *text = reply != NULL ? json_dumps(reply, JSON_COMPACT) : NULL, error[128];
	size_t size = text != NULL ? strlen(text) : 0;

	json_decref(reply);
	if (client->out_size - client->out_done > OUT_MOST) {
		log_warning("%s: a client that does not read its replies was cut off", client->listener->path);
		client->gone = true;
	} else if (text == NULL) {
		queue_error(client, "the reply could not be made: no memory, or a text that is not UTF-8");
	} else if (size > OUT_MOST) {
		snprintf(error, sizeof(error), "the reply has %zu bytes, at most %u go out: ask for less", size,
			 OUT_MOST);
		queue_error(client, error);
	} else {
		queue_text(client, text, size);
	}
	free(text);
}

static void take_lines(struct client *client);

void client_answer(struct client *client, json_t *reply)
{
	client->busy = false;
	queue_reply(client, reply);
	flush(client);
	if (!client->taking)
		take_lines(client);
}

/* A whole line, or what is left when there will be no more. Copies it: its answer may bring the next one. */
static bool next_line(struct client *client, char *line, size_t *ret_size)
{
	const char *end = memchr(client->line, '\n', client->have);
	size_t size = end != NULL ? (size_t)(end - client->line) : client->have;

	if (end == NULL && (!client->eof || size == 0))
		return false;
	memcpy(line, client->line, size);
	client->have -= size + (end != NULL);
	if (client->have > 0)
		memmove(client->line, end + 1, client->have);
	*ret_size = size;
	return true;
}

/* One line after the other; the next one when the one before is answered. Frees a client that is done. */
static void take_lines(struct client *client)
{
	char line[LINE_MOST];
	size_t size;

	client->taking = true;
	while (!client->busy && !client->gone && next_line(client, line, &size)) {
		client->busy = true;
		request_begin(client->listener->daemon, client, client->listener->right, client->author, line, size);
	}
	client->taking = false;
	if (client->gone || (client->eof && !client->busy && client->out_size == 0))
		free_client(client);
	else
		watch(client);
}

static void receive(struct client *client)
{
	ssize_t got = recv(client->descriptor, client->line + client->have, sizeof(client->line) - client->have, 0);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got < 0)
		client->gone = true;
	if (got <= 0) {
		client->eof = true;
		return;
	}
	client->have += (size_t)got;
	if (client->have < sizeof(client->line) || memchr(client->line, '\n', client->have) != NULL)
		return;
	client->have = 0;
	client->eof = true;
	queue_error(client, "a request is at most 4096 bytes long");
	flush(client);
}

static int on_client(sd_event_source *source, int descriptor, uint32_t events, void *context)
{
	struct client *client = context;

	(void)source, (void)descriptor;
	if (client->out_size > 0)
		flush(client);
	if (!client->gone && !client->busy && !client->eof && events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		receive(client);
	take_lines(client);
	return 0;
}

static void set_author(struct client *client)
{
	struct ucred peer = { .uid = (uid_t)-1 };
	socklen_t size = sizeof(peer);

	getsockopt(client->descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &size);
	const struct passwd *user = getpwuid(peer.uid);
	if (user != NULL)
		snprintf(client->author, sizeof(client->author), "%s", user->pw_name);
	else
		snprintf(client->author, sizeof(client->author), "uid %u", peer.uid);
	request_ascii(client->author);
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
static void pause_listener(struct listener *listener, int error)
{
	log_warning("%s: nobody can be taken for a second: %s", listener->path, strerror(error));
	if (sd_event_add_time_relative(listener->daemon->event, &listener->again, CLOCK_MONOTONIC, ACCEPT_AGAIN_USEC,
				       1000, on_again, listener) >= 0)
		sd_event_source_set_enabled(listener->io, SD_EVENT_OFF);
}

/* The one who came first of those who have asked for nothing. Often it has gone, and its end is only not seen yet. */
static struct client *longest_idle(struct listener *listener)
{
	struct client *idle = NULL;

	for (struct client *client = listener->client; client != NULL; client = client->next)
		if (!client->busy && client->out_size == 0)
			idle = client;
	return idle;
}

/* Room for one more: who asks for nothing makes way for who may. */
static bool make_room(struct listener *listener)
{
	if (listener->clients < CLIENTS_MOST)
		return true;
	struct client *idle = longest_idle(listener);

	log_warning("%s: more than %d clients, %s was turned away", listener->path, CLIENTS_MOST,
		    idle != NULL ? "an idle one" : "the newest");
	if (idle != NULL)
		free_client(idle);
	return idle != NULL;
}

static void add_client(struct listener *listener, int descriptor)
{
	struct client *client = make_room(listener) ? calloc(1, sizeof(*client)) : NULL;

	if (client == NULL) {
		close(descriptor);
		return;
	}
	client->listener = listener;
	client->descriptor = descriptor;
	client->next = listener->client;
	listener->client = client;
	listener->clients++;
	set_author(client);
	if (sd_event_add_io(listener->daemon->event, &client->io, descriptor, EPOLLIN, on_client, client) < 0)
		free_client(client);
}

static int on_accept(sd_event_source *source, int descriptor, uint32_t events, void *context)
{
	struct listener *listener = context;
	int accepted = accept4(descriptor, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)source, (void)events;
	if (accepted >= 0)
		add_client(listener, accepted);
	else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
		pause_listener(listener, errno);
	return 0;
}

static int set_group(const char *path, const char *name)
{
	const struct group *group = getgrnam(name);

	if (group == NULL) {
		log_error("%s: no group \"%s\"", path, name);
		return -ENOENT;
	}
	return chown(path, (uid_t)-1, group->gr_gid) < 0 ? -errno : 0;
}

static int open_listener(struct listener *listener, const char *group)
{
	listener->descriptor = listen_at(listener->path, CLIENTS_MOST, &listener->name);
	int ret = listener->descriptor;
	if (ret >= 0)
		ret = set_group(listener->path, group);
	if (ret == 0)
		ret = sd_event_add_io(listener->daemon->event, &listener->io, listener->descriptor, EPOLLIN, on_accept,
				      listener);
	if (ret < 0)
		log_error("%s: %s", listener->path, listen_error(ret));
	return ret < 0 ? ret : 0;
}

static void close_listener(struct listener *listener)
{
	while (listener->client != NULL)
		free_client(listener->client);
	sd_event_source_disable_unref(listener->io);
	sd_event_source_disable_unref(listener->again);
	listen_end(&listener->name);
	if (listener->descriptor >= 0)
		close(listener->descriptor);
	free(listener->path);
}

int server_create(struct daemon *daemon, struct server **ret_server)
{
	const struct settings *settings = &daemon->config->settings;
	struct server *server = calloc(1, sizeof(*server));

	if (server == NULL)
		return -ENOMEM;
	server->listener[0] = (struct listener){
		.daemon = daemon, .path = strdup(settings->admin_socket), .right = RIGHT_ADMIN, .descriptor = -1
	};
	server->listener[1] = (struct listener){
		.daemon = daemon, .path = strdup(settings->read_socket), .right = RIGHT_READ, .descriptor = -1
	};
	int ret = open_listener(&server->listener[0], settings->admin_group);
	if (ret == 0)
		ret = open_listener(&server->listener[1], settings->read_group);
	if (ret < 0) {
		server_destroy(server);
		return ret;
	}
	*ret_server = server;
	return 0;
}

void server_destroy(struct server *server)
{
	if (server == NULL)
		return;
	for (int i = 0; i < 2; i++)
		close_listener(&server->listener[i]);
	free(server);
}
