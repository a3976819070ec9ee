/* SPDX-License-Identifier: BSD-3-Clause */
/* Stage 9. The wait for a message's token, without keeping a byte of the client's: the server's last reply before
 * the turn tells the client that the window is closed, and when the time has come an update opens it. The client
 * measures no longer round trips by it and repeats nothing; it asks now and then, and the server's answers say the
 * same, as does everything else the server says meanwhile. The update is the newest of those segments without its
 * payload, so that its options are right, with the window the server had in it.
 *
 * What the client says all the same, because it was on its way or to probe the window, passes as it is. */
#ifndef SLUICE_WINDOW_H
#define SLUICE_WINDOW_H

#include <stdint.h>

struct flow;
struct packet;
struct wait;
struct worker;

/* A packet of the server's that is let through, after its payload was followed. */
void window_server(struct worker *worker, struct flow *flow, struct packet *packet, uint64_t now);

/* It is looked at again: has the time come? */
void window_due(struct worker *worker, struct flow *flow, uint64_t now);

/* Nobody waits any more, and nobody needs to be told. */
void window_forget(struct worker *worker, struct flow *flow, uint64_t now);

#endif
