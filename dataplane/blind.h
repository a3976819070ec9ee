/* SPDX-License-Identifier: BSD-3-Clause */
/* How blind the gate is. While it hears the daemon it is not; silence longer than `stale_after` makes it so, step by
 * step over `decay`, and step by step it goes back when the daemon speaks again. Blindness tightens limits to their
 * ceilings (ceiling.h) and never loosens one.
 *
 * A gate that starts from its last state has heard nobody: it is wholly blind until the daemon speaks, so that no
 * restart opens what silence had closed. If the daemon is there it speaks within moments, and all is as it was.
 * Time is an argument, ns of one monotonic clock. */
#ifndef SLUICE_BLIND_H
#define SLUICE_BLIND_H

#include <stdbool.h>
#include <stdint.h>

#define BLIND_WHOLLY 1000u /* permille */

struct blind {
	bool met;	   /* the daemon has spoken since the start */
	uint64_t heard;	   /* last */
	uint64_t looked;   /* last */
	uint64_t dark;	   /* how far it is on the way, 0 to decay */
	uint32_t permille; /* of it, in steps: each is a publication */
};

/* The daemon has spoken. */
void blind_heard(struct blind *blind, uint64_t now);

/* Each second or so; true when ->permille has changed. `stale_after` 0: it never is blind. */
bool blind_look(struct blind *blind, uint64_t stale_after, uint64_t decay, uint64_t now);

#endif
