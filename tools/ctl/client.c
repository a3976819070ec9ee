/* SPDX-License-Identifier: BSD-3-Clause */
#include "client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define REPLY_SECONDS 10
#define REPLY_MOST (64u << 20)

static int connect_to(const char *path)
{
	const struct timeval patience = { REPLY_SECONDS, 0 };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (descriptor < 0)
		return -errno;
	if (strlen(path) >= sizeof(address.sun_path)) {
		close(descriptor);
		return -ENAMETOOLONG;
	}
	strcpy(address.sun_path, path);
	setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(descriptor, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		int ret = -errno;
		close(descriptor);
		return ret;
	}
	return descriptor;
}

static int send_line(int descriptor, const json_t *request)
{
	char *text = json_dumps(request, JSON_COMPACT);
	int ret = 0;

	if (text == NULL)
		return -ENOMEM;
	size_t size = strlen(text);
	text[size++] = '\n'; /* in place of the final 0 */
	for (size_t done = 0; ret == 0 && done < size;) {
		ssize_t put = send(descriptor, text + done, size - done, MSG_NOSIGNAL);
		if (put < 0 && errno != EINTR)
			ret = -errno;
		done += put > 0 ? (size_t)put : 0;
	}
	free(text);
	return ret;
}

/* Up to the end of the line; NULL and errno when it does not come. */
static char *read_line(int descriptor, size_t *ret_size)
{
	char *line = NULL;
	size_t size = 0, room = 0;

	for (;;) {
		if (size == room && (room > REPLY_MOST || (line = realloc(line, room += 65536 + room)) == NULL))
			return NULL;
		ssize_t got = recv(descriptor, line + size, room - size, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			if (got == 0)
				errno = ECONNRESET;
			free(line);
			return NULL;
		}
		size += (size_t)got;
		if (line[size - 1] == '\n')
			break;
	}
	*ret_size = size;
	return line;
}

json_t *client_ask(const char *path, const json_t *request, char *ret_error, size_t size)
{
	json_t *reply = NULL;
	size_t line_size;
	int descriptor = connect_to(path);

	if (descriptor < 0) {
		snprintf(ret_error, size, "%s: %s%s", path, strerror(-descriptor),
			 descriptor == -EACCES ? " (are you in the socket's group?)" : "; is sluiced running?");
		return NULL;
	}
	int ret = send_line(descriptor, request);
	char *line = ret == 0 ? read_line(descriptor, &line_size) : NULL;
	if (line != NULL)
		reply = json_loadb(line, line_size, 0, NULL);
	if (reply == NULL && ret == 0 && line == NULL && (errno == EAGAIN || errno == EWOULDBLOCK))
		snprintf(ret_error, size, "%s: sluiced did not answer within %d s", path, REPLY_SECONDS);
	else if (reply == NULL)
		snprintf(ret_error, size, "%s: no reply: %s", path,
			 line != NULL ? "not JSON" : strerror(ret < 0 ? -ret : errno));
	free(line);
	close(descriptor);
	return reply;
}
