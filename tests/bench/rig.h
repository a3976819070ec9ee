/* SPDX-License-Identifier: BSD-3-Clause */
/* A gate without ports for measuring: one worker, policy for many customers and remotes, flows in TLS, and a
 * generator of their packets. */
#ifndef SLUICE_RIG_H
#define SLUICE_RIG_H

#include <stdint.h>

#include "worker.h"

struct rig_config {
	uint32_t flows;
	uint32_t things;    /* sources, customers, customers at their provider, remotes: so many of each */
	uint64_t byte_rate; /* of each; 0: none is limited */
	unsigned memory_mb;
	uint32_t held;
};

struct rig_flow {
	uint32_t source, remote; /* indices of things */
	uint16_t port;
	uint32_t client_seq, server_seq;
};

struct rig {
	struct rig_config config;
	struct gate gate;
	struct worker *worker;
	struct table_store *store;
	struct rig_flow *flow;
	uint64_t now; /* virtual, ns */
	uint64_t random;
	struct port port[SIDES];
};

/* Starts EAL with one lcore; exits with a message when there is not enough memory. */
void rig_start(struct rig *rig, const struct rig_config *config);

/* Opens all flows and brings them into TLS, through the packet path. */
void rig_open(struct rig *rig);

/* Packets of `count` random flows: from the client (share of 256 `client`) or the server, `payload` bytes. */
void rig_packets(struct rig *rig, struct burst *burst, uint16_t count, unsigned client, uint16_t payload);

/* One flow's packet; `flags` as in TCP. */
void rig_packet(struct rig *rig, struct burst *burst, struct rig_flow *flow, enum side side, uint8_t flags,
		const uint8_t *payload, uint16_t size);

/* Frees what the worker queued for its ports; returns how many. */
unsigned rig_transmit(struct rig *rig);

#endif
