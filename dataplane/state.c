/* SPDX-License-Identifier: BSD-3-Clause */
#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "apply.h"
#include "frame.h"
#include "log.h"
#include "siphash.h"
#include "table_published.h"

#define STATE_MAGIC 0x736c7569u
#define STATE_MOST (512u << 20)
#define SLOTS 2

struct state_head {
	uint32_t magic;
	uint32_t version; /* of the frames */
	uint64_t serial;
	uint64_t size; /* of the frames */
	uint64_t sum;  /* of head (with 0 here) and frames */
};

/* Against accidents, not against forgery: whoever can write here is root. */
static uint64_t sum_of(struct state_head head, const uint8_t *frames)
{
	static const uint8_t key[16] = "sluice state";

	head.sum = 0;
	uint64_t sums[2] = { siphash(2, 4, key, &head, sizeof(head)), siphash(2, 4, key, frames, head.size) };
	return siphash(2, 4, key, sums, sizeof(sums));
}

static void slot_path(const struct state *state, uint64_t serial, char *out, size_t size)
{
	snprintf(out, size, "%s.%u", state->path, (unsigned)(serial % SLOTS));
}

static int put_frame(void *out, enum wire_type type, const void *record)
{
	return frame_put(out, type, record);
}

static int write_all(int descriptor, const void *data, size_t size)
{
	const uint8_t *at = data;

	while (size > 0) {
		ssize_t put = write(descriptor, at, size);
		if (put < 0 && errno != EINTR)
			return -errno;
		at += put > 0 ? put : 0;
		size -= put > 0 ? (size_t)put : 0;
	}
	return 0;
}

static int write_file(const char *path, const struct state_head *head, const struct frame_buffer *frames)
{
	int descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (descriptor < 0)
		return -errno;
	int ret = write_all(descriptor, head, sizeof(*head));
	if (ret == 0)
		ret = write_all(descriptor, frames->data + frames->start, head->size);
	if (ret == 0 && fdatasync(descriptor) < 0)
		ret = -errno;
	close(descriptor);
	return ret;
}

int state_save(struct state *state, const struct table_store *store)
{
	struct frame_buffer frames = { 0 };
	struct table_sizes sizes;
	char path[PATH_MAX];

	table_sizes(store, &sizes);
	const struct wire_BEGIN begin = { .generation = sizes.generation, .mode = WIRE_FULL };
	const struct wire_COMMIT commit = { .generation = sizes.generation };
	int ret = frame_put(&frames, WIRE_BEGIN, &begin);
	if (ret == 0)
		ret = table_walk(store, put_frame, &frames);
	if (ret == 0)
		ret = frame_put(&frames, WIRE_COMMIT, &commit);
	struct state_head head = { STATE_MAGIC, WIRE_VERSION, state->serial + 1, frames.end - frames.start, 0 };
	head.sum = sum_of(head, frames.data + frames.start);
	slot_path(state, head.serial, path, sizeof(path));
	if (ret == 0)
		ret = write_file(path, &head, &frames);
	frame_buffer_finish(&frames);
	if (ret < 0)
		log_error("%s: %s", path, strerror(-ret));
	else
		state->serial = head.serial;
	return ret;
}

static int read_all(int descriptor, uint8_t *data, size_t size)
{
	for (size_t have = 0; have < size;) {
		ssize_t got = read(descriptor, data + have, size - have);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -errno : -EBADMSG;
		have += (size_t)got;
	}
	return 0;
}

/* A file as it is on disk, `ret_frames` allocated. */
static int read_file(const char *path, struct state_head *ret_head, uint8_t **ret_frames)
{
	struct stat info;
	uint8_t *frames = NULL;
	int descriptor = open(path, O_RDONLY | O_CLOEXEC);

	if (descriptor < 0)
		return -errno;
	int ret = fstat(descriptor, &info) < 0 ? -errno : read_all(descriptor, (uint8_t *)ret_head, sizeof(*ret_head));
	if (ret == 0 && (ret_head->magic != STATE_MAGIC || ret_head->version != WIRE_VERSION ||
			 ret_head->size > STATE_MOST || (uint64_t)info.st_size != sizeof(*ret_head) + ret_head->size))
		ret = -EBADMSG;
	if (ret == 0 && (frames = malloc(ret_head->size + 1)) == NULL)
		ret = -ENOMEM;
	if (ret == 0)
		ret = read_all(descriptor, frames, ret_head->size);
	if (ret == 0 && sum_of(*ret_head, frames) != ret_head->sum)
		ret = -EBADMSG;
	close(descriptor);
	if (ret == 0)
		*ret_frames = frames;
	else
		free(frames);
	return ret;
}

static int replay_frame(struct apply *apply, enum wire_type type, const void *payload, bool *ret_done, char *ret_error)
{
	struct table_times times;

	switch (type) {
	case WIRE_BEGIN:
		return apply_begin(apply, payload, ret_error);
	case WIRE_COMMIT:
		*ret_done = true;
		return apply_commit(apply, payload, &times, ret_error);
	default:
		return apply_record(apply, type, payload, ret_error);
	}
}

static int replay(struct apply *apply, uint8_t *frames, uint64_t size, char *ret_error)
{
	struct frame_buffer in = { .data = frames, .end = size, .room = size };
	enum wire_type type;
	const void *payload;
	bool done = false;
	int ret = 0;

	while (ret >= 0 && !done) {
		ret = frame_next(&in, WIRE_TO_GATE, &type, &payload, ret_error);
		if (ret == 0)
			ret = -EBADMSG; /* ends before its COMMIT */
		if (ret > 0)
			ret = replay_frame(apply, type, payload, &done, ret_error);
	}
	apply_abort(apply);
	return ret < 0 ? ret : 0;
}

struct candidate {
	char path[PATH_MAX];
	struct state_head head;
	uint8_t *frames; /* NULL: not whole */
};

static void read_candidate(const struct state *state, unsigned slot, struct candidate *ret_candidate)
{
	slot_path(state, slot, ret_candidate->path, sizeof(ret_candidate->path));
	ret_candidate->frames = NULL;
	int ret = read_file(ret_candidate->path, &ret_candidate->head, &ret_candidate->frames);
	if (ret == -EBADMSG)
		log_warning("%s: torn, or not a state file of this version: not used", ret_candidate->path);
	else if (ret < 0 && ret != -ENOENT)
		log_warning("%s: %s", ret_candidate->path, strerror(-ret));
}

static int use(struct state *state, struct apply *apply, const struct candidate *candidate)
{
	char error[WIRE_ERROR_MAX] = "";
	int ret = replay(apply, candidate->frames, candidate->head.size, error);

	if (ret < 0) {
		log_warning("%s: %s: not used", candidate->path, error[0] != '\0' ? error : strerror(-ret));
		return ret;
	}
	state->serial = candidate->head.serial;
	log_info("%s: generation %llu is in force", candidate->path, (unsigned long long)apply->generation);
	return 0;
}

int state_load(struct state *state, struct apply *apply)
{
	struct candidate slot[SLOTS];
	int ret = -ENOENT;

	for (unsigned i = 0; i < SLOTS; i++)
		read_candidate(state, i, &slot[i]);
	unsigned newest =
		slot[1].frames != NULL && (slot[0].frames == NULL || slot[1].head.serial > slot[0].head.serial);
	for (unsigned i = 0; i < SLOTS && ret != 0; i++) {
		const struct candidate *candidate = &slot[(newest + i) % SLOTS];
		if (candidate->frames != NULL)
			ret = use(state, apply, candidate);
	}
	for (unsigned i = 0; i < SLOTS; i++)
		free(slot[i].frames);
	return ret;
}
