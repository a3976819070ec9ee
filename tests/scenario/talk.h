/* SPDX-License-Identifier: BSD-3-Clause */
/* A connection's two ends as a scenario names them. Sequence numbers in the language are relative: 0 is the
 * SYN, 1 the first byte. Each end knows what it said and what reached it, so that a line need not. */
#ifndef SLUICE_SCENARIO_TALK_H
#define SLUICE_SCENARIO_TALK_H

#include "packet.h"
#include "wanted.h"

#define TALK_NAME_MOST 16
#define TALK_SAID 8

struct end {
	uint32_t isn;
	uint32_t next; /* relative: of what it says next */
	uint32_t got;  /* relative to the other's: what it has received */
	unsigned said; /* how much it said that takes sequence space; the last ones are kept */
	struct tcp last[TALK_SAID];
};

struct talk {
	char name[TALK_NAME_MOST];
	struct path path; /* from the inside */
	struct end end[SIDES];
};

/* "192.0.2.11:40000 > [2001:db8::1]:25 vlan=5"; NULL, or what is wrong. */
const char *talk_open(struct talk *talk, const char *name, struct words words);

struct path talk_path(const struct talk *talk, enum side from);

/* A segment `from` says, by what the line says of it; it counts as said from here on. */
const char *talk_say(struct talk *talk, enum side from, const struct wanted *wanted, struct tcp *ret_tcp);

/* A segment of `from` reached the other end. */
void talk_arrived(struct talk *talk, enum side from, const struct tcp *tcp);

/* The gate made this one: what it says in `from`'s name is taken as the end's own. */
void talk_made(struct talk *talk, enum side from, const struct tcp *tcp);

/* NULL, or which thing wanted is not so in the segment. */
const char *talk_differs(const struct talk *talk, enum side from, const struct wanted *wanted, const struct tcp *tcp);

/* "A> FIN-ACK seq=27 ack=14 len=6 "QUIT\r\n"". Returns `out`. */
char *talk_show(const struct talk *talk, enum side from, const struct tcp *tcp, char *out, unsigned size);

#endif
