/* SPDX-License-Identifier: BSD-3-Clause */
/* The gate's last state on disk, so that it can enforce before the daemon speaks: two files in turn (PATH.0,
 * PATH.1), each a checked head and the frames that make the table. A torn one leaves the other. */
#ifndef SLUICE_STATE_H
#define SLUICE_STATE_H

#include <stdint.h>

struct apply;
struct table_store;

struct state {
	const char *path;
	uint64_t serial; /* of the newest file */
};

/* On disk when it returns 0; a negative errno otherwise, said in the log. */
int state_save(struct state *state, const struct table_store *store);

/* Publishes the newest whole file; 0, -ENOENT when there is none, or a negative errno. What is wrong with a
 * file is said in the log. */
int state_load(struct state *state, struct apply *apply);

#endif
