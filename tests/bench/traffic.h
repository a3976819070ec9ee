/* SPDX-License-Identifier: BSD-3-Clause */
/* A worker's connections, and the packets of both their ends. */
#ifndef SLUICE_TRAFFIC_H
#define SLUICE_TRAFFIC_H

#include <stdint.h>

#include "rig.h"

struct connection {
	uint32_t source, remote; /* which of the rig's things */
	uint16_t port;
	uint32_t client_seq, server_seq; /* what each end says next */
	uint16_t left;			 /* bytes of its TLS record the client has still to say */
};

struct traffic {
	struct rig *rig;
	struct worker *worker;
	struct connection *connection;
	uint32_t count;
	uint64_t random;
};

/* `count` connections the worker owns, between random things; or, if `own`, each between things of its own. */
void traffic_create(struct traffic *traffic, struct rig *rig, struct worker *worker, uint32_t count, bool own);

/* Is the worker the owner of this connection? */
bool traffic_owns(const struct traffic *traffic, const struct connection *connection);

/* Opens all of them and brings them into TLS, through the packet path. */
void traffic_open(struct traffic *traffic);

/* A frame of one end into the burst; `flags` as in TCP. */
void traffic_say(struct traffic *traffic, struct burst *burst, struct connection *connection, enum side side,
		 uint8_t flags, const uint8_t *payload, uint16_t size);

/* The same, as a packet of its own. */
struct rte_mbuf *traffic_frame(struct traffic *traffic, struct connection *connection, enum side side, uint8_t flags,
			       const uint8_t *payload, uint16_t size);

/* Segments of `payload` bytes from random connections, of application data inside TLS: of the client (`client` in 256)
 * or the server. The client's records are so long that 11 segments make one, as 16 kB in full-size segments; the server
 * says a whole one at a time, between two of the client's. */
void traffic_random(struct traffic *traffic, struct burst *burst, uint16_t count, unsigned client, uint16_t payload);

/* What a worker does with a burst: release, run, transmit. Empties it. */
void traffic_turn(struct traffic *traffic, struct burst *burst, uint64_t now);

const uint8_t *traffic_record(uint16_t payload);

#endif
