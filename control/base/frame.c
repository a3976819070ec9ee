/* SPDX-License-Identifier: BSD-3-Clause */
#include "frame.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define QUEUE_MOST (64u << 20)
#define READ_BYTES 65536u

const struct frame_row frame_rows[WIRE_TYPES] = {
#define FRAME(name, direction, help) [WIRE_##name] = { #name, sizeof(struct wire_##name), direction },
#include "frames.def"
#undef FRAME
};

#define FRAME(name, direction, help)                                                                                   \
	_Static_assert(sizeof(struct wire_head) + sizeof(struct wire_##name) <= WIRE_FRAME_MAX, #name " is too "       \
												      "large");        \
	_Static_assert(sizeof(struct wire_##name) % 8 == 0, #name " would leave what follows it unaligned");
#include "frames.def"
#undef FRAME

void frame_buffer_finish(struct frame_buffer *buffer)
{
	free(buffer->data);
	memset(buffer, 0, sizeof(*buffer));
}

/* Makes room for `size` bytes behind what is there. */
static int reserve(struct frame_buffer *buffer, size_t size)
{
	size_t used = buffer->end - buffer->start;

	if (used + size > (buffer->most != 0 ? buffer->most : QUEUE_MOST))
		return -ENOMEM;
	if (buffer->room - buffer->end >= size)
		return 0;
	/* Moved up only where that makes much room for little work: it may be megabytes that are not sent yet. */
	if (buffer->start >= used) {
		if (used > 0)
			memmove(buffer->data, buffer->data + buffer->start, used);
		buffer->start = 0;
		buffer->end = used;
	}
	if (buffer->room - buffer->end >= size)
		return 0;
	size_t room = buffer->room * 2 > buffer->end + size ? buffer->room * 2 : buffer->end + size;
	uint8_t *data = realloc(buffer->data, room);
	if (data == NULL)
		return -ENOMEM;
	buffer->data = data;
	buffer->room = room;
	return 0;
}

static int check_head(const struct wire_head *head, enum wire_direction ours, char *ret_error)
{
	if (head->magic != WIRE_MAGIC) {
		snprintf(ret_error, WIRE_ERROR_MAX, "magic 0x%x, expected 0x%x", head->magic, WIRE_MAGIC);
		return -EPROTO;
	}
	if (head->version != WIRE_VERSION) {
		snprintf(ret_error, WIRE_ERROR_MAX, "version %u, expected %u", head->version, WIRE_VERSION);
		return -EPROTO;
	}
	if (head->type >= WIRE_TYPES) {
		snprintf(ret_error, WIRE_ERROR_MAX, "type %u, expected 0 to %d", head->type, WIRE_TYPES - 1);
		return -EPROTO;
	}
	const struct frame_row *row = &frame_rows[head->type];
	if (!(row->direction & ours)) {
		snprintf(ret_error, WIRE_ERROR_MAX, "%s does not go in this direction", row->name);
		return -EPROTO;
	}
	if (head->length != sizeof(*head) + row->size) {
		snprintf(ret_error, WIRE_ERROR_MAX, "%s of %u bytes, expected %zu", row->name, head->length,
			 sizeof(*head) + row->size);
		return -EPROTO;
	}
	return 0;
}

int frame_next(struct frame_buffer *in, enum wire_direction ours, enum wire_type *ret_type, const void **ret_payload,
	       char *ret_error)
{
	struct wire_head head;

	if (in->end - in->start < sizeof(head))
		return 0;
	memcpy(&head, in->data + in->start, sizeof(head));
	int ret = check_head(&head, ours, ret_error);
	if (ret < 0)
		return ret;
	if (in->end - in->start < head.length)
		return 0;
	*ret_type = head.type;
	*ret_payload = in->data + in->start + sizeof(head);
	in->start += head.length;
	return 1;
}

int frame_put(struct frame_buffer *out, enum wire_type type, const void *payload)
{
	const struct wire_head head = { WIRE_MAGIC, WIRE_VERSION, (uint8_t)type,
					(uint32_t)sizeof(head) + frame_rows[type].size };
	int ret = reserve(out, head.length);

	if (ret < 0)
		return ret;
	memcpy(out->data + out->end, &head, sizeof(head));
	memcpy(out->data + out->end + sizeof(head), payload, frame_rows[type].size);
	out->end += head.length;
	return 0;
}

static bool try_again(void)
{
	return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

int frame_read(int descriptor, struct frame_buffer *in)
{
	int ret = reserve(in, READ_BYTES);

	if (ret < 0)
		return ret;
	ssize_t got = recv(descriptor, in->data + in->end, in->room - in->end, 0);
	if (got < 0)
		return try_again() ? -EAGAIN : -errno;
	if (got == 0)
		return -EPIPE;
	in->end += (size_t)got;
	return 0;
}

int frame_flush(int descriptor, struct frame_buffer *out)
{
	while (out->start < out->end) {
		ssize_t put = send(descriptor, out->data + out->start, out->end - out->start, MSG_NOSIGNAL);
		if (put < 0)
			return try_again() ? -EAGAIN : -errno;
		out->start += (size_t)put;
	}
	out->start = out->end = 0;
	return 0;
}
