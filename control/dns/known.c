/* SPDX-License-Identifier: BSD-3-Clause */
#include "dns/known.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define BIG 4 /* addresses in an answer: fewer say too little */
/* Providers that came within so long came together: which answered first is chance. */
#define TOGETHER_MS 600000

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

static struct known *find(const struct knowns *knowns, size_t provider, const struct address *address)
{
	for (size_t i = 0; i < knowns->count; i++) {
		struct known *known = &knowns->known[i];
		if (known->provider == provider && memcmp(&known->address, address, sizeof(*address)) == 0)
			return known;
	}
	return NULL;
}

bool knowns_has(const struct knowns *knowns, size_t provider, const struct address *address)
{
	return find(knowns, provider, address) != NULL;
}

bool knowns_see(struct knowns *knowns, const struct known *seen, size_t most)
{
	struct known *known = find(knowns, seen->provider, &seen->address);

	if (known != NULL) {
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

void knowns_turns(const struct knowns *knowns, struct turn *ret_turns, size_t providers)
{
	memset(ret_turns, 0, providers * sizeof(*ret_turns));
	for (size_t i = 0; i < knowns->count; i++) {
		const struct known *known = &knowns->known[i];
		struct turn *turn = &ret_turns[known->provider];
		turn->known += !known->fresh;
		turn->before += known->last;
		turn->now += known->seen;
		turn->fresh += known->fresh;
	}
}

bool turn_is_odd(const struct turn *turn, bool failed)
{
	if (turn->known == 0 || (turn->now < BIG && turn->before < BIG))
		return false;
	return (turn->fresh > 0 && turn->fresh * 2 >= turn->now) || (!failed && turn->now * 2 < turn->before);
}

void knowns_end_round(struct knowns *knowns, bool failed, int64_t now_ms, int64_t keep_ms)
{
	size_t kept = 0;

	for (size_t i = 0; i < knowns->count; i++) {
		struct known known = knowns->known[i];
		if (known.seen)
			known.missed_ms = KNOWN_EVER;
		else if (!failed && known.missed_ms == KNOWN_EVER)
			known.missed_ms = now_ms;
		known.last = known.seen || (failed && known.last);
		known.seen = known.led = known.fresh = false;
		if (failed || known.missed_ms == KNOWN_EVER || now_ms - known.missed_ms < keep_ms)
			knowns->known[kept++] = known;
	}
	knowns->count = kept;
}

size_t knowns_all(const struct knowns *knowns, struct found *ret_found)
{
	for (size_t i = 0; i < knowns->count; i++) {
		const struct known *known = &knowns->known[i];
		ret_found[i] = (struct found){ .address = known->address,
					       .provider = known->provider,
					       .since_ms = known->since_ms,
					       .domain = known->domain };
	}
	return knowns->count;
}

static int by_address(const void *left, const void *right)
{
	return memcmp(left, right, sizeof(struct address));
}

/* Of one address by provider, the first time each saw it before its others. */
static int by_claim(const void *left, const void *right)
{
	const struct found *a = left, *b = right;
	int order = by_address(a, b);

	if (order == 0)
		order = (a->provider > b->provider) - (a->provider < b->provider);
	return order != 0 ? order : (a->since_ms > b->since_ms) - (a->since_ms < b->since_ms);
}

static int by_provider(const void *left, const void *right)
{
	const struct found *a = left, *b = right;
	int order = (a->provider > b->provider) - (a->provider < b->provider);

	if (order == 0)
		order = (int)a->late - (int)b->late;
	return order != 0 ? order : by_address(a, b);
}

/* All that was found of one address, sorted by_claim(). */
static void settle_address(struct found *found, size_t count, int64_t now_ms, int64_t keep_ms)
{
	int64_t first_ms = found[0].since_ms, since_ms = 0;

	for (size_t i = 1; i < count; i++)
		first_ms = found[i].since_ms < first_ms ? found[i].since_ms : first_ms;
	for (size_t i = 0; i < count; i++) {
		if (i == 0 || found[i].provider != found[i - 1].provider)
			since_ms = found[i].since_ms;
		found[i].late = since_ms - first_ms >= TOGETHER_MS && now_ms - since_ms < keep_ms;
	}
}

void found_settle(struct found *found, size_t count, int64_t now_ms, int64_t keep_ms)
{
	size_t first = 0;

	qsort(found, count, sizeof(*found), by_claim);
	for (size_t i = 1; i <= count; i++) {
		if (i < count && by_address(&found[first], &found[i]) == 0)
			continue;
		settle_address(found + first, i - first, now_ms, keep_ms);
		first = i;
	}
	qsort(found, count, sizeof(*found), by_provider);
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
