/* SPDX-License-Identifier: BSD-3-Clause */
/* A file of sections: the first has a whole table's records, each further one what a batch changed. Every section has
 * a head with a sum over it and its records, its place in the file, and the file's serial, so that neither a torn
 * write nor the rest of an older file is ever taken for one. */
#ifndef SLUICE_STATE_FILE_H
#define SLUICE_STATE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "frame.h"
#include "wire.h"

struct state_head {
	uint32_t magic;
	uint32_t version; /* of the frames */
	uint64_t serial;  /* of the file */
	uint64_t place;	  /* 0: the first section */
	uint64_t generation;
	uint64_t size; /* of the records */
	uint64_t sum;  /* of the head (with 0 here) and the records */
};

/* A section being written: records go through a buffer of limited size. */
struct section {
	int descriptor;
	struct state_head head;
	off_t at; /* where its head goes */
	struct frame_buffer frames;
};

/* All return 0 or a negative errno. A section that was begun is ended, whatever happens in between: with a head, so
 * that it counts, and on disk; or dropped. */
void section_begin(struct section *section, int descriptor, off_t at, const struct state_head *head);
int section_put(void *section, enum wire_type type, const void *record);
int section_end(struct section *section, off_t *ret_end);
void section_drop(struct section *section);

/* A file in memory, as far as it is whole: `sections` of them in `size` of its `read` bytes. */
struct state_image {
	uint8_t *data;
	size_t size, read;
	uint64_t serial, sections, generation;
};

/* -EBADMSG when not even the first section is whole; ret_image->data is to be freed when it returns 0. */
int state_image_read(const char *path, struct state_image *ret_image);

/* The records of the section at *at, which moves on to the next; false behind the last. */
bool state_image_next(const struct state_image *image, size_t *at, struct frame_buffer *ret_records);

#endif
