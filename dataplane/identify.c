/* SPDX-License-Identifier: BSD-3-Clause */
#include "identify.h"

#include <string.h>

#include "usage.h"
#include "worker.h"

static void set_scopes(struct scopes *scopes, const struct flow_key *key, uint32_t customer, uint32_t provider)
{
	*scopes = (struct scopes){ .key = {
					   [SCOPE_CUSTOMER_PROVIDER] = { SCOPE_CUSTOMER_PROVIDER, .customer = customer,
									 .provider = provider },
					   [SCOPE_SOURCE_PROVIDER] = { SCOPE_SOURCE_PROVIDER, .provider = provider,
								       .address = key->inside },
					   [SCOPE_REMOTE] = { SCOPE_REMOTE, .provider = provider,
							      .address = key->outside },
					   [SCOPE_CUSTOMER] = { SCOPE_CUSTOMER, .customer = customer },
					   [SCOPE_SOURCE] = { SCOPE_SOURCE, .address = key->inside },
					   [SCOPE_PROVIDER] = { SCOPE_PROVIDER, .provider = provider },
					   [SCOPE_GATE] = { SCOPE_GATE },
				   } };
}

void identify(struct worker *worker, const struct flow_key *key, struct party *ret_party)
{
	const struct sender sender = { key->inside, key->inside_port, key->vlan };

	ret_party->customer = table_customer(&worker->rcu, worker->table, &sender);
	ret_party->provider = table_provider(&worker->rcu, worker->table, &key->outside);
	set_scopes(&ret_party->scopes, key, ret_party->customer, ret_party->provider);
}

void identify_again(struct worker *worker, struct flow *flow, uint64_t now)
{
	uint32_t layout = table_layout(worker->table);
	struct party party;

	if (flow->layout == layout)
		return;
	identify(worker, &flow->key, &party);
	if (party.customer == flow->customer && party.provider == flow->provider)
		usage_refresh(worker, flow);
	else if (!usage_join(worker, flow, &party.scopes, now))
		return; /* it stays with its old meters, and asks again with its next packet */
	flow->layout = layout;
	flow->customer = party.customer;
	flow->provider = party.provider;
}
