/* SPDX-License-Identifier: BSD-3-Clause */
/* Which address is whose: each provider claims prefixes, the first in the configuration's order gets them. */
#include <stdlib.h>
#include <string.h>

#include "gate/policy.h"

/* Who claims a prefix. */
struct claim {
	struct prefix prefix;
	size_t provider; /* its place in the configuration */
};

/* First come, first served within a prefix. */
static int by_prefix(const void *left, const void *right)
{
	const struct claim *a = left, *b = right;
	int order = memcmp(&a->prefix.address, &b->prefix.address, sizeof(a->prefix.address));

	if (order == 0)
		order = (int)a->prefix.plen - (int)b->prefix.plen;
	return order != 0 ? order : (a->provider > b->provider) - (a->provider < b->provider);
}

/* Every provider's prefixes, configured and resolved, sorted; to be freed. */
static struct claim *make_claims(const struct policy *policy, size_t *ret_count)
{
	const struct config *config = policy->config;
	size_t count = 0, used = 0;

	for (size_t i = 0; i < config->provider_count; i++)
		count += config->providers[i].address_count + policy->resolved[i].count;
	struct claim *claims = calloc(count + 1, sizeof(*claims));
	if (claims == NULL)
		abort();
	for (size_t i = 0; i < config->provider_count; i++) {
		for (size_t j = 0; j < config->providers[i].address_count; j++)
			claims[used++] = (struct claim){ config->providers[i].addresses[j], i };
		for (size_t j = 0; j < policy->resolved[i].count; j++)
			claims[used++] = (struct claim){ { policy->resolved[i].address[j], 128 }, i };
	}
	qsort(claims, count, sizeof(*claims), by_prefix);
	*ret_count = count;
	return claims;
}

void policy_destinations(const struct policy *policy, policy_put *put, void *context)
{
	size_t count;
	struct claim *claims = make_claims(policy, &count);

	for (size_t i = 0; i < count; i++) {
		if (i > 0 && prefix_equal(&claims[i - 1].prefix, &claims[i].prefix))
			continue;
		const struct wire_PUT_DESTINATION record = { .address = claims[i].prefix.address,
							     .plen = claims[i].prefix.plen,
							     .provider =
								     policy->config->providers[claims[i].provider].id };
		put(context, WIRE_PUT_DESTINATION, &record);
	}
	free(claims);
}

void policy_shared(const struct policy *policy,
		   void (*each)(void *context, const struct prefix *prefix, size_t owner, size_t provider),
		   void *context)
{
	size_t count, first = 0;
	struct claim *claims = make_claims(policy, &count);

	for (size_t i = 1; i < count; i++) {
		if (!prefix_equal(&claims[first].prefix, &claims[i].prefix))
			first = i;
		else if (claims[i].provider != claims[i - 1].provider)
			each(context, &claims[i].prefix, claims[first].provider, claims[i].provider);
	}
	free(claims);
}
