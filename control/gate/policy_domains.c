/* SPDX-License-Identifier: BSD-3-Clause */
/* Which addresses serve one domain alone: by the configuration's word, else as DNS has it. */
#include <stdlib.h>
#include <string.h>

#include "domain.h"
#include "gate/policy.h"
#include "ledger/scope_text.h"

struct service {
	struct address address;
	uint32_t way; /* enum domain_way: who says it; the configuration comes first */
	uint64_t domain;
};

static int by_address_and_way(const void *left, const void *right)
{
	const struct service *a = left, *b = right;
	int order = memcmp(&a->address, &b->address, sizeof(a->address));

	return order != 0 ? order : (a->way > b->way) - (a->way < b->way);
}

/* `name` NULL: several, or nobody knows. */
static uint64_t named(const struct policy *policy, const char *name)
{
	const struct domain_key key = { policy->config->domain_point };
	char text[DOMAIN_TEXT_MAX];

	return name != NULL && domain_text(name, text) ? domain_of(key, text, strlen(text)) : DOMAIN_NONE;
}

static size_t most_services(const struct policy *policy)
{
	size_t most = 0;

	for (size_t i = 0; i < policy->config->mail_domain_count; i++)
		most += policy->config->mail_domains[i].address_count;
	for (size_t i = 0; i < policy->config->provider_count; i++)
		most += policy->resolved[i].count;
	return most;
}

/* All that is said of any address; to be freed. */
static struct service *make_services(const struct policy *policy, size_t *ret_count)
{
	const struct config *config = policy->config;
	struct service *services = calloc(most_services(policy) + 1, sizeof(*services));
	size_t count = 0;

	if (services == NULL)
		abort();
	for (size_t i = 0; i < config->mail_domain_count; i++)
		for (size_t j = 0; j < config->mail_domains[i].address_count; j++)
			services[count++] = (struct service){ config->mail_domains[i].addresses[j], DOMAIN_CONFIG,
							      named(policy, config->mail_domains[i].name) };
	for (size_t i = 0; i < config->provider_count; i++)
		for (size_t j = 0; policy->resolved[i].domain != NULL && j < policy->resolved[i].count; j++)
			services[count++] = (struct service){ policy->resolved[i].address[j], DOMAIN_DNS,
							      named(policy, policy->resolved[i].domain[j]) };
	qsort(services, count, sizeof(*services), by_address_and_way);
	*ret_count = count;
	return services;
}

/* What is said of one address comes to one domain, or to none; returns how many said it. */
static size_t put_run(const struct service *run, size_t most, policy_put *put, void *context)
{
	bool one = run->domain != DOMAIN_NONE;
	size_t count = 0;

	for (; count < most && memcmp(&run[count].address, &run->address, sizeof(run->address)) == 0; count++)
		if (run[count].way == run->way)
			one = one && run[count].domain == run->domain;
	if (!one)
		return count;
	struct wire_PUT_SERVES record;
	memset(&record, 0, sizeof(record));
	record.key = (struct scope_key){ .scope = SCOPE_REMOTE, .address = run->address };
	record.way = run->way;
	record.domain = run->domain;
	put(context, WIRE_PUT_SERVES, &record);
	return count;
}

void policy_domains(const struct policy *policy, policy_put *put, void *context)
{
	size_t count;
	struct service *services = make_services(policy, &count);

	for (size_t i = 0; i < count;)
		i += put_run(services + i, count - i, put, context);
	free(services);
}
