/* SPDX-License-Identifier: BSD-3-Clause */
/* The gate's last state on disk, so that it can enforce before the daemon speaks: two files in turn (PATH.0,
 * PATH.1), each a whole table and what batches have changed of it since. The end of one may be torn, that is what
 * was not acknowledged; one whose beginning is leaves the other. */
#ifndef SLUICE_STATE_H
#define SLUICE_STATE_H

#include <stdint.h>
#include <sys/types.h>

struct apply;
struct frame_buffer;
struct table_store;

struct state {
	const char *path;
	uint64_t serial; /* of the newest file */
	/* The file this process writes to; sections 0: none yet, or not to be written to any more. */
	int descriptor;
	uint64_t sections;
	off_t whole, end; /* where its first section ends, and the last */
};

/* Writes all of what is published / what the last batch, whose records these are, has changed of it. On disk when it
 * returns 0; a negative errno otherwise, said in the log. */
int state_save(struct state *state, const struct table_store *store);
int state_append(struct state *state, const struct table_store *store, const struct frame_buffer *records);

void state_close(struct state *state);

/* Publishes the newest whole file; 0, -ENOENT when there is none, or a negative errno. What is wrong with a
 * file is said in the log. */
int state_load(struct state *state, struct apply *apply);

#endif
