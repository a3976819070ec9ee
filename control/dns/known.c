/* SPDX-License-Identifier: BSD-3-Clause */
#include "dns/known.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MISSES_MOST 2

static bool same_domain(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcasecmp(a, b) == 0;
}

/* Of this round only: what an address served before says nothing. */
static void see_again(struct known *known, const struct known *seen)
{
	if (!known->led)
		known->domain = seen->domain;
	else if (seen->led && !same_domain(known->domain, seen->domain))
		known->domain = NULL;
	known->led = known->led || seen->led;
	known->seen = true;
}

bool knowns_see(struct knowns *knowns, const struct known *seen, size_t most)
{
	for (size_t i = 0; i < knowns->count; i++) {
		struct known *known = &knowns->known[i];
		if (known->provider != seen->provider ||
		    memcmp(&known->address, &seen->address, sizeof(known->address)) != 0)
			continue;
		see_again(known, seen);
		return true;
	}
	if (knowns->count >= most)
		return false;
	struct known *grown = realloc(knowns->known, (knowns->count + 1) * sizeof(*grown));
	if (grown == NULL)
		return false;
	knowns->known = grown;
	grown[knowns->count++] = *seen;
	return true;
}

void knowns_end_round(struct knowns *knowns, bool failed)
{
	size_t kept = 0;

	for (size_t i = 0; i < knowns->count; i++) {
		struct known known = knowns->known[i];
		known.missed = known.seen || failed ? 0 : known.missed + 1;
		known.seen = known.led = false;
		if (known.missed < MISSES_MOST)
			knowns->known[kept++] = known;
	}
	knowns->count = kept;
}

size_t knowns_of(const struct knowns *knowns, size_t provider, struct found *ret_found)
{
	size_t count = 0;

	for (size_t i = 0; i < knowns->count; i++)
		if (knowns->known[i].provider == provider)
			ret_found[count++] = (struct found){ knowns->known[i].address, knowns->known[i].domain };
	return count;
}

static int by_address(const void *left, const void *right)
{
	return memcmp(left, right, sizeof(struct address));
}

bool found_set(struct found *found, size_t count, struct address_set *ret_set)
{
	struct address_set set = { calloc(count + 1, sizeof(*set.address)), calloc(count + 1, sizeof(*set.domain)), 0 };
	bool whole = set.address != NULL && set.domain != NULL;

	qsort(found, count, sizeof(*found), by_address);
	for (size_t i = 0; whole && i < count; i++) {
		bool again = set.count > 0 && by_address(&set.address[set.count - 1], &found[i]) == 0;
		if (again && !same_domain(set.domain[set.count - 1], found[i].domain))
			set.domain[set.count - 1] = NULL;
		if (again)
			continue;
		set.address[set.count] = found[i].address;
		set.domain[set.count++] = found[i].domain;
	}
	*ret_set = set;
	return whole;
}

bool address_sets_equal(const struct address_set *a, const struct address_set *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (by_address(&a->address[i], &b->address[i]) != 0 || a->domain[i] != b->domain[i])
			return false;
	return true;
}

void address_set_finish(struct address_set *set)
{
	free(set->address);
	free(set->domain);
}
