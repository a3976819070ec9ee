/* SPDX-License-Identifier: BSD-3-Clause */
/* The ledger of a scenario: every frame that went in, every frame that came out, and which is which. A frame
 * leaves as it came, byte for byte, and at most once; anything else the gate made. */
#ifndef SLUICE_SCENARIO_TRAFFIC_H
#define SLUICE_SCENARIO_TRAFFIC_H

#include "bench.h"
#include "packet.h"

struct talk;

struct sent {
	enum side side;		 /* where it went in */
	const struct talk *talk; /* NULL: not of a flow */
	struct tcp tcp;
	bool stale; /* broken on its way: no copy of anything */
	bool left;
	uint32_t size;
	uint8_t frame[FRAME_MOST]; /* as it is to come out */
};

struct came {
	enum side side; /* where it came out */
	uint64_t at;	/* ns since the start */
	bool seen;	/* a line has spoken of it */
	uint32_t size;
	uint8_t frame[FRAME_MOST];
};

struct traffic {
	unsigned sents, cames, first; /* all before `first` are seen */
	struct sent **sent;
	struct came **came;
};

void traffic_clear(struct traffic *traffic);
struct sent *traffic_add(struct traffic *traffic, const struct sent *sent);

/* Takes over what the ports sent since the last time. */
void traffic_collect(struct traffic *traffic, struct bench *bench);

/* The oldest frame not yet seen, of one side or (SIDES) of both; NULL when there is none. */
struct came *traffic_next(struct traffic *traffic, enum side side);

/* The frame that went in, that this is; NULL: the gate made it. */
struct sent *traffic_origin(const struct traffic *traffic, const struct came *came);

/* A copy of the same bytes that went in later, NULL when this one is the newest. */
const struct sent *traffic_newer(const struct traffic *traffic, const struct sent *sent);

#endif
