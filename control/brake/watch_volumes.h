/* SPDX-License-Identifier: BSD-3-Clause */
/* Asks the gate what customers send: learns from it what is usual, tells the gate each hour what the spike brake lets
 * pass, notes what of an allowance is used, and says whom the brake holds. */
#ifndef SLUICE_WATCH_VOLUMES_H
#define SLUICE_WATCH_VOLUMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct daemon;
struct volumes;

/* What is usual is read from the journal before. 0 or a negative errno. */
int volumes_create(struct daemon *daemon, struct volumes **ret_volumes);
void volumes_destroy(struct volumes *volumes);

/* Each few seconds, by itself. */
void volumes_look(struct volumes *volumes);

/* What was learned before this start; 0 or a negative errno. */
int volumes_restore(struct daemon *daemon);

/* So many customers the brake holds now, and did since the start. / Is this one among them? */
struct volumes_held {
	size_t now;
	uint64_t ever;
};

struct volumes_held volumes_held(const struct volumes *volumes);
bool volumes_holds(const struct daemon *daemon, uint32_t customer);

/* "connections 500 (usual 100), messages ...": what one may send an hour. */
char *volumes_text(const struct daemon *daemon, uint32_t customer, char *out, size_t size);

#endif
