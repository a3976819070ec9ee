/* SPDX-License-Identifier: BSD-3-Clause */
/* Which rule an address, port and VLAN fall under: the longest prefix that has a matching rule; of its rules
 * one with the VLAN before one for any, then the narrowest port range. One hash probe for each prefix
 * length in use. The writer adds, then builds; readers then only find. */
#ifndef SLUICE_PREFIXES_H
#define SLUICE_PREFIXES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "multilinear.h"
#include "scope.h"

struct prefix_rule {
	struct address address;
	uint16_t port_low, port_high, vlan; /* WIRE_VLAN_ANY */
	uint8_t plen;
	uint8_t stream; /* enum stream; of identities */
	uint32_t id;
};

struct prefixes {
	uint32_t references; /* tables that share it; the writer's */
	uint32_t count, room;
	struct prefix_rule *rule; /* sorted when built */
	uint32_t lengths;
	uint8_t length[129]; /* those in use, longest first */
	uint32_t mask;
	uint32_t *slot; /* first rule of a prefix, index + 1; 0: free */
	struct multilinear hash;
};

struct prefixes *prefixes_create(const uint8_t secret[16]);
/* Without rules, and with the other's secret. */
struct prefixes *prefixes_create_like(const struct prefixes *prefixes);
struct prefixes *prefixes_copy(const struct prefixes *prefixes);
void prefixes_destroy(struct prefixes *prefixes);

/* 0 or -ENOMEM. Of two rules that match the same packets the later one counts. */
int prefixes_add(struct prefixes *prefixes, const struct prefix_rule *rule);
int prefixes_build(struct prefixes *prefixes);

/* Fetches ahead what a search will look at: the slots of the longest prefixes, or, when those have come, their rules.
 */
void prefixes_fetch(const struct prefixes *prefixes, const struct address *address, bool rules);

/* NULL when there is none. / The id of the rule, ID_UNKNOWN when there is none. */
const struct prefix_rule *prefixes_match(const struct prefixes *prefixes, const struct address *address, uint16_t port,
					 uint16_t vlan);

static inline uint32_t prefixes_find(const struct prefixes *prefixes, const struct address *address, uint16_t port,
				     uint16_t vlan)
{
	const struct prefix_rule *rule = prefixes_match(prefixes, address, port, vlan);

	return rule != NULL ? rule->id : ID_UNKNOWN;
}

#endif
