/* SPDX-License-Identifier: BSD-3-Clause */
/* Mail domains that have limits of their own, or whose receiving addresses only people know. */
#include <stdlib.h>
#include <string.h>

#include "config/config_read.h"
#include "ledger/scope_text.h"

static void read_domain_name(struct reader *reader, yaml_node_t *node, void *context)
{
	struct mail_domain *domain = context;
	const char *text = read_text(reader, node);
	char name[DOMAIN_TEXT_MAX];

	if (text == NULL)
		return;
	if (!domain_text(text, name)) {
		error_at(reader, node, "name: \"%s\": expected a mail domain such as example.org", text);
		return;
	}
	free(domain->name);
	domain->name = strdup(name);
}

static void read_domain_address(struct reader *reader, yaml_node_t *node, void *context)
{
	struct mail_domain *domain = context;
	struct prefix prefix;

	if (!read_prefix(reader, node, &prefix))
		return;
	if (prefix.plen != 128)
		error_at(reader, node, "addresses: \"%s\": expected one address, not a prefix",
			 (const char *)node->data.scalar.value);
	else
		*(struct address *)grow(&domain->addresses, &domain->address_count, sizeof(prefix.address)) =
			prefix.address;
}

static void read_domain_addresses(struct reader *reader, yaml_node_t *node, void *context)
{
	read_list(reader, node, read_domain_address, context);
}

static void read_domain_limits(struct reader *reader, yaml_node_t *node, void *context)
{
	read_limits(reader, node, &((struct mail_domain *)context)->limits);
}

static const struct field domain_fields[] = {
	{ "name", read_domain_name, true },
	{ "addresses", read_domain_addresses, false },
	{ "limits", read_domain_limits, false },
	{ NULL, NULL, false },
};

static void read_domain(struct reader *reader, yaml_node_t *node, void *context)
{
	struct config *config = context;
	struct mail_domain *domain = grow(&config->mail_domains, &config->mail_domain_count, sizeof(*domain));

	read_map(reader, node, domain_fields, domain);
	if (domain->name != NULL && config_mail_domain(config, domain->name) != domain)
		error_at(reader, node, "a second domain \"%s\"", domain->name);
}

void read_mail_domains(struct reader *reader, yaml_node_t *node, void *config)
{
	read_list(reader, node, read_domain, config);
}
