/* SPDX-License-Identifier: BSD-3-Clause */
/* What a flow uses of each of its scopes: its meters, a connection slot in each, tokens. */
#ifndef SLUICE_USAGE_H
#define SLUICE_USAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "limit.h"
#include "table.h"

struct burst;
struct flow;
struct worker;

/* The meters of a party, one reference taken of each, with the limits now in force; false, and nothing taken,
 * when meters ran out. */
struct seats {
	uint32_t meter[SCOPES];
};

bool usage_acquire(struct worker *worker, const struct scopes *scopes, struct seats *ret_seats, uint64_t now);

/* The same where the keys' hashes (meters.h) are known already. */
bool usage_acquire_at(struct worker *worker, const struct scopes *scopes, const uint32_t hash[SCOPES],
		      struct seats *ret_seats, uint64_t now);
void usage_release(struct worker *worker, const struct seats *seats, uint64_t now);

/* The flow takes the meters over, in place of those it had; a slot it holds moves along. Whoever opened a flow
 * has seated it: the rest here relies on that. */
void usage_sit(struct worker *worker, struct flow *flow, const struct seats *seats, uint64_t now);

/* The flow comes to another meter in this one scope: the slot moves along, what waits has its tokens there now. False,
 * and nothing moved, when meters ran out. */
bool usage_move(struct worker *worker, struct flow *flow, const struct scope_key *key, uint64_t now);

/* Gives slots and meters back. */
void usage_leave(struct worker *worker, struct flow *flow, uint64_t now);

/* Brings the meters' limits up to the published table. */
void usage_refresh(struct worker *worker, struct flow *flow, uint64_t now);

/* Exactly once for each connection: harmless when it holds none. */
void usage_give_slots(struct worker *worker, struct flow *flow, uint64_t now);

/* When bytes may leave, and the scope whose limit says so. */
struct departure {
	uint64_t due;
	uint8_t scope;
};

/* Takes bytes in every scope that limits them. / Gives them back: they did not leave, though they might have `late` ns
 * ago. */
struct departure usage_take_bytes(struct worker *worker, const struct flow *flow, uint32_t bytes, uint64_t now);
void usage_return_bytes(struct worker *worker, const struct flow *flow, uint32_t bytes, uint64_t late);

/* Fetches ahead the buckets a flow's bytes are taken from. */
void usage_fetch_bytes(const struct worker *worker, const struct flow *flow);

/* Fetches ahead what the burst's segments will touch beside their flows. */
void usage_prefetch(struct worker *worker, const struct burst *burst);

/* Fetches ahead what a flow's meters are told at. */
void usage_fetch_to_tell(const struct worker *worker, const struct flow *flow);

/* The meters are told of the bytes and messages that left since they last were; not
 * with each packet, but each few seconds and at the end. */
void usage_tell(struct worker *worker, struct flow *flow);

/* At the client's goodbye, and (usage_rest) where it says nothing for a while: a message's token it does not use goes
 * to others. */
void usage_goodbye(struct worker *worker, struct flow *flow, uint64_t now);
void usage_rest(struct worker *worker, struct flow *flow, uint64_t now);

#endif
