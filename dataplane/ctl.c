/* SPDX-License-Identifier: BSD-3-Clause */
#include "ctl.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "control.h"
#include "listen.h"
#include "log.h"
#include "table_published.h"

#define SECOND 1000000000ull
#define OUT_MOST (16u << 20)  /* queued for a client that does not read */
#define BATCH_MOST (8u << 20) /* of a difference: of a larger one the whole is saved */

static int watch(const struct ctl *ctl, int descriptor, void *who, uint32_t events, int how)
{
	struct epoll_event event = { .events = events, .data.ptr = who };

	return epoll_ctl(ctl->epoll, how, descriptor, &event) < 0 ? -errno : 0;
}

void ctl_init(struct ctl *ctl, struct table_store *store)
{
	memset(ctl, 0, sizeof(*ctl));
	ctl->apply.store = store;
	ctl->listener = -1;
	for (int i = 0; i < CLIENTS_MOST; i++)
		ctl->client[i].descriptor = -1;
}

int ctl_listen(struct ctl *ctl, int epoll, const char *path)
{
	int ret = listen_at(path, BACKLOG, &ctl->name);

	ctl->epoll = epoll;
	ctl->listener = ret;
	if (ret >= 0)
		ret = watch(ctl, ctl->listener, &ctl->listener, EPOLLIN, EPOLL_CTL_ADD);
	if (ret < 0)
		log_error("%s: %s", path, ret == -EADDRINUSE ? "another gate listens there" : listen_error(ret));
	return ret;
}

static void forget_batch(struct ctl *ctl)
{
	ctl->batch_of = NULL;
	ctl->batch_lost = false;
	frame_buffer_finish(&ctl->batch);
}

static void drop_client(struct ctl *ctl, struct client *client)
{
	if (ctl->batch_of == client) {
		apply_abort(&ctl->apply);
		forget_batch(ctl);
	}
	if (ctl->owner == client)
		ctl->owner = NULL;
	questions_forget(&ctl->questions, client);
	close(client->descriptor);
	frame_buffer_finish(&client->in);
	frame_buffer_finish(&client->out);
	*client = (struct client){ .descriptor = -1 };
}

void ctl_close(struct ctl *ctl)
{
	for (int i = 0; i < CLIENTS_MOST; i++)
		if (ctl->client[i].descriptor >= 0)
			drop_client(ctl, &ctl->client[i]);
	state_close(&ctl->state);
	listen_end(&ctl->name);
	if (ctl->listener >= 0)
		close(ctl->listener);
}

static struct client *free_client(struct ctl *ctl)
{
	for (int i = 0; i < CLIENTS_MOST; i++)
		if (ctl->client[i].descriptor < 0)
			return &ctl->client[i];
	return NULL;
}

/* Who makes way for another: never the daemon; first who has not even said HELLO; of these who came first. */
static struct client *least_wanted(struct ctl *ctl)
{
	struct client *found = NULL;

	for (int i = 0; i < CLIENTS_MOST; i++) {
		struct client *client = &ctl->client[i];
		if (client == ctl->owner || client == ctl->batch_of)
			continue;
		if (found == NULL || (found->greeted && !client->greeted) ||
		    (found->greeted == client->greeted && client->came < found->came))
			found = client;
	}
	return found;
}

void ctl_accept(struct ctl *ctl)
{
	int descriptor = accept4(ctl->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct client *client = free_client(ctl);

	if (descriptor < 0)
		return;
	if (client == NULL) {
		log_warning("control socket: more than %d clients, one was turned away", CLIENTS_MOST);
		client = least_wanted(ctl);
		drop_client(ctl, client);
	}
	if (watch(ctl, descriptor, client, EPOLLIN, EPOLL_CTL_ADD) < 0)
		close(descriptor);
	else
		*client = (struct client){ .descriptor = descriptor, .came = ++ctl->came };
}

static int acknowledge(struct client *client, uint64_t generation, uint32_t records, int status, const char *error,
		       const struct table_times *times)
{
	struct wire_ACK ack = { .generation = generation, .status = status, .records = records };

	if (times != NULL) {
		ack.publish_ns = times->publish_ns;
		ack.quiesce_ns = times->quiesce_ns;
	}
	snprintf(ack.error, sizeof(ack.error), "%s", error);
	return frame_put(&client->out, WIRE_ACK, &ack);
}

static int take_hello(struct ctl *ctl, struct client *client)
{
	struct table_sizes sizes;

	table_sizes(ctl->apply.store, &sizes);
	const struct wire_HELLO hello = { .generation = sizes.generation,
					  .boot = ctl->boot,
					  .pid = (uint32_t)getpid(),
					  .ready = sizes.ready,
					  .workers = (uint8_t)ctl->report.config->workers,
					  .forced = ctl->report.config->forced };
	client->greeted = true;
	return frame_put(&client->out, WIRE_HELLO, &hello);
}

/* Two daemons would undo each other's decisions in turn: who sent all there is has the say while it is connected. */
static int take_begin(struct ctl *ctl, struct client *client, const struct wire_BEGIN *begin, char *ret_error)
{
	if (ctl->owner != NULL && ctl->owner != client) {
		snprintf(ret_error, WIRE_ERROR_MAX, "BEGIN: another daemon is connected, and sent all there is");
		return -EPERM;
	}
	int ret = apply_begin(&ctl->apply, begin, ret_error);
	if (ret == 0) {
		ctl->batch_of = client;
		ctl->batch_full = begin->mode == WIRE_FULL;
	}
	return ret;
}

/* A foreign batch is none of this client's business. */
static bool owns_batch(const struct ctl *ctl, const struct client *client)
{
	return ctl->batch_of == client;
}

static void say_blind(const struct blind *blind, uint32_t before)
{
	if (before == 0)
		log_warning("the daemon %s: limits tighten to their ceilings",
			    blind->met ? "has been silent for too long" : "has not spoken since the start");
	else if (blind->permille == 0)
		log_info("the daemon is heard: limits are back");
}

void ctl_look(struct ctl *ctl)
{
	const struct wire_PUT_SETTINGS *settings = table_published_settings(ctl->apply.store);
	uint32_t before = ctl->blind.permille;

	if (settings == NULL)
		return;
	if (blind_look(&ctl->blind, settings->stale_after_s * SECOND, settings->decay_s * SECOND, clock_now()))
		say_blind(&ctl->blind, before);
	if (apply_blind(&ctl->apply, ctl->blind.permille) < 0)
		log_error("no memory to publish tightened limits: tried again in a second");
}

/* Who sent all there is is the daemon. It was not blind before it had tables. */
static void hear(struct ctl *ctl)
{
	blind_heard(&ctl->blind, clock_now());
	ctl_look(ctl);
}

/* Enforced already; but what is acknowledged must survive a crash. */
static int save(struct ctl *ctl)
{
	if (ctl->state.path == NULL)
		return 0;
	if (ctl->batch_full || ctl->batch_lost)
		return state_save(&ctl->state, ctl->apply.store);
	return state_append(&ctl->state, ctl->apply.store, &ctl->batch);
}

static int take_commit(struct ctl *ctl, struct client *client, const struct wire_COMMIT *commit, char *ret_error)
{
	struct table_times times = { 0 };
	uint32_t records = ctl->apply.records;

	if (ctl->batch_full)
		hear(ctl);
	int ret = apply_commit(&ctl->apply, commit, &times, ret_error);

	int saved = ret == 0 ? save(ctl) : 0;
	if (ret == 0 && ctl->batch_full)
		ctl->owner = client;
	forget_batch(ctl);
	if (ret < 0)
		return ret;
	return acknowledge(client, commit->generation, records, 0, saved < 0 ? "the state file was not written" : "",
			   &times);
}

static int take_record(struct ctl *ctl, struct client *client, enum wire_type type, const void *payload,
		       char *ret_error)
{
	if (!owns_batch(ctl, client)) {
		snprintf(ret_error, WIRE_ERROR_MAX, "%s outside BEGIN and COMMIT", frame_rows[type].name);
		return -EPROTO;
	}
	int ret = apply_record(&ctl->apply, type, payload, ret_error);
	if (ret < 0)
		forget_batch(ctl);
	else if (!ctl->batch_full && ctl->state.path != NULL && !ctl->batch_lost)
		ctl->batch_lost = ctl->batch.end > BATCH_MOST || frame_put(&ctl->batch, type, payload) < 0;
	return ret;
}

static int take_query(struct ctl *ctl, struct client *client, const struct wire_QUERY *query, char *ret_error)
{
	int ret = questions_ask(&ctl->questions, client, query);

	if (ret == -EINVAL)
		snprintf(ret_error, WIRE_ERROR_MAX,
			 "QUERY: what %u, expected 0 to %d; scope %u, 0 to %d; order %u, 0 to %d, and then most %u, 1 "
			 "to %u",
			 query->what, QUERIES - 1, query->scope, SCOPES, query->order, ORDERS - 1, query->most,
			 WIRE_ORDERED_MOST);
	if (ret == -EAGAIN)
		snprintf(ret_error, WIRE_ERROR_MAX, "QUERY: too many are open");
	return ret;
}

static int take(struct ctl *ctl, struct client *client, enum wire_type type, const void *payload, char *ret_error)
{
	if (!client->greeted && type != WIRE_HELLO) {
		snprintf(ret_error, WIRE_ERROR_MAX, "%s before HELLO", frame_rows[type].name);
		return -EPROTO;
	}
	switch (type) {
	case WIRE_HELLO:
		return take_hello(ctl, client);
	case WIRE_BEGIN:
		return take_begin(ctl, client, payload, ret_error);
	case WIRE_COMMIT:
		if (owns_batch(ctl, client))
			return take_commit(ctl, client, payload, ret_error);
		snprintf(ret_error, WIRE_ERROR_MAX, "COMMIT without BEGIN");
		return -EPROTO;
	case WIRE_QUERY:
		return take_query(ctl, client, payload, ret_error);
	default:
		return take_record(ctl, client, type, payload, ret_error);
	}
}

static uint64_t generation_of(const struct ctl *ctl)
{
	return ctl->apply.generation;
}

/* Every frame that is whole; after one that is wrong nothing more is taken from this client. */
static void take_frames(struct ctl *ctl, struct client *client)
{
	char error[WIRE_ERROR_MAX] = "";
	enum wire_type type;
	const void *payload;
	int ret;

	while ((ret = frame_next(&client->in, WIRE_TO_GATE, &type, &payload, error)) > 0) {
		ret = take(ctl, client, type, payload, error);
		if (client == ctl->owner)
			blind_heard(&ctl->blind, clock_now());
		if (ret < 0)
			break;
	}
	if (ret >= 0)
		return;
	log_warning("control socket: %s", error[0] != '\0' ? error : strerror(-ret));
	acknowledge(client, generation_of(ctl), 0, ret, error, NULL);
	client->closing = true;
}

static void send_queued(struct ctl *ctl, struct client *client)
{
	int ret = frame_flush(client->descriptor, &client->out);

	if (ret == -EAGAIN && client->out.end - client->out.start > OUT_MOST)
		ret = -ENOBUFS; /* it does not read: it may come again */
	if (ret == -EAGAIN)
		watch(ctl, client->descriptor, client, client->closing ? EPOLLOUT : EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
	else if (ret < 0 || client->closing)
		drop_client(ctl, client);
	else
		watch(ctl, client->descriptor, client, EPOLLIN, EPOLL_CTL_MOD);
}

void ctl_serve(struct ctl *ctl, struct client *client, uint32_t events)
{
	int ret = 0;

	if (client->descriptor < 0)
		return;
	if (!client->closing && events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		ret = frame_read(client->descriptor, &client->in);
	if (ret < 0 && ret != -EAGAIN) {
		drop_client(ctl, client);
		return;
	}
	if (!client->closing)
		take_frames(ctl, client);
	send_queued(ctl, client);
}

void ctl_answer(struct ctl *ctl)
{
	struct client *client;
	int ret;

	while ((client = questions_answer(&ctl->questions, clock_now(), &ret)) != NULL) {
		if (ret < 0)
			drop_client(ctl, client);
		else
			send_queued(ctl, client);
	}
	client = questions_under_way(&ctl->questions);
	if (client != NULL && client->out.end > client->out.start)
		send_queued(ctl, client);
}
