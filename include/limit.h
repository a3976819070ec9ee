/* SPDX-License-Identifier: BSD-3-Clause */
/* What a limit counts, and how much of it may pass. Shared by gate and daemon. */
#ifndef SLUICE_LIMIT_H
#define SLUICE_LIMIT_H

#include <stdint.h>

enum limit_kind {
	LIMIT_CONNECTIONS,     /* at once */
	LIMIT_CONNECTION_RATE, /* new ones over time */
	LIMIT_BYTE_RATE,       /* IP bytes from the MTA to the internet over time */
	LIMIT_MESSAGE_RATE,    /* messages over time, over any number of connections */
	LIMIT_KINDS
};

/* `amount` units each `per_ns` nanoseconds, at most `burst` of them at one moment (at least 1;
 * bytes: at least one full packet). For LIMIT_CONNECTIONS only `amount` counts. */
struct limit {
	uint64_t amount;
	uint64_t per_ns;
	uint64_t burst;
};

/* Bit k of `has` says that kind k is limited; a kind that is not is unlimited. `weight` is the share of the scope's
 * owner (a customer) among those who wait for the same thing; 0 says nothing, which comes to 1. `tier` says whose
 * limits hold where a customer has none of its own: those for each customer of that tier; 0: those for each. */
#define WEIGHT_MOST 1000u
#define TIERS_MOST 64u /* tiers are 1 to 64 */

/* Two streams of mail, by an identity rule: in the queue of a limit transactional mail goes before bulk, but for a
 * share that bulk is sure of. */
#define STREAMS_OF_MAIL(X)                                                                                             \
	X(BULK, "bulk")                                                                                                \
	X(TRANSACTIONAL, "transactional")

enum stream {
#define X(name, text) STREAM_##name,
	STREAMS_OF_MAIL(X)
#undef X
		STREAMS
};

extern const char *const stream_name[STREAMS];

/* Of limits in force: bit LIMIT_BRAKED(k) says that it is the spike brake that limits kind k. On the wire it is 0. */
#define LIMIT_BRAKED(kind) (1u << (8 + (kind)))

struct limits {
	uint32_t has;
	uint16_t weight;
	uint16_t tier;
	struct limit kind[LIMIT_KINDS];
};

/* The words of CLI and config: "connections", "connection-rate", "byte-rate", "message-rate". */
extern const char *const limit_kind_name[LIMIT_KINDS];

#endif
