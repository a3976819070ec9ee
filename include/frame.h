/* SPDX-License-Identifier: BSD-3-Clause */
/* Control frames over a socket: a bounded reader that checks before it hands out, and a writer that
 * queues what the socket does not take. Pure but for the two functions that name a descriptor. */
#ifndef SLUICE_FRAME_H
#define SLUICE_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include "wire.h"

/* Payload size of a type, head excluded; names for messages. */
extern const struct frame_row {
	const char *name;
	uint32_t size;
	enum wire_direction direction;
} frame_rows[WIRE_TYPES];

struct frame_buffer {
	uint8_t *data;
	size_t start, end, room;
	size_t most; /* so many bytes may be queued; 0: 64 MiB */
};

void frame_buffer_finish(struct frame_buffer *buffer);

/* Takes the next whole frame out of `in`. 1: *ret_type and *ret_payload (valid until the next call that
 * changes `in`) are set; 0: more bytes needed; -EPROTO: not a frame we take (`ret_error` says why, at
 * most WIRE_ERROR_MAX bytes). `ours` is the direction this end receives. */
int frame_next(struct frame_buffer *in, enum wire_direction ours, enum wire_type *ret_type, const void **ret_payload,
	       char *ret_error);

/* Appends a frame of `type`; `payload` has frame_rows[type].size bytes. 0, or -ENOMEM when more would be queued than
 * may be. */
int frame_put(struct frame_buffer *out, enum wire_type type, const void *payload);

/* Reads what is there / writes what goes; 0, -EAGAIN (nothing moved), -EPIPE (peer gone) or another errno. */
int frame_read(int descriptor, struct frame_buffer *in);
int frame_flush(int descriptor, struct frame_buffer *out);

#endif
