/* SPDX-License-Identifier: BSD-3-Clause */
/* A file of customers: refused with a line, or taken; what was taken is the same when it is written and read again. */
#include "fuzz.h"

#include "customers/customer_text.h"
#include "customers/customers.h"
#include "customers/import.h"
#include "units.h"

/* Limits at providers, members, tier. */
static void check_rest(const struct customer *customer, struct customer *again)
{
	char *at = at_text(customer), *members = members_text(customer);

	must(at != NULL && at_parse(at, again) == NULL && again->at_count == customer->at_count);
	for (size_t i = 0; i < again->at_count; i++) {
		must(strcmp(again->at[i].provider, customer->at[i].provider) == 0);
		must(again->at[i].limits.has == customer->at[i].limits.has && again->at[i].limits.has != 0);
	}
	must(members != NULL && members_parse(members, again) == NULL);
	must(again->members.count == customer->members.count && customer->tier <= TIERS);
	free(at);
	free(members);
}

static void check_customer(const struct customer *customer)
{
	struct customer again = { .weight = 1 };
	struct limits limits = { 0 };
	char text[512], *sources = sources_text(customer);

	must(customer_name_fits(customer->name) && customer->source_count > 0 && sources != NULL);
	must(sources_parse(sources, &again) == NULL && again.source_count == customer->source_count);
	for (size_t i = 0; i < again.source_count; i++) {
		const struct source *a = &customer->sources[i], *b = &again.sources[i];
		must(prefix_equal(&a->prefix, &b->prefix) && a->port_low == b->port_low);
		must(a->port_high == b->port_high && a->vlan == b->vlan && a->stream == b->stream);
	}
	must(limits_parse(limits_format(&customer->limits, ';', text, sizeof(text)), &limits) == NULL);
	must(limits.has == customer->limits.has);
	check_rest(customer, &again);
	free(sources);
	customer_finish(&again);
}

static void count(void *context, const struct owned *first, const struct owned *second)
{
	must(first->source != second->source);
	++*(size_t *)context;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct import import;
	bool good = import_read((const char *)data, size, &import);

	must(good == (import.error_count == 0) && good == (import.errors == NULL));
	for (size_t i = 0; i < import.count; i++)
		check_customer(&import.customer[i]);
	const struct config config = { .customers = import.customer, .customer_count = import.count };
	size_t shared = 0;
	customers_same_source(&config, count, &shared);
	import_finish(&import);
	return 0;
}
