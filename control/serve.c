/* SPDX-License-Identifier: BSD-3-Clause */
#include "serve.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <systemd/sd-event.h>

#include "commands_table.h"
#include "daemon.h"
#include "log.h"

#define LINE_MOST 4096
#define OUT_MOST (8u << 20)
#define CLIENTS_MOST 64
#define ENFORCE_USEC 5000000u

struct client {
	struct server *server;
	int descriptor;
	sd_event_source *io;
	enum right right;
	char author[AUTHOR_MAX];
	char line[LINE_MOST];
	size_t have;
	char *out;
	size_t out_size, out_done;
	bool busy;   /* a request is under way: answers come in order */
	bool taking; /* its lines are being taken: an answer at once must not take the next one */
	bool gone;   /* to be freed as soon as nobody works with it */
	struct client *next;
};

struct pending {
	struct request request; /* first: handlers get its address */
	struct client *client;	/* NULL: went away */
	sd_event_source *timer;
	uint64_t received_usec;
	struct pending *next;
};

struct server {
	struct daemon *daemon;
	struct listener {
		struct server *server;
		const char *path;
		enum right right;
		int descriptor;
		sd_event_source *io;
	} listener[2];
	struct client *client;
	unsigned clients;
	struct pending *pending;
};

static uint64_t now_usec(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000u + (uint64_t)time.tv_nsec / 1000;
}

static void take_lines(struct client *client);

static void free_client(struct client *client)
{
	struct server *server = client->server;

	for (struct pending *pending = server->pending; pending != NULL; pending = pending->next)
		if (pending->client == client)
			pending->client = NULL;
	for (struct client **link = &server->client; *link != NULL; link = &(*link)->next) {
		if (*link != client)
			continue;
		*link = client->next;
		break;
	}
	server->clients--;
	sd_event_source_disable_unref(client->io);
	close(client->descriptor);
	free(client->out);
	free(client);
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
	bool all = client->out_done == client->out_size;
	if (all)
		client->out_size = client->out_done = 0;
	sd_event_source_set_io_events(client->io, (client->busy ? 0u : EPOLLIN) | (all ? 0u : EPOLLOUT));
}

static void send_line(struct client *client, json_t *reply)
{
	char *text = json_dumps(reply, JSON_COMPACT), *grown;
	size_t size = text != NULL ? strlen(text) : 0;

	json_decref(reply);
	if (text == NULL || client->out_size + size > OUT_MOST ||
	    (grown = realloc(client->out, client->out_size + size + 1)) == NULL) {
		log_warning("a client that does not read its replies was cut off");
		client->gone = true;
		free(text);
		return;
	}
	client->out = grown;
	memcpy(client->out + client->out_size, text, size);
	client->out[client->out_size + size] = '\n';
	client->out_size += size + 1;
	free(text);
}

static void end_pending(struct pending *pending)
{
	struct server *server = pending->request.daemon->server;

	for (struct pending **link = &server->pending; *link != NULL; link = &(*link)->next) {
		if (*link != pending)
			continue;
		*link = pending->next;
		break;
	}
	sd_event_source_disable_unref(pending->timer);
	json_decref(pending->request.args);
	json_decref(pending->request.reply);
	free(pending);
}

void request_reply(struct request *request, json_t *reply)
{
	struct pending *pending = (struct pending *)request;
	struct client *client = pending->client;

	end_pending(pending);
	if (client == NULL) {
		json_decref(reply);
		return;
	}
	client->busy = false;
	send_line(client, reply);
	flush(client);
	if (!client->taking)
		take_lines(client);
}

void request_refuse(struct request *request, const char *field, const char *format, ...)
{
	char error[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(error, sizeof(error), format, arguments);
	va_end(arguments);
	json_t *reply = json_pack("{s:b, s:s}", "ok", 0, "error", error);
	if (reply != NULL && field != NULL)
		json_object_set_new(reply, "field", json_string(field));
	request_reply(request, reply);
}

static void add_message(json_t *reply, const char *more)
{
	const char *message = json_string_value(json_object_get(reply, "message"));
	char text[1024];

	snprintf(text, sizeof(text), "%s%s", message != NULL ? message : "", more);
	json_object_set_new(reply, "message", json_string(text));
}

/* The reply that waited, with what became of it. */
static void answer_enforced(struct pending *pending, bool enforced)
{
	json_t *reply = pending->request.reply;
	double ms = (double)(now_usec() - pending->received_usec) / 1000.0;
	char more[128];

	pending->request.reply = NULL;
	json_object_set_new(reply, "enforced", json_boolean(enforced));
	if (enforced) {
		json_object_set_new(reply, "enforced_ms", json_real(ms));
		snprintf(more, sizeof(more), ", enforced in %.1f ms", ms);
	} else {
		snprintf(more, sizeof(more), ", stored; the gate does not answer, and will enforce it when it is back");
	}
	add_message(reply, more);
	request_reply(&pending->request, reply);
}

static int on_enforce_timeout(sd_event_source *source, uint64_t usec, void *context)
{
	(void)source, (void)usec;
	answer_enforced(context, false);
	return 0;
}

void request_when_enforced(struct request *request, json_t *reply, uint64_t generation)
{
	struct pending *pending = (struct pending *)request;
	const struct link_status *status = link_status(request->daemon->link);

	json_object_set_new(reply, "generation", json_integer((json_int_t)generation));
	request->reply = reply;
	request->generation = generation;
	if (!status->connected)
		answer_enforced(pending, false);
	else if (status->enforced >= generation)
		answer_enforced(pending, true);
	else
		sd_event_add_time_relative(request->daemon->event, &pending->timer, CLOCK_MONOTONIC, ENFORCE_USEC, 1000,
					   on_enforce_timeout, pending);
}

void server_enforced(void *context, uint64_t generation)
{
	struct daemon *daemon = context;
	struct pending *next;

	for (struct pending *pending = daemon->server->pending; pending != NULL; pending = next) {
		next = pending->next;
		if (pending->request.generation == 0 || pending->request.generation > generation)
			continue;
		answer_enforced(pending, true);
		next = daemon->server->pending; /* an answer may have brought the next request */
	}
}

const char *request_text(const struct request *request, const char *name)
{
	return json_string_value(json_object_get(request->args, name));
}

/* Form only: types, known names, what is required. What a value means is the handler's. */
static const struct arg *find_arg(const struct command *command, const char *name)
{
	for (const struct arg *arg = command->args; arg->name != NULL; arg++)
		if (strcmp(arg->name, name) == 0)
			return arg;
	return NULL;
}

static bool is_texts(const json_t *value)
{
	size_t index;
	json_t *item;

	if (!json_is_array(value) || json_array_size(value) == 0)
		return false;
	json_array_foreach((json_t *)value, index, item) if (!json_is_string(item)) return false;
	return true;
}

static bool args_fit(struct request *request)
{
	const char *name;
	json_t *value;

	json_object_foreach(request->args, name, value)
	{
		const struct arg *arg = find_arg(request->command, name);
		if (arg == NULL) {
			request_refuse(request, name, "%s takes no argument \"%.40s\"", request->command->name, name);
			return false;
		}
		if (arg->many ? !is_texts(value) : !json_is_string(value)) {
			request_refuse(request, name, "%s is to be %s", name, arg->many ? "a list of texts" : "a text");
			return false;
		}
	}
	for (const struct arg *arg = request->command->args; arg->name != NULL; arg++) {
		if (!arg->required || json_object_get(request->args, arg->name) != NULL)
			continue;
		request_refuse(request, arg->name, "%s needs %s: %s", request->command->name, arg->name, arg->help);
		return false;
	}
	return true;
}

static void dispatch(struct request *request, enum right right, const char *name)
{
	request->command = name != NULL ? command_find(name) : NULL;
	if (request->command == NULL)
		request_refuse(request, "command", "no command \"%.40s\"", name != NULL ? name : "");
	else if (request->command->right == RIGHT_ADMIN && right != RIGHT_ADMIN)
		request_refuse(request, "command", "%s needs the admin socket", name);
	else if (args_fit(request))
		command_handlers[request->command - commands](request);
}

static void take_line(struct client *client, const char *line, size_t size)
{
	struct server *server = client->server;
	json_error_t error;
	struct pending *pending = calloc(1, sizeof(*pending));

	if (pending == NULL)
		return;
	pending->client = client;
	pending->received_usec = now_usec();
	pending->request.daemon = server->daemon;
	pending->request.author = client->author;
	pending->next = server->pending;
	server->pending = pending;
	client->busy = true;
	json_t *object = json_loadb(line, size, JSON_REJECT_DUPLICATES, &error);
	if (!json_is_object(object)) {
		json_decref(object);
		request_refuse(&pending->request, NULL, "not a JSON object: %s (column %d)",
			       object != NULL ? "another type" : error.text, error.column);
		return;
	}
	json_t *args = json_object_get(object, "args");
	if (args != NULL && !json_is_object(args)) {
		json_decref(object);
		request_refuse(&pending->request, "args", "args is to be an object");
		return;
	}
	pending->request.args = args != NULL ? json_incref(args) : json_object();
	char name[64];
	const char *command = json_string_value(json_object_get(object, "command"));
	snprintf(name, sizeof(name), "%s", command != NULL ? command : "");
	json_decref(object);
	dispatch(&pending->request, client->right, name);
}

/* Whole lines, one after the other; the next one when the one before is answered. Frees a client that is
 * gone. */
static void take_lines(struct client *client)
{
	char line[LINE_MOST], *end;

	client->taking = true;
	while (!client->busy && !client->gone && (end = memchr(client->line, '\n', client->have)) != NULL) {
		size_t size = (size_t)(end - client->line);
		memcpy(line, client->line, size);
		client->have -= size + 1;
		memmove(client->line, end + 1, client->have);
		take_line(client, line, size);
	}
	client->taking = false;
	if (client->gone)
		free_client(client);
}

/* Reads what came; the client may be gone after it. */
static void receive(struct client *client)
{
	ssize_t got = recv(client->descriptor, client->line + client->have, sizeof(client->line) - client->have, 0);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		client->gone = true;
		return;
	}
	client->have += (size_t)got;
	if (client->have < sizeof(client->line) || memchr(client->line, '\n', client->have) != NULL)
		return;
	send_line(client, json_pack("{s:b, s:s}", "ok", 0, "error", "a request is at most 4096 bytes long"));
	flush(client);
	client->gone = true;
}

static int on_client(sd_event_source *source, int descriptor, uint32_t events, void *context)
{
	struct client *client = context;

	(void)source, (void)descriptor;
	if (events & EPOLLOUT)
		flush(client);
	if (!client->gone && events & (EPOLLIN | EPOLLHUP | EPOLLERR))
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
}

static int on_accept(sd_event_source *source, int descriptor, uint32_t events, void *context)
{
	struct listener *listener = context;
	struct server *server = listener->server;
	struct client *client;

	(void)source, (void)events;
	int accepted = accept4(descriptor, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (accepted < 0)
		return 0;
	if (server->clients == CLIENTS_MOST || (client = calloc(1, sizeof(*client))) == NULL) {
		log_warning("%s: more than %d clients, one was turned away", listener->path, CLIENTS_MOST);
		close(accepted);
		return 0;
	}
	client->server = server;
	client->descriptor = accepted;
	client->right = listener->right;
	client->next = server->client;
	server->client = client;
	server->clients++;
	set_author(client);
	if (sd_event_add_io(server->daemon->event, &client->io, accepted, EPOLLIN, on_client, client) < 0)
		free_client(client);
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

static int listen_at(struct listener *listener, const char *group)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	listener->descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listener->descriptor < 0)
		return -errno;
	strncpy(address.sun_path, listener->path, sizeof(address.sun_path) - 1);
	unlink(listener->path);
	mode_t mask = umask(0117);
	int ret = bind(listener->descriptor, (const struct sockaddr *)&address, sizeof(address)) < 0 ? -errno : 0;
	umask(mask);
	if (ret == 0)
		ret = set_group(listener->path, group);
	if (ret == 0 && listen(listener->descriptor, CLIENTS_MOST) < 0)
		ret = -errno;
	if (ret == 0)
		ret = sd_event_add_io(listener->server->daemon->event, &listener->io, listener->descriptor, EPOLLIN,
				      on_accept, listener);
	if (ret < 0)
		log_error("%s: %s", listener->path, strerror(-ret));
	return ret < 0 ? ret : 0;
}

int server_create(struct daemon *daemon, struct server **ret_server)
{
	const struct settings *settings = &daemon->config->settings;
	struct server *server = calloc(1, sizeof(*server));

	if (server == NULL)
		return -ENOMEM;
	server->daemon = daemon;
	server->listener[0] = (struct listener){ server, strdup(settings->admin_socket), RIGHT_ADMIN, -1, NULL };
	server->listener[1] = (struct listener){ server, strdup(settings->read_socket), RIGHT_READ, -1, NULL };
	int ret = listen_at(&server->listener[0], settings->admin_group);
	if (ret == 0)
		ret = listen_at(&server->listener[1], settings->read_group);
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
	while (server->client != NULL)
		free_client(server->client);
	while (server->pending != NULL)
		end_pending(server->pending);
	for (int i = 0; i < 2; i++) {
		struct listener *listener = &server->listener[i];
		sd_event_source_disable_unref(listener->io);
		if (listener->descriptor >= 0) {
			unlink(listener->path);
			close(listener->descriptor);
		}
		free((char *)listener->path);
	}
	free(server);
}
