/* SPDX-License-Identifier: BSD-3-Clause */
/* The mail domains there are names for: those of the configuration, of the providers and of the list of domains that
 * DNS is asked for, and of decisions in force. The gate knows any by its key only. */
#ifndef SLUICE_DOMAINS_H
#define SLUICE_DOMAINS_H

#include <stddef.h>

#include "config/config.h"
#include "ledger/ledger.h"

struct known_domain {
	struct scope_key key;
	const char *name; /* whoever named it first keeps it: "configuration" before a provider before a decision */
	const char *from; /* "configuration", the provider's name, "domains", "decision" */
};

/* By key, one each; to be freed. */
struct known_domain *domains_known(const struct config *config, const struct ledger *ledger, size_t *ret_count);

/* Its name; "" for none, "?" for one that nobody here has named. */
const char *domains_name(const struct known_domain *known, size_t count, uint64_t domain);

#endif
