/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdbool.h>
#include <string.h>

#include "dice.h"
#include "prefixes.h"
#include "tables.h"
#include "unit.h"
#include "wire.h"

#define ANY WIRE_VLAN_ANY
#define RULES_MOST 300

static const uint8_t secret[16] = "prefixes' secret";

static const struct prefix_rule rules[] = {
	{ V4(10, 0, 0, 0), 0, 65535, ANY, 104, 0, 1 },	   { V4(10, 1, 0, 0), 0, 65535, ANY, 112, 0, 2 },
	{ V4(10, 1, 2, 3), 1000, 1999, ANY, 128, 0, 3 },   { V4(10, 1, 2, 3), 1500, 1599, ANY, 128, 0, 4 },
	{ V4(10, 1, 2, 3), 1550, 1550, ANY, 128, 0, 5 },   { V4(10, 1, 2, 3), 0, 65535, 7, 128, 0, 6 },
	{ V4(10, 1, 2, 3), 1550, 1550, 7, 128, 0, 7 },	   { V4(10, 1, 2, 4), 0, 65535, 9, 128, 0, 8 },
	{ V4(10, 1, 2, 4), 0, 65535, 0, 128, 0, 9 },	   { V6(0, 0), 0, 65535, ANY, 32, 0, 10 },
	{ V6(0x80, 0), 0, 65535, ANY, 57, 0, 11 },	   { V6(0x81, 1), 0, 65535, ANY, 128, 0, 12 },
	{ V4(192, 0, 2, 128), 0, 65535, ANY, 121, 0, 13 },
};

static const struct {
	const char *why;
	struct address address;
	uint16_t port, vlan;
	uint32_t id;
} rows[] = {
	{ "no rule", V4(11, 0, 0, 1), 1, 0, ID_UNKNOWN },
	{ "the network", V4(10, 0, 0, 0), 1, 0, 1 },
	{ "its last address", V4(10, 255, 255, 255), 1, 0, 1 },
	{ "just outside", V4(9, 255, 255, 255), 1, 0, ID_UNKNOWN },
	{ "the longer one", V4(10, 1, 9, 9), 1, 0, 2 },
	{ "no port matches: the next shorter prefix", V4(10, 1, 2, 3), 999, 0, 2 },
	{ "first port", V4(10, 1, 2, 3), 1000, 0, 3 },
	{ "last port", V4(10, 1, 2, 3), 1999, 0, 3 },
	{ "beyond the last port", V4(10, 1, 2, 3), 2000, 0, 2 },
	{ "the narrower range", V4(10, 1, 2, 3), 1500, 0, 4 },
	{ "the narrowest", V4(10, 1, 2, 3), 1550, 0, 5 },
	{ "the VLAN before the range", V4(10, 1, 2, 3), 1500, 7, 6 },
	{ "VLAN and narrowest", V4(10, 1, 2, 3), 1550, 7, 7 },
	{ "another VLAN", V4(10, 1, 2, 3), 1550, 8, 5 },
	{ "tagged", V4(10, 1, 2, 4), 5, 9, 8 },
	{ "untagged", V4(10, 1, 2, 4), 5, 0, 9 },
	{ "no VLAN matches: the next shorter prefix", V4(10, 1, 2, 4), 5, 8, 2 },
	{ "IPv6", V6(0, 1), 1, 0, 10 },
	{ "half a byte's prefix", V6(0xff, 1), 1, 0, 11 },
	{ "just below it", V6(0x7f, 1), 1, 0, 10 },
	{ "one IPv6 address", V6(0x81, 1), 1, 0, 12 },
	{ "its neighbour", V6(0x81, 2), 1, 0, 11 },
	{ "half of a network", V4(192, 0, 2, 200), 1, 0, 13 },
	{ "its other half", V4(192, 0, 2, 127), 1, 0, ID_UNKNOWN },
	{ "no address", { { 0 } }, 0, 0, ID_UNKNOWN },
};

static void check_rows(const struct prefixes *prefixes)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint32_t id = prefixes_find(prefixes, &rows[i].address, rows[i].port, rows[i].vlan);
		ck_assert_msg(id == rows[i].id, "%s: %u, expected %u", rows[i].why, id, rows[i].id);
	}
}

/* In whatever order they are added. */
START_TEST(the_longest_that_matches)
{
	const size_t count = sizeof(rules) / sizeof(rules[0]);

	for (size_t first = 0; first < count; first++) {
		struct prefixes *prefixes = prefixes_create(secret);
		for (size_t i = 0; i < count; i++)
			ck_assert_int_eq(prefixes_add(prefixes, &rules[(first + i * 5) % count]), 0);
		ck_assert_int_eq(prefixes_build(prefixes), 0);
		ck_assert_uint_eq(prefixes->count, count);
		check_rows(prefixes);
		struct prefixes *copy = prefixes_copy(prefixes);
		prefixes_destroy(prefixes);
		ck_assert_int_eq(prefixes_build(copy), 0);
		check_rows(copy);
		prefixes_destroy(copy);
	}
}
END_TEST

START_TEST(an_empty_one)
{
	struct prefixes *prefixes = prefixes_create(secret);

	ck_assert_uint_eq(prefixes_find(prefixes, &rows[0].address, 1, 0), ID_UNKNOWN);
	ck_assert_int_eq(prefixes_build(prefixes), 0);
	ck_assert_uint_eq(prefixes_find(prefixes, &rows[0].address, 1, 0), ID_UNKNOWN);
	prefixes_destroy(prefixes);
	prefixes_destroy(NULL);
}
END_TEST

/* A rule for everybody is a prefix of no bits. */
START_TEST(no_bits_at_all)
{
	const struct prefix_rule all = { .port_high = 65535, .vlan = ANY, .plen = 0, .id = 99 };
	struct prefixes *prefixes = prefixes_create(secret);

	prefixes_add(prefixes, &all);
	prefixes_add(prefixes, &rules[0]);
	ck_assert_int_eq(prefixes_build(prefixes), 0);
	ck_assert_uint_eq(prefixes_find(prefixes, &(struct address)V4(10, 0, 0, 1), 1, 0), 1);
	ck_assert_uint_eq(prefixes_find(prefixes, &(struct address)V4(11, 0, 0, 1), 1, 5), 99);
	ck_assert_uint_eq(prefixes_find(prefixes, &(struct address)V6(1, 1), 65535, 0), 99);
	prefixes_destroy(prefixes);
}
END_TEST

START_TEST(the_later_of_equals_counts)
{
	struct prefixes *prefixes = prefixes_create(secret);

	for (uint32_t id = 1; id <= 40; id++) {
		struct prefix_rule rule = rules[0];
		rule.id = id;
		rule.port_low = id % 4;
		prefixes_add(prefixes, &rule);
	}
	ck_assert_int_eq(prefixes_build(prefixes), 0);
	ck_assert_uint_eq(prefixes->count, 4);
	for (uint16_t port = 0; port < 4; port++)
		ck_assert_uint_eq(prefixes_find(prefixes, &(struct address)V4(10, 0, 0, 1), port, 0),
				  port == 0 ? 40 : 36 + port);
	struct prefix_rule rule = rules[0];
	rule.id = 41;
	prefixes_add(prefixes, &rule); /* as a later batch does */
	ck_assert_int_eq(prefixes_build(prefixes), 0);
	ck_assert_uint_eq(prefixes->count, 4);
	ck_assert_uint_eq(prefixes_find(prefixes, &(struct address)V4(10, 0, 0, 1), 0, 0), 41);
	prefixes_destroy(prefixes);
}
END_TEST

static bool inside(const struct prefix_rule *rule, const struct address *address)
{
	for (unsigned bit = 0; bit < rule->plen; bit++)
		if ((rule->address.byte[bit / 8] ^ address->byte[bit / 8]) & 0x80u >> bit % 8)
			return false;
	return true;
}

/* Is `a` to be preferred to `b`? Both match. */
static bool better(const struct prefix_rule *a, const struct prefix_rule *b)
{
	if (a->plen != b->plen)
		return a->plen > b->plen;
	if ((a->vlan == ANY) != (b->vlan == ANY))
		return b->vlan == ANY;
	return a->port_high - a->port_low < b->port_high - b->port_low;
}

/* The plain scan. False when two rules are equally good: which one wins nobody promised. */
static bool scan(const struct prefix_rule *rule, size_t count, const struct prefix_rule *query, uint32_t *ret_id)
{
	const struct prefix_rule *best = NULL;
	bool tie = false;

	for (const struct prefix_rule *at = rule; at < rule + count; at++) {
		if (!inside(at, &query->address) || query->port_low < at->port_low || query->port_low > at->port_high)
			continue;
		if (at->vlan != ANY && at->vlan != query->vlan)
			continue;
		bool same = best != NULL && !better(at, best) && !better(best, at);
		if (same && at->port_low != best->port_low)
			tie = true;
		else if (best == NULL || same || better(at, best)) {
			tie = tie && same;
			best = at;
		}
	}
	*ret_id = best != NULL ? best->id : ID_UNKNOWN;
	return !tie;
}

/* Few different bits, so that prefixes nest and meet. */
static struct prefix_rule roll_rule(struct dice *dice, uint32_t id)
{
	struct prefix_rule rule = { .id = id, .plen = (uint8_t)dice_roll(dice, 129) };

	for (unsigned byte = 0; byte < 16; byte++)
		rule.address.byte[byte] = dice_roll(dice, 8) == 0 ? (uint8_t)dice_roll(dice, 256) : 0;
	for (unsigned bit = rule.plen; bit < 128; bit++)
		rule.address.byte[bit / 8] &= (uint8_t) ~(0x80u >> bit % 8);
	rule.port_low = (uint16_t)dice_roll(dice, 20);
	rule.port_high = (uint16_t)(rule.port_low + dice_roll(dice, 20));
	rule.vlan = dice_roll(dice, 2) ? ANY : (uint16_t)dice_roll(dice, 3);
	return rule;
}

START_TEST(as_a_plain_scan)
{
	struct dice dice = { 6 };
	unsigned found = 0, ties = 0;

	for (int round = 0; round < 40; round++) {
		struct prefixes *prefixes = prefixes_create(secret);
		struct prefix_rule rule[RULES_MOST];
		size_t count = 1 + dice_roll(&dice, RULES_MOST);
		for (size_t i = 0; i < count; i++) {
			rule[i] = i > 0 && dice_roll(&dice, 3) == 0 ? rule[dice_roll(&dice, i)] : roll_rule(&dice, 0);
			rule[i].port_high = (uint16_t)(rule[i].port_low + dice_roll(&dice, 5));
			rule[i].id = (uint32_t)i + 1;
			prefixes_add(prefixes, &rule[i]);
		}
		ck_assert_int_eq(prefixes_build(prefixes), 0);
		for (int query = 0; query < 1000; query++) {
			struct prefix_rule asked = rule[dice_roll(&dice, count)];
			uint32_t id;
			asked.address.byte[dice_roll(&dice, 16)] ^= (uint8_t)dice_roll(&dice, 4);
			asked.port_low = (uint16_t)(asked.port_low + dice_roll(&dice, 6));
			asked.vlan = (uint16_t)dice_roll(&dice, 3);
			if (!scan(rule, count, &asked, &id)) {
				ties++;
				continue;
			}
			found += id != ID_UNKNOWN;
			ck_assert_uint_eq(prefixes_find(prefixes, &asked.address, asked.port_low, asked.vlan), id);
		}
		prefixes_destroy(prefixes);
	}
	ck_assert_uint_gt(found, 20000);
	ck_assert_uint_lt(ties, 10000);
}
END_TEST

UNIT_MAIN("prefixes", the_longest_that_matches, an_empty_one, no_bits_at_all, the_later_of_equals_counts,
	  as_a_plain_scan)
