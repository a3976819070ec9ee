/* SPDX-License-Identifier: BSD-3-Clause */
/* Which addresses a provider's mail goes to: domains -> MX -> A and AAAA, through c-ares, again when the
 * answers' time is up. Whose an MX host is its name tells, by the providers' patterns (mx.h). A failed lookup loses
 * nothing: what was known stays. An address that is gone from the answers stays for daemon.keep-addresses, and so long
 * it is nobody else's. */
#ifndef SLUICE_RESOLVE_H
#define SLUICE_RESOLVE_H

#include <stdbool.h>
#include <stdint.h>

#include <systemd/sd-event.h>

#include "config/config.h"
#include "gate/policy.h"

struct resolver;

struct resolve_status {
	uint64_t rounds;     /* finished */
	int64_t resolved_ms; /* wall clock of the last one; 0: none yet */
	char problem[160];   /* of the last round; empty: none */
};

/* Called when a provider's set changed, and once when every provider, and the domains that are nobody's, had their
 * first round. */
typedef void resolve_changed(void *context, size_t provider);

/* 0 or a negative errno. `config` outlives the resolver. */
int resolver_create(sd_event *event, const struct config *config, resolve_changed *changed, void *context,
		    struct resolver **ret_resolver);
void resolver_destroy(struct resolver *resolver);

/* What was known before the start, so that a dead DNS loses nothing; and that this was all. */
void resolver_remember(struct resolver *resolver, size_t provider, const struct address *address);
void resolver_remembered(struct resolver *resolver);

void resolver_start(struct resolver *resolver);

/* [config->provider_count]; changes only within `changed`. */
const struct address_set *resolver_sets(const struct resolver *resolver);

/* Of a provider's own domains and hosts; at config->provider_count, of the domains that are nobody's. */
const struct resolve_status *resolver_status(const struct resolver *resolver, size_t provider);

/* What DNS says of a provider that somebody should look at; empty: nothing. */
const char *resolver_moved(const struct resolver *resolver, size_t provider);

/* All had their first round. */
bool resolver_settled(const struct resolver *resolver);

#endif
