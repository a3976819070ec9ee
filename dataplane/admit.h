/* SPDX-License-Identifier: BSD-3-Clause */
/* Stage 6. A new connection's turn: a slot and a token in each of its scopes. Who must wait keeps the newest copy
 * of its SYN here; who waited `max-hold` is refused, so that the MTA queues the mail. */
#ifndef SLUICE_ADMIT_H
#define SLUICE_ADMIT_H

#include <stdbool.h>
#include <stdint.h>

struct flow;
struct worker;

/* Takes them at the moment the SYN may leave, so that each rate holds on the wire and nobody's wait uses up
 * another's tokens. Otherwise *ret_when says when to ask again, UINT64_MAX if that is beyond max-hold. */
bool admit(struct worker *worker, struct flow *flow, uint64_t now, uint64_t *ret_when);

#endif
