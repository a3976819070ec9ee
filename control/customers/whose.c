/* SPDX-License-Identifier: BSD-3-Clause */
#include "customers/whose.h"

#include <string.h>

bool prefix_has(const struct prefix *prefix, const struct address *address)
{
	unsigned bytes = prefix->plen / 8, bits = prefix->plen % 8;

	if (memcmp(prefix->address.byte, address->byte, bytes) != 0)
		return false;
	return bits == 0 || (prefix->address.byte[bytes] ^ address->byte[bytes]) >> (8 - bits) == 0;
}

static unsigned span(const struct source *source)
{
	return (unsigned)source->port_high - source->port_low;
}

static bool fits(const struct source *source, const struct sender *sender)
{
	bool port = sender->port == 0 ? span(source) >= UINT16_MAX - 1u
				      : sender->port >= source->port_low && sender->port <= source->port_high;

	return prefix_has(&source->prefix, &sender->address) && port &&
	       (source->vlan == WIRE_VLAN_ANY || source->vlan == sender->vlan);
}

/* Of two that fit; the first of equals stays. */
static bool is_better(const struct source *source, const struct source *than)
{
	if (source->prefix.plen != than->prefix.plen)
		return source->prefix.plen > than->prefix.plen;
	if ((source->vlan == WIRE_VLAN_ANY) != (than->vlan == WIRE_VLAN_ANY))
		return than->vlan == WIRE_VLAN_ANY;
	return span(source) < span(than);
}

const struct source *whose_source(const struct config *config, const struct sender *sender,
				  const struct customer **ret_customer)
{
	const struct source *best = NULL;

	for (size_t i = 0; i < config->customer_count; i++) {
		const struct customer *customer = &config->customers[i];
		for (size_t j = 0; j < customer->source_count; j++) {
			const struct source *source = &customer->sources[j];
			if (!fits(source, sender) || (best != NULL && !is_better(source, best)))
				continue;
			best = source;
			*ret_customer = customer;
		}
	}
	return best;
}

struct search {
	const struct address *address;
	struct receiver *receiver;
	bool found;
};

static void look(void *context, enum wire_type type, const void *record)
{
	const struct wire_PUT_DESTINATION *destination = record;
	const struct prefix prefix = { destination->address, destination->plen };
	struct search *search = context;

	if (type != WIRE_PUT_DESTINATION || !prefix_has(&prefix, search->address) ||
	    (search->found && search->receiver->prefix.plen >= prefix.plen))
		return;
	search->found = true;
	search->receiver->prefix = prefix;
	search->receiver->provider = destination->provider;
}

bool whose_remote(const struct policy *policy, const struct address *address, struct receiver *ret_receiver)
{
	struct search search = { .address = address, .receiver = ret_receiver };
	const struct config *config = policy->config;

	*ret_receiver = (struct receiver){ .provider = ID_UNKNOWN };
	policy_destinations(policy, look, &search);
	for (size_t i = 0; search.found && i < config->provider_count; i++)
		if (config->providers[i].id == ret_receiver->provider)
			ret_receiver->place = i;
	ret_receiver->resolved = search.found;
	for (size_t i = 0; search.found && i < config->providers[ret_receiver->place].address_count; i++)
		if (prefix_equal(&config->providers[ret_receiver->place].addresses[i], &ret_receiver->prefix))
			ret_receiver->resolved = false;
	return search.found;
}
