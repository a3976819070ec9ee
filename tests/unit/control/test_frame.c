/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames: every head is checked before anything is handed out, in pieces of any size and over a real socket. */
#include "frame.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "unit.h"

/* A payload that no other type or number has. */
static void fill(uint8_t *payload, enum wire_type type, unsigned number)
{
	for (uint32_t i = 0; i < frame_rows[type].size; i++)
		payload[i] = (uint8_t)(type * 31u + number * 7u + i);
}

static void put_bytes(struct frame_buffer *in, const void *bytes, size_t size)
{
	in->data = realloc(in->data, in->end + size + 1);
	ck_assert_ptr_nonnull(in->data);
	memcpy(in->data + in->end, bytes, size);
	in->end += size;
	in->room = in->end + 1;
}

static enum wire_direction direction_of(int type)
{
	return frame_rows[type].direction == WIRE_TO_GATE ? WIRE_TO_GATE : WIRE_TO_DAEMON;
}

START_TEST(table_is_complete)
{
	for (int type = 0; type < WIRE_TYPES; type++) {
		ck_assert_ptr_nonnull(frame_rows[type].name);
		ck_assert_uint_gt(frame_rows[type].size, 0);
		ck_assert_uint_le(frame_rows[type].size + sizeof(struct wire_head), WIRE_FRAME_MAX);
		ck_assert(frame_rows[type].direction >= WIRE_TO_GATE && frame_rows[type].direction <= WIRE_BOTH);
	}
	ck_assert_str_eq(frame_rows[WIRE_HELLO].name, "HELLO");
	ck_assert_int_eq(frame_rows[WIRE_HELLO].direction, WIRE_BOTH);
	ck_assert_uint_eq(frame_rows[WIRE_PUT_VERDICT].size, sizeof(struct wire_PUT_VERDICT));
}
END_TEST

#define BEGIN_SIZE (uint32_t)(sizeof(struct wire_head) + sizeof(struct wire_BEGIN))
#define ACK_SIZE (uint32_t)(sizeof(struct wire_head) + sizeof(struct wire_ACK))

START_TEST(bad_heads)
{
	static const struct {
		struct wire_head head;
		enum wire_direction ours;
		const char *error;
	} rows[] = {
		{ { 0, WIRE_VERSION, WIRE_BEGIN, BEGIN_SIZE }, WIRE_TO_GATE, "magic 0x0, expected 0x5c1" },
		{ { 0xc105, WIRE_VERSION, WIRE_BEGIN, BEGIN_SIZE }, WIRE_TO_GATE, "magic 0xc105, expected 0x5c1" },
		{ { WIRE_MAGIC, 0, WIRE_BEGIN, BEGIN_SIZE }, WIRE_TO_GATE, "version 0, expected 5" },
		{ { WIRE_MAGIC, 99, WIRE_BEGIN, BEGIN_SIZE }, WIRE_TO_GATE, "version 99, expected 5" },
		{ { WIRE_MAGIC, WIRE_VERSION, WIRE_TYPES, BEGIN_SIZE }, WIRE_TO_GATE, "type 21, expected 0 to 20" },
		{ { WIRE_MAGIC, WIRE_VERSION, 255, BEGIN_SIZE }, WIRE_TO_GATE, "type 255, expected 0 to 20" },
		{ { WIRE_MAGIC, WIRE_VERSION, WIRE_BEGIN, BEGIN_SIZE },
		  WIRE_TO_DAEMON,
		  "BEGIN does not go in this direction" },
		{ { WIRE_MAGIC, WIRE_VERSION, WIRE_ACK, ACK_SIZE }, WIRE_TO_GATE, "ACK does not go in this direction" },
		{ { WIRE_MAGIC, WIRE_VERSION, WIRE_BEGIN, 0 }, WIRE_TO_GATE, "BEGIN of 0 bytes, expected 24" },
		{ { WIRE_MAGIC, WIRE_VERSION, WIRE_BEGIN, 8 }, WIRE_TO_GATE, "BEGIN of 8 bytes, expected 24" },
		{ { WIRE_MAGIC, WIRE_VERSION, WIRE_BEGIN, 25 }, WIRE_TO_GATE, "BEGIN of 25 bytes, expected 24" },
		{ { WIRE_MAGIC, WIRE_VERSION, WIRE_BEGIN, UINT32_MAX },
		  WIRE_TO_GATE,
		  "BEGIN of 4294967295 bytes, expected 24" },
	};

	/* The head alone is enough to refuse: nobody waits for the bytes a wrong length promises. */
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct frame_buffer in = { 0 };
		enum wire_type type = WIRE_TYPES;
		const void *payload = NULL;
		char error[WIRE_ERROR_MAX] = "";
		put_bytes(&in, &rows[i].head, sizeof(rows[i].head));
		ck_assert_int_eq(frame_next(&in, rows[i].ours, &type, &payload, error), -EPROTO);
		ck_assert_str_eq(error, rows[i].error);
		ck_assert_ptr_null(payload);
		ck_assert_int_eq(type, WIRE_TYPES);
		frame_buffer_finish(&in);
	}
}
END_TEST

START_TEST(every_type_goes_its_way_only)
{
	uint8_t payload[WIRE_FRAME_MAX];

	for (int type = 0; type < WIRE_TYPES; type++) {
		struct frame_buffer buffer = { 0 };
		enum wire_direction ours = direction_of(type), other = WIRE_BOTH & ~ours;
		enum wire_type got = WIRE_TYPES;
		const void *taken;
		char error[WIRE_ERROR_MAX];
		fill(payload, type, 0);
		ck_assert_int_eq(frame_put(&buffer, type, payload), 0);
		if (frame_rows[type].direction != WIRE_BOTH)
			ck_assert_int_eq(frame_next(&buffer, other, &got, &taken, error), -EPROTO);
		ck_assert_int_eq(frame_next(&buffer, ours, &got, &taken, error), 1);
		ck_assert_int_eq(got, type);
		ck_assert_mem_eq(taken, payload, frame_rows[type].size);
		ck_assert_int_eq(frame_next(&buffer, ours, &got, &taken, error), 0);
		frame_buffer_finish(&buffer);
	}
}
END_TEST

START_TEST(a_frame_in_pieces)
{
	uint8_t payload[WIRE_FRAME_MAX];

	for (int kind = 0; kind < WIRE_TYPES; kind++) {
		struct frame_buffer whole = { 0 }, in = { 0 };
		enum wire_type type;
		const void *taken;
		char error[WIRE_ERROR_MAX];
		fill(payload, kind, 1);
		ck_assert_int_eq(frame_put(&whole, kind, payload), 0);
		for (size_t i = 0; i < whole.end; i++) {
			ck_assert_int_eq(frame_next(&in, direction_of(kind), &type, &taken, error), 0);
			put_bytes(&in, whole.data + i, 1);
		}
		ck_assert_int_eq(frame_next(&in, direction_of(kind), &type, &taken, error), 1);
		ck_assert_mem_eq(taken, payload, frame_rows[kind].size);
		ck_assert_uint_eq(in.start, in.end);
		frame_buffer_finish(&whole);
		frame_buffer_finish(&in);
	}
}
END_TEST

START_TEST(a_bad_frame_behind_a_good_one)
{
	const struct wire_COMMIT commit = { 7 };
	struct frame_buffer in = { 0 };
	enum wire_type type;
	const void *payload;
	char error[WIRE_ERROR_MAX];

	ck_assert_int_eq(frame_put(&in, WIRE_COMMIT, &commit), 0);
	ck_assert_int_eq(frame_put(&in, WIRE_COMMIT, &commit), 0);
	in.data[in.end / 2] ^= 1; /* the second one's magic */
	ck_assert_int_eq(frame_next(&in, WIRE_TO_GATE, &type, &payload, error), 1);
	ck_assert_int_eq(frame_next(&in, WIRE_TO_GATE, &type, &payload, error), -EPROTO);
	ck_assert_int_eq(frame_next(&in, WIRE_TO_GATE, &type, &payload, error), -EPROTO);
	frame_buffer_finish(&in);
	ck_assert_ptr_null(in.data);
	ck_assert_uint_eq(in.room, 0);
}
END_TEST

START_TEST(a_queue_grows_and_keeps_its_order)
{
	struct frame_buffer queue = { 0 };
	uint64_t next = 0, put = 0;
	char error[WIRE_ERROR_MAX];
	enum wire_type type;
	const void *payload;

	/* Two in, one out: it grows while its beginning moves. */
	for (; put < 20000; put++) {
		const struct wire_COMMIT commit = { put };
		ck_assert_int_eq(frame_put(&queue, WIRE_COMMIT, &commit), 0);
		if (put % 2 == 0)
			continue;
		ck_assert_int_eq(frame_next(&queue, WIRE_TO_GATE, &type, &payload, error), 1);
		ck_assert_mem_eq(payload, &next, sizeof(next));
		next++;
	}
	while (frame_next(&queue, WIRE_TO_GATE, &type, &payload, error) == 1) {
		ck_assert_mem_eq(payload, &next, sizeof(next));
		next++;
	}
	ck_assert_uint_eq(next, put);
	frame_buffer_finish(&queue);
}
END_TEST

START_TEST(a_queue_that_is_emptied_does_not_grow)
{
	const struct wire_COMMIT commit = { 1 };
	struct frame_buffer queue = { 0 };
	char error[WIRE_ERROR_MAX];
	enum wire_type type;
	const void *payload;

	for (int i = 0; i < 100000; i++) {
		ck_assert_int_eq(frame_put(&queue, WIRE_COMMIT, &commit), 0);
		ck_assert_int_eq(frame_next(&queue, WIRE_TO_GATE, &type, &payload, error), 1);
	}
	ck_assert_uint_le(queue.room, WIRE_FRAME_MAX);
	frame_buffer_finish(&queue);
}
END_TEST

static void socket_pair(int pair[2])
{
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
}

/* Takes what came; returns the number of the next one. */
static unsigned take_all(struct frame_buffer *in, unsigned number)
{
	uint8_t expected[WIRE_FRAME_MAX];
	char error[WIRE_ERROR_MAX];
	enum wire_type type;
	const void *payload;
	int ret;

	while ((ret = frame_next(in, WIRE_TO_GATE, &type, &payload, error)) == 1) {
		ck_assert_int_eq(type, number % 2 ? WIRE_PUT_VERDICT : WIRE_PUT_SETTINGS);
		fill(expected, type, number++);
		ck_assert_mem_eq(payload, expected, frame_rows[type].size);
	}
	ck_assert_int_eq(ret, 0);
	return number;
}

START_TEST(more_than_a_socket_takes)
{
	struct frame_buffer out = { 0 }, in = { 0 };
	uint8_t payload[WIRE_FRAME_MAX];
	unsigned number = 0;
	bool full = false;
	int pair[2], flushed;

	socket_pair(pair);
	for (unsigned i = 0; i < 20000; i++) {
		enum wire_type type = i % 2 ? WIRE_PUT_VERDICT : WIRE_PUT_SETTINGS;
		fill(payload, type, i);
		ck_assert_int_eq(frame_put(&out, type, payload), 0);
	}
	do {
		flushed = frame_flush(pair[0], &out);
		ck_assert(flushed == 0 || flushed == -EAGAIN);
		full |= flushed == -EAGAIN;
		ck_assert_int_eq(frame_read(pair[1], &in), 0);
		number = take_all(&in, number);
	} while (flushed != 0);
	while (frame_read(pair[1], &in) == 0)
		number = take_all(&in, number);
	ck_assert(full);
	ck_assert_uint_eq(number, 20000);
	ck_assert_uint_eq(out.end, 0);
	frame_buffer_finish(&out);
	frame_buffer_finish(&in);
	close(pair[0]);
	close(pair[1]);
}
END_TEST

START_TEST(what_a_socket_says)
{
	const struct wire_COMMIT commit = { 3 };
	struct frame_buffer out = { 0 }, in = { 0 };
	char error[WIRE_ERROR_MAX];
	enum wire_type type;
	const void *payload;
	int pair[2];

	socket_pair(pair);
	ck_assert_int_eq(frame_flush(pair[0], &out), 0);
	ck_assert_int_eq(frame_read(pair[1], &in), -EAGAIN);
	ck_assert_int_eq(frame_put(&out, WIRE_COMMIT, &commit), 0);
	ck_assert_int_eq(frame_flush(pair[0], &out), 0);
	close(pair[0]);
	ck_assert_int_eq(frame_read(pair[1], &in), 0);
	ck_assert_int_eq(frame_next(&in, WIRE_TO_GATE, &type, &payload, error), 1);
	ck_assert_int_eq(frame_read(pair[1], &in), -EPIPE);
	/* No signal: the program would be gone. */
	ck_assert_int_eq(frame_put(&out, WIRE_COMMIT, &commit), 0);
	ck_assert_int_eq(frame_flush(pair[1], &out), -EPIPE);
	close(pair[1]);
	ck_assert_int_eq(frame_read(-1, &in), -EBADF);
	frame_buffer_finish(&out);
	frame_buffer_finish(&in);
}
END_TEST

UNIT_MAIN("frame", table_is_complete, bad_heads, every_type_goes_its_way_only, a_frame_in_pieces,
	  a_bad_frame_behind_a_good_one, a_queue_grows_and_keeps_its_order, a_queue_that_is_emptied_does_not_grow,
	  more_than_a_socket_takes, what_a_socket_says)
