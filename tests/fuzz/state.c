/* SPDX-License-Identifier: BSD-3-Clause */
/* The state file: any bytes under its name, and any frames under a head whose sum is right. The module itself is
 * taken in, for what it does not show. */
#include "../../dataplane/state.c"

#include <sys/mman.h>

#include "records.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	log_init("fuzz", LOG_LEVEL_ERROR);
	return 0;
}

static struct frame_buffer make_frames(struct bytes *bytes)
{
	const struct wire_BEGIN begin = { .generation = 1, .mode = WIRE_FULL };
	const struct wire_PUT_SETTINGS settings = { .idle_timeout_s = 1, .ports = 1, .port[0] = 25 };
	const struct wire_COMMIT commit = { .generation = 1 };
	uint8_t has = take8(bytes);
	struct frame_buffer frames = { 0 };

	if (has & 1)
		frame_put(&frames, WIRE_BEGIN, &begin);
	if (has & 2)
		frame_put(&frames, WIRE_PUT_SETTINGS, &settings);
	records_encode(bytes, &frames);
	if (has & 4)
		frame_put(&frames, WIRE_COMMIT, &commit);
	return frames;
}

/* `file` is a descriptor of a file that is nowhere. */
static void fill(int file, struct bytes *bytes)
{
	if (take8(bytes) == 'w') {
		must(write_all(file, bytes->at, bytes->left) == 0);
		return;
	}
	struct frame_buffer frames = make_frames(bytes);
	struct state_head head = { STATE_MAGIC, WIRE_VERSION, 1, frames.end, 0 };
	head.sum = sum_of(head, frames.data != NULL ? frames.data : (const uint8_t *)"");
	must(write_all(file, &head, sizeof(head)) == 0 && write_all(file, frames.data, frames.end) == 0);
	frame_buffer_finish(&frames);
}

static void load(const char *path)
{
	struct apply apply = { .store = table_store_create() };
	struct state state = { .path = path };
	struct candidate candidate = { .frames = NULL };

	must(apply.store != NULL);
	if (read_file(path, &candidate.head, &candidate.frames) == 0) {
		int ret = use(&state, &apply, &candidate);
		struct table_sizes sizes;
		table_sizes(apply.store, &sizes);
		must(!apply.open && (ret == 0) == sizes.ready);
		records_round_trip(apply.store);
	}
	free(candidate.frames);
	table_store_destroy(apply.store);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes bytes = { data, size };
	int file = memfd_create("state", MFD_CLOEXEC);
	char path[64];

	must(file >= 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	fill(file, &bytes);
	load(path);
	close(file);
	return 0;
}
