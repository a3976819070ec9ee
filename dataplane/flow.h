/* SPDX-License-Identifier: BSD-3-Clause */
/* Stage 2. One record for each outbound SMTP connection, found by its five-tuple from either side, owned
 * by one worker. The table is a keyed hash over lines of eight tags; a bounded number of lines is looked
 * at, so that a full or attacked table costs a counter and never a stall. */
#ifndef SLUICE_FLOW_H
#define SLUICE_FLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "dialogue.h"
#include "scope.h"
#include "wheel.h"
#include "wire.h"

struct burst;
struct meter;
struct rte_mbuf;

struct flow_key {
	struct address inside, outside; /* the MTA's and the receiver's */
	uint16_t inside_port, outside_port;
	uint16_t vlan; /* 0: untagged */
	uint16_t zero;
};

_Static_assert(sizeof(struct flow_key) == 40, "a flow key is hashed and compared as bytes");

struct flow {
	struct flow_key key;
	uint8_t state; /* enum flow_state */
	bool used;
	bool counted; /* holds a slot in each of its meters: given back exactly once */
	bool quarantined;
	uint8_t refuse; /* enum refuse_mode of the quarantine */
	bool client_fin, server_fin;
	bool fragile; /* a RST or FIN not at the exact sequence went by: believed by silence only */
	uint32_t customer, provider;
	uint32_t layout;     /* of the table its ids and meters come from */
	uint64_t generation; /* of the table its verdict comes from */
	struct dialogue dialogue;
	uint32_t rtt_ms; /* to the receiver, from SYN to SYN-ACK, rounded up */
	uint32_t opened_ms, seen_ms;
	uint32_t client_fin_seq, server_fin_seq; /* one past the FIN */
	uint32_t index;
	uint64_t bytes_out, bytes_in;
	struct meter *meter[SCOPES];
	/* What waits: a SYN that is not admitted, or client segments in order. */
	struct rte_mbuf *held_first, *held_last;
	uint16_t held;
	uint64_t hold_until; /* ns: when a waiting SYN is refused, or swallowed data is cut */
	struct wheel_entry wait;
};

struct flow_table;

/* Room for `most` flows, from DPDK's memory; NULL when there is not enough. */
struct flow_table *flow_table_create(uint32_t most, const uint8_t secret[16]);
void flow_table_destroy(struct flow_table *table);

uint64_t flow_hash(const struct flow_table *table, const struct flow_key *key);

/* Sets the flow of each SMTP packet in the burst, NULL where there is none yet. */
void flow_find_burst(struct flow_table *table, struct burst *burst);

struct flow *flow_find(struct flow_table *table, const struct flow_key *key, uint64_t hash);

/* A fresh, zeroed record; NULL when the table is full. */
struct flow *flow_insert(struct flow_table *table, const struct flow_key *key, uint64_t hash);

/* Not while a burst is under way: its packets may point here. */
void flow_remove(struct flow_table *table, struct flow *flow);

uint32_t flow_count(const struct flow_table *table);
uint32_t flow_most(const struct flow_table *table);

/* The record at a place, NULL if it is free; for sweeps. */
struct flow *flow_at(struct flow_table *table, uint32_t index);

#endif
