/* SPDX-License-Identifier: BSD-3-Clause */
/* Whose an address is, by the rules the gate goes by; for people who ask why. */
#ifndef SLUICE_WHOSE_H
#define SLUICE_WHOSE_H

#include <stdbool.h>

#include "gate/policy.h"

/* What a packet from inside says of its sender. */
struct sender {
	struct address address;
	uint16_t port, vlan; /* port 0: not known, rules for all ports fit; vlan 0: untagged */
};

/* The rule that names its customer: the longest prefix that fits, of its rules one with a VLAN first, then the
 * narrowest range of ports. NULL: nobody's. */
const struct source *whose_source(const struct config *config, const struct sender *sender,
				  const struct customer **ret_customer);

/* The provider an address counts as, by the longest prefix; false: none's. */
struct receiver {
	uint32_t provider;
	struct prefix prefix;
	size_t place;  /* of the provider, in the configuration */
	bool resolved; /* DNS gave it; else it is configured */
};

bool whose_remote(const struct policy *policy, const struct address *address, struct receiver *ret_receiver);

bool prefix_has(const struct prefix *prefix, const struct address *address);

#endif
