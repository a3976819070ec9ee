/* SPDX-License-Identifier: BSD-3-Clause */
#include "identify.h"

#include <string.h>

#include "domain.h"
#include "seat.h"
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

void identify_fetch(const struct worker *worker, const struct flow_key *key, enum look look)
{
	table_fetch(&worker->rcu, worker->table, &key->inside, &key->outside, look == LOOK_WHAT);
}

void identify(struct worker *worker, const struct flow_key *key, struct party *ret_party)
{
	const struct sender sender = { key->inside, key->inside_port, key->vlan };

	const struct owner owner = table_owner(&worker->rcu, worker->table, &sender);

	ret_party->customer = owner.customer;
	ret_party->stream = owner.stream;
	ret_party->provider = table_provider(&worker->rcu, worker->table, &key->outside);
	set_scopes(&ret_party->scopes, key, ret_party->customer, ret_party->provider);
	const struct wire_PUT_SERVES *serves = table_serves(&worker->rcu, worker->table, &key->outside);
	ret_party->domain_way = (uint8_t)(serves != NULL ? serves->way : DOMAIN_UNKNOWN);
	ret_party->scopes.key[SCOPE_DOMAIN] = domain_scope(serves != NULL ? serves->domain : DOMAIN_NONE);
}

void identify_flow(struct worker *worker, const struct flow *flow, struct party *ret_party)
{
	const struct flow_key key = { .inside = seat_key(worker, flow, SCOPE_SOURCE)->address,
				      .outside = seat_key(worker, flow, SCOPE_REMOTE)->address,
				      .inside_port = flow->inside_port,
				      .outside_port = flow->outside_port,
				      .vlan = flow->vlan };

	identify(worker, &key, ret_party);
	if (flow->domain_way != DOMAIN_RCPT)
		return;
	/* What the client said is more than what its address tells. */
	ret_party->domain_way = DOMAIN_RCPT;
	ret_party->scopes.key[SCOPE_DOMAIN] = domain_scope(seat_domain(worker, flow));
}

void identify_again(struct worker *worker, struct flow *flow, uint64_t now)
{
	const struct scope_key *was = seat_key(worker, flow, SCOPE_CUSTOMER_PROVIDER);
	struct party party;
	struct seats seats;

	identify_flow(worker, flow, &party);
	bool same = party.customer == was->customer && party.provider == was->provider &&
		    party.stream == flow->stream &&
		    domain_in(&party.scopes.key[SCOPE_DOMAIN]) == seat_domain(worker, flow);
	if (same) {
		usage_refresh(worker, flow, now);
	} else {
		flow->serial = 0; /* other scopes: their verdict is looked up in any case */
		if (!usage_acquire(worker, &party.scopes, &seats, now))
			return; /* it stays with its old meters, and asks again with its next packet */
		usage_sit(worker, flow, &seats, now);
	}
	flow->domain_way = party.domain_way & 3;
	flow->stream = party.stream & 1;
	flow->layout = table_layout(worker->table);
}
