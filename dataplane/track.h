/* SPDX-License-Identifier: BSD-3-Clause */
/* TCP's states as far as the gate needs them: when a connection is open, closing, over. Nothing is believed
 * that the far end would not believe: a RST or FIN counts at the exact sequence only (RFC 5961 section 3). */
#ifndef SLUICE_TRACK_H
#define SLUICE_TRACK_H

#include <stdbool.h>
#include <stdint.h>

struct flow;
struct packet;
struct worker;

/* The server's answer to the SYN that was let through. */
/* The acknowledgement of the last that the server of an ended connection said: not of anything the gate did. */
bool track_is_farewell(const struct flow *flow, const struct packet *packet);

bool track_is_synack(const struct flow *flow, const struct packet *packet);

/* A packet that is let through, after the dialogue saw its payload. */
void track_client(struct worker *worker, struct flow *flow, const struct packet *packet, uint64_t now);
void track_server(struct worker *worker, struct flow *flow, const struct packet *packet, uint64_t now);

/* Both sides said goodbye and nothing waits: the connection is over. */
void track_goodbyes(struct worker *worker, struct flow *flow, uint64_t now);

#endif
