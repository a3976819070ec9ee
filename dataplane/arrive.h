/* SPDX-License-Identifier: BSD-3-Clause */
/* The new connections of a burst: whose each is, where it goes, and where its meters are. All of that is cold, and each
 * look leads to the next; so it is looked up for all of them together, step by step, each step fetching ahead what the
 * next one reads. What becomes of them is connect.h's. */
#ifndef SLUICE_ARRIVE_H
#define SLUICE_ARRIVE_H

#include "flow.h"
#include "party.h"

struct burst;
struct worker;

/* What is known of a SYN before it is asked what may become of it; valid for its burst. */
struct arrival {
	struct flow_key key;
	struct party party;
	uint32_t hash[SCOPES]; /* of the party's keys (meters.h) */
};

/* Of each packet that opens a connection, as packet->arrival. */
void arrive(struct worker *worker, struct burst *burst);

#endif
