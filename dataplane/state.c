/* SPDX-License-Identifier: BSD-3-Clause */
#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "apply.h"
#include "frame.h"
#include "log.h"
#include "state_file.h"
#include "table_published.h"

#define SLOTS 2
#define CHANGES_LEAST (4 << 20) /* bytes of changes after which the whole is written again; or half of the whole */

static void slot_path(const struct state *state, uint64_t serial, char *out, size_t size)
{
	snprintf(out, size, "%s.%u", state->path, (unsigned)(serial % SLOTS));
}

void state_close(struct state *state)
{
	if (state->sections > 0)
		close(state->descriptor);
	state->sections = 0;
}

static int failed(const struct state *state, uint64_t serial, int ret)
{
	char path[PATH_MAX];

	slot_path(state, serial, path, sizeof(path));
	log_error("%s: %s", path, strerror(-ret));
	return ret;
}

static struct state_head head_of(uint64_t serial, uint64_t place, const struct table_store *store)
{
	struct table_sizes sizes;

	table_sizes(store, &sizes);
	return (struct state_head){ .serial = serial, .place = place, .generation = sizes.generation };
}

static int write_whole(struct state *state, const struct table_store *store)
{
	const struct state_head head = head_of(state->serial + 1, 0, store);
	struct section section;

	section_begin(&section, state->descriptor, 0, &head);
	int ret = table_walk(store, section_put, &section);
	if (ret == 0)
		return section_end(&section, &state->end);
	section_drop(&section);
	return ret;
}

int state_save(struct state *state, const struct table_store *store)
{
	struct table_sizes sizes;
	char path[PATH_MAX];

	table_sizes(store, &sizes);
	if (!sizes.ready)
		return -ENOENT;
	state_close(state);
	slot_path(state, state->serial + 1, path, sizeof(path));
	state->descriptor = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (state->descriptor < 0)
		return failed(state, state->serial + 1, -errno);
	int ret = write_whole(state, store);
	if (ret < 0) {
		close(state->descriptor);
		return failed(state, state->serial + 1, ret);
	}
	state->serial++;
	state->sections = 1;
	state->whole = state->end;
	return 0;
}

static bool is_long(const struct state *state)
{
	off_t changes = state->end - state->whole;

	return changes > CHANGES_LEAST && changes > state->whole / 2;
}

int state_append(struct state *state, const struct table_store *store, const struct frame_buffer *records)
{
	if (state->sections == 0 || is_long(state))
		return state_save(state, store);
	const struct state_head head = head_of(state->serial, state->sections, store);
	struct frame_buffer rest = *records; /* its bytes are read only */
	struct section section;
	char error[WIRE_ERROR_MAX];
	enum wire_type type;
	const void *payload;
	int ret = 0;

	section_begin(&section, state->descriptor, state->end, &head);
	while (ret == 0 && frame_next(&rest, WIRE_TO_GATE, &type, &payload, error) > 0)
		ret = section_put(&section, type, payload);
	if (ret == 0)
		ret = section_end(&section, &state->end);
	else
		section_drop(&section);
	if (ret == 0) {
		state->sections++;
		return 0;
	}
	state_close(state); /* nothing is to stand behind what may be torn */
	return failed(state, state->serial, ret);
}

static int replay_section(struct apply *apply, struct frame_buffer *records, char *ret_error)
{
	enum wire_type type;
	const void *payload;
	int ret;

	while ((ret = frame_next(records, WIRE_TO_GATE, &type, &payload, ret_error)) > 0) {
		ret = apply_record(apply, type, payload, ret_error);
		if (ret < 0)
			return ret;
	}
	if (ret == 0 && records->start != records->end)
		ret = -EBADMSG;
	return ret;
}

/* All sections are one batch: nothing in between is ever in force. */
static int replay(struct apply *apply, const struct state_image *image, char *ret_error)
{
	const struct wire_BEGIN begin = { .generation = image->generation, .mode = WIRE_FULL };
	const struct wire_COMMIT commit = { .generation = image->generation };
	struct table_times times;
	struct frame_buffer records;
	size_t at = 0;
	int ret = apply_begin(apply, &begin, ret_error);

	while (ret == 0 && state_image_next(image, &at, &records))
		ret = replay_section(apply, &records, ret_error);
	if (ret == 0)
		ret = apply_commit(apply, &commit, &times, ret_error);
	apply_abort(apply);
	return ret;
}

struct candidate {
	char path[PATH_MAX];
	struct state_image image;
	bool good;
};

static void read_candidate(const struct state *state, unsigned slot, struct candidate *ret_candidate)
{
	slot_path(state, slot, ret_candidate->path, sizeof(ret_candidate->path));
	int ret = state_image_read(ret_candidate->path, &ret_candidate->image);
	ret_candidate->good = ret == 0;
	if (ret == -EBADMSG)
		log_warning("%s: torn, or not a state file of this version: not used", ret_candidate->path);
	else if (ret < 0 && ret != -ENOENT)
		log_warning("%s: %s", ret_candidate->path, strerror(-ret));
}

static int use(struct state *state, struct apply *apply, const struct candidate *candidate)
{
	const struct state_image *image = &candidate->image;
	char error[WIRE_ERROR_MAX] = "";
	int ret = replay(apply, image, error);

	if (ret < 0) {
		log_warning("%s: %s: not used", candidate->path, error[0] != '\0' ? error : strerror(-ret));
		return ret;
	}
	if (image->size < image->read)
		log_warning("%s: its last %zu bytes are torn: what was written before them is used", candidate->path,
			    image->read - image->size);
	state->serial = image->serial;
	log_info("%s: generation %llu is in force", candidate->path, (unsigned long long)apply->generation);
	return 0;
}

int state_load(struct state *state, struct apply *apply)
{
	struct candidate slot[SLOTS];
	int ret = -ENOENT;

	for (unsigned i = 0; i < SLOTS; i++)
		read_candidate(state, i, &slot[i]);
	unsigned newest = slot[1].good && (!slot[0].good || slot[1].image.serial > slot[0].image.serial);
	for (unsigned i = 0; i < SLOTS && ret != 0; i++) {
		const struct candidate *candidate = &slot[(newest + i) % SLOTS];
		if (candidate->good)
			ret = use(state, apply, candidate);
	}
	for (unsigned i = 0; i < SLOTS; i++)
		if (slot[i].good)
			free(slot[i].image.data);
	return ret;
}
