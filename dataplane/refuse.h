/* SPDX-License-Identifier: BSD-3-Clause */
/* Stage 8. A new connection that may not pass is answered by the gate itself: by a reset, or by a handshake
 * without state and a 421 that says why (RFC 5321 section 3.8: the server closes after it). */
#ifndef SLUICE_REFUSE_H
#define SLUICE_REFUSE_H

#include <stdbool.h>
#include <stdint.h>

#include "segment.h"
#include "wire.h"

struct flow_key;
struct packet;
struct worker;

/* A SYN wherever it is: in a burst or held. */
struct syn {
	struct headers headers;
	const struct flow_key *key;
	uint32_t isn;
};

void refuse(struct worker *worker, const struct syn *syn, enum refuse_mode mode, uint64_t now);

/* A packet of no known flow: of a handshake answered here? *ret_past: how much of the gate's words it has. / Then it
 * is answered; the packet stays the caller's. `verdict` is what holds its scopes now, NULL for none. */
bool refuse_answered(const struct worker *worker, const struct packet *packet, const struct flow_key *key, uint64_t now,
		     uint32_t *ret_past);
void refuse_goes_on(struct worker *worker, const struct packet *packet, const struct wire_PUT_VERDICT *verdict,
		    uint32_t past);

#endif
