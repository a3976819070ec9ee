/* SPDX-License-Identifier: BSD-3-Clause */
/* Addresses that DNS gave, over rounds of asking: whose each is, and by which domain it was found. Pure. */
#ifndef SLUICE_KNOWN_H
#define SLUICE_KNOWN_H

#include <stdbool.h>
#include <stddef.h>

#include "gate/policy.h"

struct known {
	struct address address;
	size_t provider;
	unsigned missed;    /* rounds in a row without it */
	bool seen;	    /* in this round */
	bool led;	    /* and this round says by which domain: */
	const char *domain; /* the one that leads there; NULL: several, or a host by its name */
};

struct knowns {
	struct known *known;
	size_t count;
};

/* Seen in this round, again or for the first time; false when there is no room for one more than `most`. */
bool knowns_see(struct knowns *knowns, const struct known *seen, size_t most);

/* The round is over: what was missed too often is forgotten, unless it `failed`. */
void knowns_end_round(struct knowns *knowns, bool failed);

/* An address, and by which domain it was found. */
struct found {
	struct address address;
	const char *domain;
};

/* Those of a provider, into `ret_found`; returns how many. */
size_t knowns_of(const struct knowns *knowns, size_t provider, struct found *ret_found);

/* A set of what was found, each address once; `found` is sorted. False when memory is out. */
bool found_set(struct found *found, size_t count, struct address_set *ret_set);

bool address_sets_equal(const struct address_set *a, const struct address_set *b);
void address_set_finish(struct address_set *set);

#endif
