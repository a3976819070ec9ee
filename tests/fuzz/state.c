/* SPDX-License-Identifier: BSD-3-Clause */
/* The state file: any bytes under its name, and any records in sections whose sums are right. The modules themselves
 * are taken in, for what they do not show. */
#include "../../dataplane/state_file.c"

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
	const struct wire_PUT_SETTINGS settings = { .idle_timeout_s = 1, .ports = 1, .port[0] = 25 };
	struct frame_buffer frames = { 0 };

	if (take8(bytes) & 1)
		frame_put(&frames, WIRE_PUT_SETTINGS, &settings);
	records_encode(bytes, &frames);
	return frames;
}

static off_t add_section(int file, off_t at, uint64_t place, struct frame_buffer *frames)
{
	const struct state_head head = { .serial = 1, .place = place, .generation = 1 };
	struct section section;

	section_begin(&section, file, at, &head);
	section.frames = *frames;
	must(section_end(&section, &at) == 0);
	return at;
}

/* `file` is a descriptor of a file that is nowhere. */
static void fill(int file, struct bytes *bytes)
{
	off_t at = 0;

	if (take8(bytes) == 'w') {
		must(write_all(file, bytes->at, bytes->left, 0) == 0);
		return;
	}
	struct frame_buffer frames = make_frames(bytes);
	size_t all = frames.end;
	if (all > 0 && take8(bytes) & 1) {
		/* The same again as changes of itself, cut at any byte. */
		struct frame_buffer again = { 0 };
		for (size_t i = 0; i < all; i += frame_rows[((struct wire_head *)(frames.data + i))->type].size + 8)
			frame_put(&again, ((struct wire_head *)(frames.data + i))->type, frames.data + i + 8);
		at = add_section(file, at, 0, &frames);
		at = add_section(file, at, 1, &again);
		must(ftruncate(file, at - take8(bytes)) == 0);
		return;
	}
	add_section(file, at, 0, &frames);
}

static void load(const char *path)
{
	struct apply apply = { .store = table_store_create() };
	struct state state = { .path = path };
	struct candidate candidate = { .good = false };

	must(apply.store != NULL);
	if (state_image_read(path, &candidate.image) == 0) {
		int ret = use(&state, &apply, &candidate);
		struct table_sizes sizes;
		table_sizes(apply.store, &sizes);
		must(!apply.open && (ret == 0) == sizes.ready);
		records_round_trip(apply.store);
		free(candidate.image.data);
	}
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
