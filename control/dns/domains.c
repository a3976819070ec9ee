/* SPDX-License-Identifier: BSD-3-Clause */
#include "dns/domains.h"

#include <stdlib.h>
#include <string.h>

#include "domain.h"
#include "ledger/scope_text.h"

struct naming {
	struct domain_key key;
	struct known_domain *known;
	size_t count;
};

static size_t most_names(const struct config *config, const struct ledger *ledger)
{
	size_t most = config->mail_domain_count + ledger->count;

	most += config->domains.count;
	for (size_t i = 0; i < config->provider_count; i++)
		most += config->providers[i].domains.count;
	return most;
}

static void add_name(struct naming *naming, const char *name, const char *from)
{
	char text[DOMAIN_TEXT_MAX];

	if (domain_text(name, text))
		naming->known[naming->count++] =
			(struct known_domain){ domain_scope(domain_of(naming->key, text, strlen(text))), name, from };
}

/* The order they were added in, within one key: qsort() may not keep it, their places do. */
static int by_key_and_place(const void *left, const void *right, void *places)
{
	const size_t a = *(const size_t *)left, b = *(const size_t *)right;
	const struct known_domain *known = places;
	int order = memcmp(&known[a].key, &known[b].key, sizeof(known->key));

	return order != 0 ? order : (a > b) - (a < b);
}

static void *room_for(size_t count, size_t size)
{
	void *room = calloc(count + 1, size);

	if (room == NULL)
		abort();
	return room;
}

/* The first of each key, by key. */
static struct known_domain *sort_names(const struct naming *naming, size_t *ret_count)
{
	struct known_domain *sorted = room_for(naming->count, sizeof(*sorted));
	size_t *place = room_for(naming->count, sizeof(*place)), count = 0;

	for (size_t i = 0; i < naming->count; i++)
		place[i] = i;
	qsort_r(place, naming->count, sizeof(*place), by_key_and_place, naming->known);
	for (size_t i = 0; i < naming->count; i++) {
		const struct known_domain *next = &naming->known[place[i]];
		if (count == 0 || memcmp(&sorted[count - 1].key, &next->key, sizeof(next->key)) != 0)
			sorted[count++] = *next;
	}
	free(place);
	*ret_count = count;
	return sorted;
}

struct known_domain *domains_known(const struct config *config, const struct ledger *ledger, size_t *ret_count)
{
	struct naming naming = { { config->domain_point },
				 room_for(most_names(config, ledger), sizeof(*naming.known)),
				 0 };
	static const char prefix[] = "domain:";

	for (size_t i = 0; i < config->mail_domain_count; i++)
		add_name(&naming, config->mail_domains[i].name, "configuration");
	for (size_t i = 0; i < config->provider_count; i++)
		for (size_t j = 0; j < config->providers[i].domains.count; j++)
			add_name(&naming, config->providers[i].domains.text[j], config->providers[i].name);
	for (size_t i = 0; i < config->domains.count; i++)
		add_name(&naming, config->domains.text[i], "domains");
	for (size_t i = 0; i < ledger->count; i++) {
		const struct decision *decision = ledger_at(ledger, i);
		if (decision->key.scope == SCOPE_DOMAIN && strncmp(decision->scope, prefix, strlen(prefix)) == 0)
			add_name(&naming, decision->scope + strlen(prefix), "decision");
	}
	struct known_domain *sorted = sort_names(&naming, ret_count);
	free(naming.known);
	return sorted;
}

static int by_key(const void *key, const void *known)
{
	return memcmp(key, &((const struct known_domain *)known)->key, sizeof(struct scope_key));
}

const char *domains_name(const struct known_domain *known, size_t count, uint64_t domain)
{
	const struct scope_key key = domain_scope(domain);
	const struct known_domain *found =
		domain != DOMAIN_NONE ? bsearch(&key, known, count, sizeof(*known), by_key) : NULL;

	return domain == DOMAIN_NONE ? "" : found != NULL ? found->name : "?";
}
