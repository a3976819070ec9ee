/* SPDX-License-Identifier: BSD-3-Clause */
/* A whole daemon in a folder of its own, with a gate made of this program: the daemon's loop turns when the test
 * says so, and a turn ends when nobody has anything left to do. So no test waits for a time. */
#ifndef SLUICE_BED_H
#define SLUICE_BED_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <jansson.h>

#include "daemon.h"
#include "frame.h"
#include "log.h"
#include "unit.h"

/* What came since the last look at it. */
struct heard {
	unsigned count[WIRE_TYPES];
	struct wire_HELLO hello;
	struct wire_BEGIN begin;
	struct wire_COMMIT commit;
	struct wire_PUT_VERDICT verdict; /* the last one */
	struct wire_QUERY query;
	struct wire_PUT_LIMITS limits; /* the last one */
	struct wire_DEL_LIMITS unlimited;
};

struct bed {
	char folder[UNIT_PATH], config[64];
	struct daemon daemon;
	int listener, gate; /* gate: -1 while nobody is connected */
	struct frame_buffer in, out;
	struct heard heard;
};

#define BED_SCALARS                                                                                                    \
	"gate: { socket: %1$s/gate }\n"                                                                                \
	"daemon: { directory: %1$s/store, admin-socket: %1$s/admin, read-socket: %1$s/read,\n"                         \
	"          admin-group: '%2$s', read-group: '%2$s' }\n"
#define BED_CONFIG                                                                                                     \
	"providers: [{ name: google, addresses: [192.0.2.0/24], limits: { connections: 9 } }]\n"                       \
	"customers: [{ name: acme, sources: [10.0.0.0/24] }, { name: beta, sources: [10.1.0.0/24] }]\n"

static inline struct sockaddr_un bed_address(const struct bed *bed, const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", bed->folder, name);
	return address;
}

static inline void bed_start(struct bed *bed)
{
	memset(&bed->daemon, 0, sizeof(bed->daemon));
	ck_assert_int_ge(sd_event_new(&bed->daemon.event), 0);
	ck_assert_int_eq(daemon_start(&bed->daemon, bed->config), 0);
}

static inline void bed_stop(struct bed *bed)
{
	daemon_stop(&bed->daemon);
	sd_event_unref(bed->daemon.event);
}

/* A started daemon; `rest` follows the scalars of its configuration. The gate listens. */
static inline struct bed *bed_begin(const char *rest)
{
	struct bed *bed = calloc(1, sizeof(*bed));
	const struct group *group = getgrgid(getgid());

	log_init("unit", 0);
	bed->gate = -1;
	ck_assert_ptr_nonnull(mkdtemp(unit_template(bed->folder, "bed")));
	ck_assert_ptr_nonnull(group);
	snprintf(bed->config, sizeof(bed->config), "%s/config", bed->folder);
	FILE *out = fopen(bed->config, "we");
	ck_assert_ptr_nonnull(out);
	fprintf(out, BED_SCALARS, bed->folder, group->gr_name);
	fputs(rest, out);
	fclose(out);
	const struct sockaddr_un address = bed_address(bed, "gate");
	bed->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(bed->listener, (const struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(listen(bed->listener, 4), 0);
	bed_start(bed);
	return bed;
}

static inline void gate_leave(struct bed *bed)
{
	if (bed->gate >= 0)
		close(bed->gate);
	bed->gate = -1;
	frame_buffer_finish(&bed->in);
	frame_buffer_finish(&bed->out);
}

/* A folder with all the files in it. */
static inline void bed_remove(const char *folder, const char *name)
{
	char path[64];
	struct dirent *entry;

	snprintf(path, sizeof(path), "%s%s", folder, name);
	DIR *directory = opendir(path);
	ck_assert_ptr_nonnull(directory);
	while ((entry = readdir(directory)) != NULL)
		unlinkat(dirfd(directory), entry->d_name, 0);
	closedir(directory);
	ck_assert_int_eq(rmdir(path), 0);
}

static inline void bed_end(struct bed *bed)
{
	bed_stop(bed);
	gate_leave(bed);
	close(bed->listener);
	bed_remove(bed->folder, "/store");
	bed_remove(bed->folder, "");
	free(bed);
}

static inline void gate_keep(struct heard *heard, enum wire_type type, const void *payload)
{
	void *const place[WIRE_TYPES] = {
		[WIRE_HELLO] = &heard->hello,	      [WIRE_BEGIN] = &heard->begin, [WIRE_COMMIT] = &heard->commit,
		[WIRE_PUT_VERDICT] = &heard->verdict, [WIRE_QUERY] = &heard->query, [WIRE_PUT_LIMITS] = &heard->limits,
		[WIRE_DEL_LIMITS] = &heard->unlimited
	};

	heard->count[type]++;
	if (place[type] != NULL)
		memcpy(place[type], payload, frame_rows[type].size);
}

/* Takes what the daemon sent; how many frames. */
static inline unsigned gate_take(struct bed *bed)
{
	char error[WIRE_ERROR_MAX];
	enum wire_type type;
	const void *payload;
	unsigned taken = 0;
	int ret;

	if (bed->gate < 0)
		bed->gate = accept4(bed->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	while (bed->gate >= 0 && frame_read(bed->gate, &bed->in) == 0)
		while ((ret = frame_next(&bed->in, WIRE_TO_GATE, &type, &payload, error)) != 0) {
			ck_assert_msg(ret == 1, "%s", error);
			gate_keep(&bed->heard, type, payload);
			taken++;
		}
	return taken;
}

/* Until neither the daemon nor the gate has anything to do. */
static inline void bed_turn(struct bed *bed)
{
	unsigned busy;

	do {
		busy = 0;
		while (sd_event_run(bed->daemon.event, 0) > 0)
			busy++;
		busy += gate_take(bed);
	} while (busy > 0);
}

static inline void gate_say(struct bed *bed, enum wire_type type, const void *payload)
{
	ck_assert_int_eq(frame_put(&bed->out, type, payload), 0);
	ck_assert_int_eq(frame_flush(bed->gate, &bed->out), 0);
}

static inline void gate_ack(struct bed *bed, uint64_t generation, int status, const char *error)
{
	struct wire_ACK ack = { .generation = generation, .status = status };

	snprintf(ack.error, sizeof(ack.error), "%s", error);
	gate_say(bed, WIRE_ACK, &ack);
}

/* Greets, and takes the first batch up to its COMMIT, which nobody has acknowledged yet. */
static inline void gate_greet(struct bed *bed)
{
	const struct wire_HELLO hello = { .boot = 1, .pid = 4242, .workers = 2 };

	bed_turn(bed);
	ck_assert_int_ge(bed->gate, 0);
	gate_say(bed, WIRE_HELLO, &hello);
	bed_turn(bed);
}

/* A gate that has everything; what was heard so far is forgotten. */
static inline void gate_ready(struct bed *bed)
{
	gate_greet(bed);
	ck_assert_uint_eq(bed->heard.count[WIRE_COMMIT], 1);
	gate_ack(bed, bed->heard.commit.generation, 0, "");
	bed_turn(bed);
	memset(&bed->heard, 0, sizeof(bed->heard));
}

static inline int client_open(struct bed *bed, const char *name)
{
	const struct sockaddr_un address = bed_address(bed, name);
	int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(client, 0);
	ck_assert_int_eq(connect(client, (const struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(fcntl(client, F_SETFL, O_NONBLOCK), 0);
	return client;
}

/* Bytes as they are. */
static inline void client_write(struct bed *bed, int client, const char *text, size_t size)
{
	ck_assert_int_eq(send(client, text, size, MSG_NOSIGNAL), (ssize_t)size);
	bed_turn(bed);
}

/* Requests, each on a line of its own: "GET /v1/status", "POST /v1/limits {...}". */
static inline void client_send(struct bed *bed, int client, const char *lines)
{
	static char text[65536];
	size_t used = 0;

	while (*lines != '\0') {
		size_t size = strcspn(lines, "\n"), method = strcspn(lines, " "),
		       path = strcspn(lines + method + 1, " \n"), body = method + path + 2;
		used += (size_t)snprintf(text + used, sizeof(text) - used,
					 "%.*s HTTP/1.1\r\nHost: bed\r\nContent-Type: application/json\r\n"
					 "Content-Length: %zu\r\n\r\n%.*s",
					 (int)(method + path + 1), lines, body < size ? size - body : 0,
					 body < size ? (int)(size - body) : 0, body < size ? lines + body : "");
		ck_assert_uint_lt(used, sizeof(text));
		lines += size + (lines[size] == '\n');
	}
	client_write(bed, client, text, used);
}

/* Up to a line's end, which is not kept; false when there is none (yet). */
static inline bool client_line(int client, char *line, size_t size)
{
	size_t have = 0;

	while (have < size - 1 && recv(client, line + have, 1, 0) == 1 && line[have] != '\n')
		have++;
	line[have > 0 ? have - 1 : 0] = '\0'; /* the CR */
	return have > 0;
}

/* The next answer, and its status if that is asked for; NULL when there is none (yet). */
static inline json_t *client_answer(int client, int *ret_status)
{
	static char text[1 << 20];
	char line[512];
	size_t size = 0, have = 0;
	json_error_t error;

	if (!client_line(client, line, sizeof(line)))
		return NULL;
	int status = atoi(line + strlen("HTTP/1.1 "));
	while (client_line(client, line, sizeof(line)) && line[0] != '\0')
		if (strncmp(line, "Content-Length: ", 16) == 0)
			size = strtoul(line + 16, NULL, 10);
	ck_assert_uint_lt(size, sizeof(text));
	for (ssize_t got = 1; got > 0 && have<size; have += got> 0 ? (size_t)got : 0)
		got = recv(client, text + have, size - have, 0);
	json_t *reply = json_loadb(text, have, 0, &error);
	ck_assert_msg(reply != NULL, "%.*s: %s", (int)have, text, error.text);
	if (ret_status != NULL)
		*ret_status = status;
	return reply;
}

static inline json_t *client_reply(int client)
{
	return client_answer(client, NULL);
}

/* One request on a connection of its own, answered without anybody else's doing. */
static inline json_t *bed_ask(struct bed *bed, const char *request)
{
	int client = client_open(bed, "admin");

	client_send(bed, client, request);
	json_t *reply = client_reply(client);
	ck_assert_msg(reply != NULL, "no reply to %s", request);
	close(client);
	bed_turn(bed);
	return reply;
}

static inline const char *text_of(const json_t *reply, const char *key)
{
	const char *text = json_string_value(json_object_get(reply, key));

	return text != NULL ? text : "";
}

#endif
