/* SPDX-License-Identifier: BSD-3-Clause */
/* Addresses that DNS gave, over rounds of asking: whose each is, and by which domain it was found. Pure; times are ms
 * of a clock that never jumps. */
#ifndef SLUICE_KNOWN_H
#define SLUICE_KNOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gate/policy.h"

/* Before every time: of what was known at the start. */
#define KNOWN_EVER (INT64_MIN / 2)

struct known {
	struct address address;
	size_t provider;
	int64_t since_ms;   /* seen first */
	int64_t missed_ms;  /* when answers began to lack it; KNOWN_EVER: they do not */
	bool seen;	    /* in this round */
	bool last;	    /* in the round before */
	bool fresh;	    /* in this round for the first time, anywhere */
	bool led;	    /* and this round says by which domain: */
	const char *domain; /* the one that leads there; NULL: several, or a host by its name */
};

struct knowns {
	struct known *known;
	size_t count;
};

bool knowns_has(const struct knowns *knowns, size_t provider, const struct address *address);

/* Seen in this round, again or for the first time; false when there is no room for one more than `most`. */
bool knowns_see(struct knowns *knowns, const struct known *seen, size_t most);

/* The round is over: what answers have lacked for `keep_ms` is forgotten, unless it `failed`: then they lack
 * nothing. */
void knowns_end_round(struct knowns *knowns, bool failed, int64_t now_ms, int64_t keep_ms);

/* What a round says of a provider beside what was known. */
struct turn {
	unsigned known;	 /* addresses from before this round */
	unsigned before; /* in the round before */
	unsigned now, fresh;
};

/* Of each provider into ret_turns[providers], before knowns_end_round(). */
void knowns_turns(const struct knowns *knowns, struct turn *ret_turns, size_t providers);

/* A big provider's answer of which half was never seen before, or that has not half of what the one before had. */
bool turn_is_odd(const struct turn *turn, bool failed);

/* An address, whose it is said to be, since when, and by which domain it was found. */
struct found {
	struct address address;
	size_t provider;
	int64_t since_ms;
	bool late; /* somebody else had it before, and has it still */
	const char *domain;
};

/* All of them, into `ret_found`; returns how many. */
size_t knowns_all(const struct knowns *knowns, struct found *ret_found);

/* Marks who is late at an address, for less than `keep_ms`. Sorts by provider, its late ones last. */
void found_settle(struct found *found, size_t count, int64_t now_ms, int64_t keep_ms);

/* A set of what was found, each address once; `found` is sorted. False when memory is out. */
bool found_set(struct found *found, size_t count, struct address_set *ret_set);

bool address_sets_equal(const struct address_set *a, const struct address_set *b);
void address_set_finish(struct address_set *set);

#endif
