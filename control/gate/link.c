/* SPDX-License-Identifier: BSD-3-Clause */
#include "gate/link.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "clocks.h"
#include "frame.h"
#include "gate/wanted.h"
#include "log.h"

#define RETRY_FIRST_USEC 50000u
#define RETRY_MOST_USEC 200000u
#define REFUSED_RETRY_USEC 5000000u
#define SILENCE_USEC 4000000u	   /* of a gate that owes an answer: less than a request waits for its enforcement */
#define SILENCE_ALL_USEC 60000000u /* of one that has just been sent all there is: it may be a million customers */
#define QUEUE_MOST (1ul << 30)
#define QUERIES_MOST 256
#define FLUSH_BYTES 262144u /* of a batch that is being made: the gate reads them meanwhile */

struct question {
	enum wire_type type; /* of its rows */
	void (*done)(void *context, const struct rows *rows);
	void *context;
	struct rows rows;
	struct question *next;
};

struct link {
	sd_event *event;
	char *path;
	const struct policy *policy;
	link_enforced *enforced;
	void *context;
	int descriptor;
	sd_event_source *io, *retry, *watchdog;
	uint64_t retry_usec;
	bool greeted;
	struct frame_buffer in, out;
	size_t flush_at;
	struct link_status status;
	struct wanted wanted;
	bool sent_all;
	uint64_t sent_usec;
	bool overflow; /* something of what is queued did not fit */
	uint64_t sent; /* generation under way; 0: none */
	struct question *first, **last;
	unsigned open_queries;
};

static void push(struct link *link);
static void try_connect(struct link *link);

static int on_retry(sd_event_source *source, uint64_t usec, void *context)
{
	(void)source, (void)usec;
	try_connect(context);
	return 0;
}

static void retry_in(struct link *link, uint64_t usec)
{
	if (link->retry == NULL)
		sd_event_add_time_relative(link->event, &link->retry, CLOCK_MONOTONIC, usec, 1000, on_retry, link);
	else if (sd_event_source_set_time_relative(link->retry, usec) >= 0)
		sd_event_source_set_enabled(link->retry, SD_EVENT_ONESHOT);
}

/* What a gate says when it refuses something, or what this end has against it. */
static void note_refusal(struct link *link, bool own, const char *error)
{
	link->status.own_error = own;
	snprintf(link->status.error, sizeof(link->status.error), "%.*s", (int)sizeof(link->status.error) - 1, error);
	memcpy(link->status.refusal, link->status.error, sizeof(link->status.refusal));
	link->status.refused_ms = wall_ms();
}

static void end_query(struct link *link, const struct rows *rows)
{
	struct question *query = link->first;

	link->first = query->next;
	if (link->first == NULL)
		link->last = &link->first;
	link->open_queries--;
	query->done(query->context, rows);
	free(query->rows.row);
	free(query);
}

static void disconnect(struct link *link, uint64_t retry_usec)
{
	if (link->descriptor < 0)
		return;
	link->io = sd_event_source_disable_unref(link->io);
	link->watchdog = sd_event_source_disable_unref(link->watchdog);
	close(link->descriptor);
	link->descriptor = -1;
	frame_buffer_finish(&link->in);
	frame_buffer_finish(&link->out);
	link->status.connected = link->status.ready = link->greeted = false;
	link->status.enforced = 0; /* who comes next may be another */
	link->overflow = false;
	link->sent = 0;
	link->wanted.all = true; /* whatever it has, the next one gets everything */
	while (link->first != NULL)
		end_query(link, NULL);
	retry_in(link, retry_usec);
}

/* What this end did not read for long, because it had much to do, was said all the same. */
static bool has_spoken(const struct link *link)
{
	struct pollfd poll_of = { .fd = link->descriptor, .events = POLLIN };

	return poll(&poll_of, 1, 0) > 0;
}

static int on_silence(sd_event_source *source, uint64_t usec, void *context)
{
	(void)usec;
	if (has_spoken(context)) {
		sd_event_source_set_time_relative(source, SILENCE_USEC);
		return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	}
	log_error("gate: connected, but has not answered for too long");
	note_refusal(context, true, "it did not answer");
	disconnect(context, RETRY_MOST_USEC);
	return 0;
}

/* A process that hangs keeps its connection: the time since it last moved says so. More questions do not. */
static void watch_silence(struct link *link, bool moved)
{
	bool owes = !link->greeted || link->sent != 0 || link->first != NULL;
	uint64_t usec = link->sent != 0 && link->sent_all ? SILENCE_ALL_USEC : SILENCE_USEC;

	if (link->descriptor < 0)
		return;
	if (!owes)
		link->watchdog = sd_event_source_disable_unref(link->watchdog);
	else if (link->watchdog == NULL)
		sd_event_add_time_relative(link->event, &link->watchdog, CLOCK_MONOTONIC, usec, 1000, on_silence, link);
	else if (moved)
		sd_event_source_set_time_relative(link->watchdog, usec);
}

static void flush(struct link *link)
{
	int ret = frame_flush(link->descriptor, &link->out);

	if (ret < 0 && ret != -EAGAIN)
		disconnect(link, RETRY_FIRST_USEC);
	else
		sd_event_source_set_io_events(link->io, EPOLLIN | (ret == -EAGAIN ? EPOLLOUT : 0u));
}

/* What the socket takes now need not wait for the batch's end; an error is for flush() to find again. */
static void flush_early(struct link *link)
{
	frame_flush(link->descriptor, &link->out);
	link->flush_at = link->out.end - link->out.start + FLUSH_BYTES;
}

static void put(void *context, enum wire_type type, const void *record)
{
	struct link *link = context;

	if (frame_put(&link->out, type, record) < 0)
		link->overflow = true;
	else if (link->out.end - link->out.start >= link->flush_at)
		flush_early(link);
}

static void put_batch(struct link *link)
{
	const struct wire_BEGIN begin = { .generation = link->status.wanted,
					  .mode = link->wanted.all ? WIRE_FULL : WIRE_DELTA };
	const struct wire_COMMIT commit = { .generation = link->status.wanted };

	put(link, WIRE_BEGIN, &begin);
	link->flush_at = link->out.end - link->out.start + FLUSH_BYTES;
	wanted_put(&link->wanted, link->policy, put, link);
	put(link, WIRE_COMMIT, &commit);
}

/* What is wanted and not under way, as one batch; what comes meanwhile waits for the next. */
static void push(struct link *link)
{
	if (!link->greeted || link->sent != 0 || !wanted_any(&link->wanted))
		return;
	uint64_t begun = steady_usec();
	put_batch(link);
	if (link->overflow) {
		/* A part of a batch must not be committed. */
		log_error("gate: more than fits into one batch: nothing of it was sent");
		note_refusal(link, true, "what is wanted does not fit into one batch");
		disconnect(link, REFUSED_RETRY_USEC);
		return;
	}
	link->sent = link->status.wanted;
	link->sent_all = link->wanted.all;
	link->sent_usec = begun;
	wanted_clear(&link->wanted);
	flush(link);
	watch_silence(link, false);
}

static void take_hello(struct link *link, const struct wire_HELLO *hello)
{
	link->greeted = true;
	link->retry_usec = RETRY_FIRST_USEC;
	link->status.connected = true;
	link->status.ready = hello->ready;
	link->status.boot = hello->boot;
	link->status.pid = hello->pid;
	link->status.workers = hello->workers;
	link->status.forced = hello->forced;
	log_info("gate: connected, pid %u, %u workers, generation %llu", hello->pid, hello->workers,
		 (unsigned long long)hello->generation);
	link->wanted.all = true;
	push(link);
}

static void take_ack(struct link *link, const struct wire_ACK *ack)
{
	/* What is answered now may bring the next request, whose push may end the connection and what `ack` is in. */
	const uint64_t generation = ack->generation;

	if (ack->status < 0) {
		note_refusal(link, false, ack->error);
		log_error("gate refused generation %llu: %s", (unsigned long long)generation, link->status.error);
		disconnect(link, REFUSED_RETRY_USEC);
		return;
	}
	if (link->sent == 0 || generation != link->sent) {
		log_error("gate: acknowledged generation %llu, %llu was sent: not counted",
			  (unsigned long long)generation, (unsigned long long)link->sent);
		return;
	}
	snprintf(link->status.unsaved, sizeof(link->status.unsaved), "%.*s", (int)sizeof(ack->error) - 1, ack->error);
	if (ack->error[0] != '\0')
		log_warning("gate: generation %llu: %.*s", (unsigned long long)generation, (int)sizeof(ack->error),
			    ack->error);
	if (link->sent_all)
		log_info("gate: has all there is, %u records, after %.1f ms", ack->records,
			 (double)(steady_usec() - link->sent_usec) / 1000);
	link->sent = 0;
	link->status.ready = true;
	link->status.error[0] = '\0';
	link->status.enforced = generation;
	link->status.publish_ns = ack->publish_ns;
	link->status.quiesce_ns = ack->quiesce_ns;
	link->enforced(link->context, generation);
	push(link);
}

static void take_row(struct link *link, enum wire_type type, const void *payload)
{
	struct question *query = link->first;
	size_t size = frame_rows[type].size;

	if (query == NULL || query->type != type)
		return;
	if ((query->rows.count & (query->rows.count - 1)) == 0) { /* room is a power of two */
		size_t room = query->rows.count > 0 ? query->rows.count * 2ul : 1;
		char *grown = realloc(query->rows.row, room * size);
		if (grown == NULL)
			return;
		query->rows.row = grown;
	}
	memcpy((char *)query->rows.row + query->rows.count * size, payload, size);
	query->rows.type = type;
	query->rows.count++;
}

static void take(struct link *link, enum wire_type type, const void *payload)
{
	switch (type) {
	case WIRE_HELLO:
		take_hello(link, payload);
		break;
	case WIRE_ACK:
		take_ack(link, payload);
		break;
	case WIRE_END:
		if (link->first != NULL)
			end_query(link, &link->first->rows);
		break;
	default:
		take_row(link, type, payload);
		break;
	}
}

static void take_frames(struct link *link)
{
	char error[WIRE_ERROR_MAX] = "";
	enum wire_type type;
	const void *payload;
	int ret;

	while (link->descriptor >= 0 && (ret = frame_next(&link->in, WIRE_TO_DAEMON, &type, &payload, error)) != 0) {
		if (ret < 0) {
			log_error("gate: not understood: %s", error);
			disconnect(link, REFUSED_RETRY_USEC);
			return;
		}
		take(link, type, payload);
	}
}

static int on_io(sd_event_source *source, int descriptor, uint32_t events, void *context)
{
	struct link *link = context;

	(void)source;
	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
		int ret = frame_read(descriptor, &link->in);
		if (ret < 0 && ret != -EAGAIN) {
			log_warning("gate: connection lost: %s", strerror(-ret));
			disconnect(link, RETRY_FIRST_USEC);
			return 0;
		}
		take_frames(link);
	}
	if (link->descriptor >= 0)
		flush(link);
	watch_silence(link, true);
	return 0;
}

static int connect_socket(struct link *link)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (descriptor < 0)
		return -errno;
	strncpy(address.sun_path, link->path, sizeof(address.sun_path) - 1);
	if (connect(descriptor, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		int ret = -errno;
		close(descriptor);
		return ret;
	}
	return descriptor;
}

static void try_connect(struct link *link)
{
	const struct wire_HELLO hello = { .generation = link->status.enforced, .pid = (uint32_t)getpid() };
	int descriptor = connect_socket(link);

	if (descriptor < 0) {
		retry_in(link, link->retry_usec);
		link->retry_usec = link->retry_usec * 2 < RETRY_MOST_USEC ? link->retry_usec * 2 : RETRY_MOST_USEC;
		return;
	}
	link->descriptor = descriptor;
	if (sd_event_add_io(link->event, &link->io, descriptor, EPOLLIN, on_io, link) < 0) {
		disconnect(link, RETRY_MOST_USEC);
		return;
	}
	link->out.most = QUEUE_MOST;
	link->flush_at = FLUSH_BYTES;
	put(link, WIRE_HELLO, &hello);
	flush(link);
	watch_silence(link, false);
}

int link_create(sd_event *event, const char *path, const struct policy *policy, uint64_t generation,
		link_enforced *enforced, void *context, struct link **ret_link)
{
	struct link *link = calloc(1, sizeof(*link));

	if (link == NULL)
		return -ENOMEM;
	*link = (struct link){ .event = event,
			       .path = strdup(path),
			       .policy = policy,
			       .enforced = enforced,
			       .context = context,
			       .descriptor = -1,
			       .retry_usec = RETRY_FIRST_USEC };
	if (link->path == NULL) {
		free(link);
		return -ENOMEM;
	}
	link->status.wanted = generation;
	link->last = &link->first;
	try_connect(link);
	*ret_link = link;
	return 0;
}

void link_destroy(struct link *link)
{
	if (link == NULL)
		return;
	disconnect(link, RETRY_MOST_USEC);
	sd_event_source_disable_unref(link->retry);
	wanted_finish(&link->wanted);
	free(link->path);
	free(link);
}

uint64_t link_want_all(struct link *link)
{
	uint64_t generation = ++link->status.wanted;

	link->wanted.started = link->wanted.all = true;
	push(link);
	return generation;
}

uint64_t link_want_destinations(struct link *link)
{
	if (!link->wanted.started)
		return link_want_all(link);
	link->status.wanted++;
	link->wanted.destinations = true;
	push(link);
	return link->status.wanted;
}

uint64_t link_want_scope(struct link *link, const struct scope_key *key, enum decision_action action)
{
	uint64_t generation = ++link->status.wanted;

	wanted_scope(&link->wanted, key, action);
	push(link);
	return generation;
}

void link_hold(struct link *link)
{
	link->wanted.held = true;
}

void link_go(struct link *link)
{
	link->wanted.held = false;
	push(link);
}

const struct link_status *link_status(const struct link *link)
{
	return &link->status;
}

static const enum wire_type answers[QUERIES] = {
	[QUERY_STATUS] = WIRE_ROW_STATUS, [QUERY_COUNTERS] = WIRE_ROW_COUNTERS, [QUERY_FLOWS] = WIRE_ROW_FLOW,
	[QUERY_METERS] = WIRE_ROW_METER,  [QUERY_WAITS] = WIRE_ROW_WAITS,	[QUERY_VOLUMES] = WIRE_ROW_VOLUME,
};

int link_query(struct link *link, const struct wire_QUERY *query, void (*done)(void *context, const struct rows *rows),
	       void *context)
{
	struct question *waiting;

	if (!link->greeted)
		return -ENOTCONN;
	if (link->open_queries == QUERIES_MOST)
		return -EBUSY;
	waiting = calloc(1, sizeof(*waiting));
	if (waiting == NULL)
		return -ENOMEM;
	waiting->type = answers[query->what];
	waiting->done = done;
	waiting->context = context;
	*link->last = waiting;
	link->last = &waiting->next;
	link->open_queries++;
	put(link, WIRE_QUERY, query);
	if (link->overflow)
		disconnect(link, RETRY_MOST_USEC); /* it has not read for long */
	else
		flush(link);
	watch_silence(link, false);
	return 0;
}
