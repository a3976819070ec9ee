/* SPDX-License-Identifier: BSD-3-Clause */
#include "prefixes.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "wire.h"

#define ROOM_FIRST 16u
#define FETCHED_MOST 2 /* lengths whose prefixes are fetched ahead: most searches end with the second at the latest */

struct prefix {
	struct address address;
	uint8_t plen;
};

struct prefixes *prefixes_create(const uint8_t secret[16])
{
	struct prefixes *prefixes = calloc(1, sizeof(*prefixes));

	if (prefixes == NULL)
		return NULL;
	prefixes->references = 1;
	multilinear_init(&prefixes->hash, secret);
	return prefixes;
}

struct prefixes *prefixes_create_like(const struct prefixes *prefixes)
{
	struct prefixes *like = calloc(1, sizeof(*like));

	if (like == NULL)
		return NULL;
	like->references = 1;
	like->hash = prefixes->hash;
	return like;
}

struct prefixes *prefixes_copy(const struct prefixes *prefixes)
{
	struct prefixes *copy = prefixes_create_like(prefixes);

	if (copy == NULL)
		return NULL;
	for (uint32_t i = 0; i < prefixes->count; i++) {
		if (prefixes_add(copy, &prefixes->rule[i]) == 0)
			continue;
		prefixes_destroy(copy);
		return NULL;
	}
	return copy;
}

void prefixes_destroy(struct prefixes *prefixes)
{
	if (prefixes == NULL)
		return;
	free(prefixes->rule);
	free(prefixes->slot);
	free(prefixes);
}

int prefixes_add(struct prefixes *prefixes, const struct prefix_rule *rule)
{
	if (prefixes->count == prefixes->room) {
		uint32_t room = prefixes->room != 0 ? prefixes->room * 2 : ROOM_FIRST;
		struct prefix_rule *grown = realloc(prefixes->rule, (size_t)room * sizeof(*grown));
		if (grown == NULL)
			return -ENOMEM;
		prefixes->rule = grown;
		prefixes->room = room;
	}
	prefixes->rule[prefixes->count++] = *rule;
	return 0;
}

static int by_number(uint32_t a, uint32_t b)
{
	return a < b ? -1 : a > b;
}

/* Longest first; within a prefix in the order they are tried. */
static int by_rank(const void *left, const void *right)
{
	const struct prefix_rule *a = left, *b = right;
	int order = by_number(b->plen, a->plen);

	if (order == 0)
		order = memcmp(&a->address, &b->address, sizeof(a->address));
	if (order == 0)
		order = by_number(a->vlan == WIRE_VLAN_ANY, b->vlan == WIRE_VLAN_ANY);
	if (order == 0)
		order = by_number(a->vlan, b->vlan);
	if (order == 0)
		order = by_number((uint32_t)(a->port_high - a->port_low), (uint32_t)(b->port_high - b->port_low));
	if (order == 0)
		order = by_number(a->port_low, b->port_low);
	return order;
}

/* Keeps the last of equal rules. The sort must be stable for that: glibc's qsort() is when memory is at
 * hand, which nobody promises; so ties carry their place for the time of the sort. */
static int sort(struct prefixes *prefixes)
{
	struct ranked {
		struct prefix_rule rule;
		uint32_t place;
	} *ranked = malloc((prefixes->count + 1ul) * sizeof(*ranked));

	if (ranked == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < prefixes->count; i++)
		ranked[i] = (struct ranked){ prefixes->rule[i], i };
	qsort(ranked, prefixes->count, sizeof(*ranked), by_rank);
	uint32_t kept = 0;
	for (uint32_t i = 0; i < prefixes->count;) {
		uint32_t last = i;
		for (uint32_t same = i + 1; same < prefixes->count && by_rank(&ranked[i], &ranked[same]) == 0; same++)
			last = ranked[same].place > ranked[last].place ? same : last;
		prefixes->rule[kept++] = ranked[last].rule;
		while (i < prefixes->count && by_rank(&ranked[i], &ranked[last]) == 0)
			i++;
	}
	prefixes->count = kept;
	free(ranked);
	return 0;
}

static bool same_prefix(const struct prefix_rule *rule, const struct prefix *prefix)
{
	return rule->plen == prefix->plen && memcmp(&rule->address, &prefix->address, sizeof(prefix->address)) == 0;
}

/* The length goes into a byte that is 0 in all of IPv4. */
static uint32_t home_of(const struct prefixes *prefixes, const struct prefix *prefix)
{
	uint64_t word[2];

	memcpy(word, &prefix->address, sizeof(word));
	word[0] ^= (uint64_t)prefix->plen << 56;
	return (uint32_t)multilinear_two(&prefixes->hash, word[0], word[1]) & prefixes->mask;
}

static uint32_t slot_of(const struct prefixes *prefixes, const struct prefix *prefix)
{
	uint32_t at = home_of(prefixes, prefix);

	while (prefixes->slot[at] != 0 && !same_prefix(&prefixes->rule[prefixes->slot[at] - 1], prefix))
		at = (at + 1) & prefixes->mask;
	return at;
}

int prefixes_build(struct prefixes *prefixes)
{
	uint32_t slots = 16;

	while (slots < prefixes->count * 2)
		slots *= 2;
	uint32_t *slot = calloc(slots, sizeof(*slot));
	if (slot == NULL || sort(prefixes) < 0) {
		free(slot);
		return -ENOMEM;
	}
	free(prefixes->slot);
	prefixes->slot = slot;
	prefixes->mask = slots - 1;
	prefixes->lengths = 0;
	for (uint32_t i = 0; i < prefixes->count; i++) {
		const struct prefix_rule *rule = &prefixes->rule[i];
		const struct prefix prefix = { rule->address, rule->plen };
		uint32_t at = slot_of(prefixes, &prefix);
		if (slot[at] == 0)
			slot[at] = i + 1;
		if (prefixes->lengths == 0 || prefixes->length[prefixes->lengths - 1] != rule->plen)
			prefixes->length[prefixes->lengths++] = rule->plen;
	}
	return 0;
}

static struct prefix mask_address(const struct address *address, uint8_t plen)
{
	struct prefix prefix = { .plen = plen };

	memcpy(prefix.address.byte, address->byte, plen / 8);
	if (plen % 8 != 0)
		prefix.address.byte[plen / 8] = (uint8_t)(address->byte[plen / 8] & (0xff00u >> plen % 8));
	return prefix;
}

void prefixes_fetch(const struct prefixes *prefixes, const struct address *address, bool rules)
{
	for (uint32_t i = 0; i < prefixes->lengths && i < FETCHED_MOST; i++) {
		const struct prefix prefix = mask_address(address, prefixes->length[i]);
		const uint32_t *slot = &prefixes->slot[home_of(prefixes, &prefix)];
		if (!rules)
			fetch(slot);
		else if (*slot != 0)
			fetch(&prefixes->rule[*slot - 1]);
	}
}

const struct prefix_rule *prefixes_match(const struct prefixes *prefixes, const struct address *address, uint16_t port,
					 uint16_t vlan)
{
	for (uint32_t i = 0; i < prefixes->lengths; i++) {
		const struct prefix prefix = mask_address(address, prefixes->length[i]);
		uint32_t first = prefixes->slot[slot_of(prefixes, &prefix)];
		for (uint32_t at = first - 1; first != 0 && at < prefixes->count; at++) {
			const struct prefix_rule *rule = &prefixes->rule[at];
			if (!same_prefix(rule, &prefix))
				break;
			if ((rule->vlan == WIRE_VLAN_ANY || rule->vlan == vlan) && port >= rule->port_low &&
			    port <= rule->port_high)
				return rule;
		}
	}
	return NULL;
}
