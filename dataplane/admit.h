/* SPDX-License-Identifier: BSD-3-Clause */
/* Stage 6. A new connection's turn: a slot in each of its scopes, then a token of each. Who must wait keeps
 * the newest copy of its SYN here; who waited `max-hold` is refused, so that the MTA queues the mail. */
#ifndef SLUICE_ADMIT_H
#define SLUICE_ADMIT_H

#include <stdint.h>

struct flow;
struct worker;

enum admission {
	ADMIT_NOW,
	ADMIT_LATER, /* ask again at *ret_when */
	ADMIT_NEVER, /* not within max-hold */
};

/* Tokens are taken only with ADMIT_NOW, at the moment the SYN leaves: so a rate holds on the wire for every
 * scope at once, and nobody's wait uses up another's tokens. */
enum admission admit(struct worker *worker, struct flow *flow, uint64_t now, uint64_t *ret_when);

#endif
