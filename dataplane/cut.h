/* SPDX-License-Identifier: BSD-3-Clause */
/* Stage 8, of running connections. Under quarantine the client's next turn is swallowed and both sides are
 * reset, in one step: nothing new begins, and what was under way was answered. */
#ifndef SLUICE_CUT_H
#define SLUICE_CUT_H

#include <stdbool.h>
#include <stdint.h>

struct flow;
struct packet;
struct worker;

/* A client's segment with payload, in a quarantined flow. True when it was taken. */
bool cut(struct worker *worker, struct flow *flow, struct packet *packet, uint64_t now);

/* Swallowed bytes wait for a safe moment: is it now, or is the time up? */
void cut_due(struct worker *worker, struct flow *flow, uint64_t now);

/* The head of what a flow holds begins a turn: it never leaves. Cut once the server has been silent; / at once:
 * the client is gone. */
void cut_held(struct worker *worker, struct flow *flow, uint64_t now);
void cut_now(struct worker *worker, struct flow *flow, uint64_t now);

/* The server's answer to a SYN that left before the decision. Takes the packet. */
void cut_handshake(struct worker *worker, struct flow *flow, struct packet *packet, uint64_t now);

/* A side that speaks on after the cut missed its reset: another one, at the sequence it names itself.
 * Takes the packet. */
void cut_answer(struct worker *worker, struct packet *packet);

#endif
