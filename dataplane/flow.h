/* SPDX-License-Identifier: BSD-3-Clause */
/* Stage 2. One record of two cache lines for each outbound SMTP connection, found by its five-tuple from either
 * side, owned by one worker. The table is a keyed hash over lines of ten tags; a bounded number of lines is
 * looked at, so that a full or attacked table costs a counter and never a stall.
 *
 * A record keeps the 64 bits of the keyed hash and the ports in place of addresses and VLAN: with a million
 * connections two are taken for one with a probability of 10^-12, and nobody can aim at it without the secret.
 * Who needs the addresses finds them in the keys of the source's and the remote's meters. */
#ifndef SLUICE_FLOW_H
#define SLUICE_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dialogue.h"
#include "scope.h"
#include "wire.h"

struct burst;
struct packet;

/* The whole of it, where it is needed: at a connection's beginning. */
struct flow_key {
	struct address inside, outside; /* the MTA's and the receiver's */
	uint16_t inside_port, outside_port;
	uint16_t vlan; /* 0: untagged */
	uint16_t zero;
};

_Static_assert(sizeof(struct flow_key) == 40, "a flow key is hashed as bytes");

#define FLOW_NEAR 4

/* The first line is all that more of a TLS record needs, which is most of what passes: the dialogue lies across both,
 * and of the meters those come first whose byte rate is limited. */
struct flow {
	uint64_t id; /* keyed hash of the five-tuple and VLAN */
	uint16_t inside_port, outside_port;
	uint8_t state; /* enum flow_state */
	uint8_t used : 1;
	uint8_t counted : 1; /* holds a slot in each of its meters: given back exactly once */
	uint8_t quarantined : 1;
	uint8_t refuse : 1; /* enum refuse_mode of the quarantine */
	uint8_t client_fin : 1, server_fin : 1;
	uint8_t in_record : 1;	      /* messages.h: the inference is where the dialogue's scan is, inside a record */
	uint8_t client_fin_ahead : 1; /* a FIN came before what it ends */
	uint8_t byte_scopes;	      /* bit per scope with a byte rate */
	uint8_t server_fin_ahead : 1;
	uint8_t messages : 1;	/* enum messages_mode */
	uint8_t domain_way : 2; /* enum domain_way */
	uint8_t stream : 1;	/* enum stream */
	uint8_t addressed : 1;	/* its transaction has named a domain */
	uint8_t reserved : 1;	/* its next message's token was taken, and the turn has not come */
	uint32_t serial;	/* its verdict is as of this number (decided.h) or newer; 0: none yet */
	uint32_t layout;	/* of the table its meters come from */
	uint32_t wait;		/* what it holds (hold.h); 0: nothing */
	uint32_t seen_ms;
	uint32_t near[FLOW_NEAR]; /* meters: see flow_meter() */
	uint32_t fresh_out;	  /* the client's IP bytes let through since the meters were told */
	struct dialogue dialogue;
	uint32_t opened_ms;
	uint64_t told_out; /* the client's IP bytes before */
	uint32_t far[SCOPES - FLOW_NEAR];
	uint32_t bytes_in; /* IP bytes of the receiver's let through; stays at 4 GB */
	uint32_t client_fin_seq, server_fin_seq;
	uint32_t window; /* the wait of a window the gate closed (hold.h); 0: open */
	uint16_t rtt_ms; /* to the receiver, from SYN to SYN-ACK, rounded up */
	uint16_t vlan;
	uint16_t token_ms;	/* since when the token it took last is there, modulo 2^16 */
	uint8_t paid;		/* messages it took tokens for, modulo 2^8 */
	uint8_t message_scopes; /* bit per scope with a message rate */
} __attribute__((aligned(128)));

_Static_assert(sizeof(struct flow) == 128, "a flow is two cache lines");
_Static_assert(offsetof(struct flow, dialogue.tls.have) == 64, "the first has what a record's middle needs");
_Static_assert(SCOPES <= 8, "byte_scopes and message_scopes have a bit per scope");

/* Where the meter of a scope stands: behind those before it that have a byte rate, or behind all that have one. */
static inline unsigned flow_meter_place(const struct flow *flow, int scope)
{
	unsigned limited = flow->byte_scopes, before = (1u << scope) - 1;

	if (limited == 0)
		return (unsigned)scope;
	if (limited & 1u << scope)
		return (unsigned)__builtin_popcount(limited & before);
	return (unsigned)(__builtin_popcount(limited) + __builtin_popcount(~limited & before));
}

/* By its number among the gate's meters; a flow has all or none, but for an unknown domain: then 0. */
static inline uint32_t flow_meter_at(const struct flow *flow, unsigned place)
{
	return place < FLOW_NEAR ? flow->near[place] : flow->far[place - FLOW_NEAR];
}

static inline uint32_t flow_meter(const struct flow *flow, int scope)
{
	return flow_meter_at(flow, flow_meter_place(flow, scope));
}

/* All of them, by scope. */
struct flow_meters {
	uint32_t of[SCOPES];
};

static inline struct flow_meters flow_meters(const struct flow *flow)
{
	struct flow_meters meters;

	for (int scope = 0; scope < SCOPES; scope++)
		meters.of[scope] = flow_meter(flow, scope);
	return meters;
}

static inline void flow_set_meters(struct flow *flow, const struct flow_meters *meters, uint8_t byte_scopes)
{
	flow->byte_scopes = byte_scopes;
	for (int scope = 0; scope < SCOPES; scope++) {
		unsigned place = flow_meter_place(flow, scope);
		*(place < FLOW_NEAR ? &flow->near[place] : &flow->far[place - FLOW_NEAR]) = meters->of[scope];
	}
}

static inline void flow_count_out(struct flow *flow, uint32_t bytes)
{
	flow->fresh_out += bytes;
}

static inline uint64_t flow_bytes_out(const struct flow *flow)
{
	return flow->told_out + flow->fresh_out;
}

/* Nobody's replies come to 4 GB. */
static inline void flow_count_in(struct flow *flow, uint32_t bytes)
{
	flow->bytes_in = bytes < UINT32_MAX - flow->bytes_in ? flow->bytes_in + bytes : UINT32_MAX;
}

struct flow_table;

/* Room for `most` flows, from DPDK's memory; NULL when there is not enough. */
struct flow_table *flow_table_create(uint32_t most, const uint8_t secret[16]);
/* From now on it is full, with nothing in it. */
void flow_table_exhaust(struct flow_table *table);
void flow_table_destroy(struct flow_table *table);

uint64_t flow_hash(const struct flow_table *table, const struct flow_key *key);

/* Of each SMTP packet in the burst, into packet->hash, and the line it leads to fetched ahead. */
void flow_hash_burst(const struct flow_table *table, struct burst *burst);

/* Sets the flow of each SMTP packet in the burst, NULL where there is none yet. Its first line has come. */
void flow_find_burst(struct flow_table *table, struct burst *burst);

/* Fetches ahead the second. */
void flow_fetch_rest(const struct flow *flow);

struct flow *flow_find(struct flow_table *table, const struct packet *packet);

/* A fresh, zeroed record; NULL when the table is full. */
struct flow *flow_insert(struct flow_table *table, const struct packet *packet);

/* Fetches ahead the record an insertion will take, after `before` others; *ret_index is its place, if there is one. */
bool flow_fetch_free(const struct flow_table *table, uint32_t before, uint32_t *ret_index);

/* Fetches ahead where the table keeps its place, for flow_remove(). */
void flow_fetch_place(const struct flow_table *table, const struct flow *flow);

/* Not while a burst is under way: its packets may point here. */
void flow_remove(struct flow_table *table, struct flow *flow);

uint32_t flow_count(const struct flow_table *table);
uint32_t flow_most(const struct flow_table *table);

/* The record at a place, NULL if it is free; for sweeps. */
struct flow *flow_at(struct flow_table *table, uint32_t index);
struct flow *flow_place(struct flow_table *table, uint32_t index); /* used or not */
uint32_t flow_index(const struct flow_table *table, const struct flow *flow);

#endif
