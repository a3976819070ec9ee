/* SPDX-License-Identifier: BSD-3-Clause */
/* What there is: decisions, customers, providers; with what they use, as far as the gate says. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd_rows.h"
#include "commands_table.h"
#include "daemon.h"
#include "units.h"

struct listing {
	json_t *rows;
	const struct daemon *daemon;
};

static bool is_enforced(const struct daemon *daemon, const struct decision *decision)
{
	const struct link_status *status = link_status(daemon->link);

	return status->connected && status->ready && status->enforced != 0 && status->enforced >= decision->generation;
}

static void add_decision(void *context, const struct decision *stored)
{
	struct listing *listing = context;
	struct decision *live = ledger_find((struct ledger *)&listing->daemon->ledger, stored->id);
	char values[VALUES_MAX], ended[256] = "";

	snprintf(values, sizeof(values), "%s", stored->values);
	for (char *at = strchr(values, ';'); at != NULL; at = strchr(at, ';'))
		*at = ' ';
	if (stored->ended_ms != 0)
		snprintf(ended, sizeof(ended), "%s", stored->ended_by);
	json_t *row = json_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:s}", "id", (json_int_t)stored->id,
				"scope", stored->scope, "action", decision_action_name[stored->action], "values",
				values, "reason", stored->reason, "author", stored->author, "created",
				row_time(stored->created_ms), "expires", row_time(stored->expires_ms), "enforced",
				live != NULL ? json_boolean(is_enforced(listing->daemon, live)) : json_null(), "ended",
				ended);
	json_array_append_new(listing->rows, row);
}

void command_DECISIONS(struct request *request)
{
	const char *all = request_text(request, "all");
	struct listing listing = { json_array(), request->daemon };
	int ret = journal_decisions(request->daemon->journal, all != NULL && strcmp(all, "yes") == 0, add_decision,
				    &listing);

	if (ret < 0) {
		json_decref(listing.rows);
		request_refuse(request, NULL, "the journal cannot be read");
		return;
	}
	request_reply(request, rows_reply(listing.rows));
}

/* The meter of one scope; NULL when the gate has none, or is away. */
static const struct wire_ROW_METER *find_meter(const struct rows *rows, const struct scope_key *key)
{
	const struct wire_ROW_METER *meter = rows != NULL ? rows->row : NULL;

	for (uint32_t i = 0; rows != NULL && i < rows->count; i++)
		if (memcmp(&meter[i].key, key, sizeof(*key)) == 0)
			return &meter[i];
	return NULL;
}

/* Figures are null while the gate is away, and 0 when it knows of nothing. */
static void add_usage(json_t *row, const struct rows *rows, const struct scope_key *key)
{
	const struct wire_ROW_METER *meter = find_meter(rows, key);
	const struct {
		const char *name;
		uint64_t value;
	} figures[] = {
		{ "connections", meter != NULL ? meter->connections : 0 },
		{ "admitted", meter != NULL ? meter->admitted : 0 },
		{ "refused", meter != NULL ? meter->refused : 0 },
		{ "bytes", meter != NULL ? meter->bytes : 0 },
	};

	for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++)
		json_object_set_new(row, figures[i].name,
				    rows != NULL ? json_integer((json_int_t)figures[i].value) : json_null());
}

/* "quarantine (12), limit (14)": on the scope, and on what is part of it. */
static void add_decisions(json_t *row, const struct daemon *daemon, enum scope scope, uint32_t id)
{
	const struct ledger *ledger = &daemon->ledger;
	char text[512] = "";
	size_t used = 0;

	for (size_t i = 0; i < ledger->count && used < sizeof(text) - 1; i++) {
		const struct decision *decision = &ledger->decision[i];
		bool on = decision->key.scope == scope || decision->key.scope == SCOPE_CUSTOMER_PROVIDER;
		uint32_t named = scope == SCOPE_CUSTOMER ? decision->key.customer : decision->key.provider;
		if (!on || named != id)
			continue;
		const char *at = decision->key.scope == scope ? "" : " ";
		const char *whom = decision->key.scope == scope ? "" : strchr(decision->scope, '/') + 1;
		if (decision->key.scope != scope && scope == SCOPE_PROVIDER)
			whom = policy_customer(&daemon->policy, decision->key.customer);
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s%s%s (%llu)", used > 0 ? ", " : "",
					 decision_action_name[decision->action], at, whom,
					 (unsigned long long)decision->id);
	}
	json_object_set_new(row, "decision", json_string(text));
}

static struct scope_key make_key(enum scope scope, uint32_t customer, uint32_t provider)
{
	struct scope_key key;

	memset(&key, 0, sizeof(key));
	key.scope = (uint8_t)scope;
	key.customer = customer;
	key.provider = provider;
	return key;
}

/* What the gate puts in force: the key's own limits, and kind by kind those for each. */
static void merged_limits(const struct policy *policy, const struct scope_key *key, const struct scope_key *each,
			  struct limits *ret_limits)
{
	struct limits less;

	policy_limits(policy, key, ret_limits);
	policy_limits(policy, each, &less);
	for (int kind = 0; kind < LIMIT_KINDS; kind++)
		if (less.has & ~ret_limits->has & 1u << kind)
			ret_limits->kind[kind] = less.kind[kind];
	ret_limits->has |= less.has;
}

static void add_limits(json_t *row, const struct daemon *daemon, const struct scope_key *key,
		       const struct scope_key *each)
{
	struct limits limits;
	char text[256];

	merged_limits(&daemon->policy, key, each, &limits);
	json_object_set_new(row, "limits", json_string(row_limits(&limits, text, sizeof(text))));
}

static json_t *sources_text(const struct customer *customer)
{
	char text[1024] = "", prefix[64];
	size_t used = 0;

	for (size_t i = 0; i < customer->source_count && used < sizeof(text); i++) {
		const struct source *source = &customer->sources[i];
		used += (size_t)snprintf(
			text + used, sizeof(text) - used, "%s%s", used > 0 ? " " : "",
			prefix_format(&source->prefix.address, source->prefix.plen, prefix, sizeof(prefix)));
		if ((source->port_low > 0 || source->port_high < UINT16_MAX) && used < sizeof(text))
			used += (size_t)snprintf(text + used, sizeof(text) - used, ":%u-%u", source->port_low,
						 source->port_high);
	}
	return json_string(text);
}

static json_t *customer_row(const struct daemon *daemon, uint32_t id, const char *name, json_t *sources,
			    const struct rows *rows)
{
	const struct scope_key key = make_key(SCOPE_CUSTOMER, id, 0), each = make_key(SCOPE_CUSTOMER, ID_ANY, 0);
	json_t *row = json_pack("{s:s, s:o}", "customer", name, "sources", sources);

	add_usage(row, rows, &key);
	add_limits(row, daemon, &key, &each);
	add_decisions(row, daemon, SCOPE_CUSTOMER, id);
	return row;
}

static void list_customers(void *context, const struct rows *rows)
{
	struct request *request = context;
	const struct daemon *daemon = request->daemon;
	json_t *list = json_array();

	for (size_t i = 0; i < daemon->config->customer_count; i++) {
		const struct customer *customer = &daemon->config->customers[i];
		json_array_append_new(list,
				      customer_row(daemon, customer->id, customer->name, sources_text(customer), rows));
	}
	json_array_append_new(list, customer_row(daemon, ID_UNKNOWN, "unknown", json_string("any other"), rows));
	request_reply(request, rows_reply(list));
}

static void ask_meters(struct request *request, void (*done)(void *context, const struct rows *rows))
{
	const struct wire_QUERY query = { .what = QUERY_METERS, .customer = ID_ANY, .provider = ID_ANY };

	if (link_query(request->daemon->link, &query, done, request) < 0)
		done(request, NULL);
}

void command_CUSTOMERS(struct request *request)
{
	ask_meters(request, list_customers);
}

static json_t *provider_row(const struct daemon *daemon, uint32_t id, const char *name, const struct rows *rows)
{
	const struct scope_key key = make_key(SCOPE_PROVIDER, 0, id), each = make_key(SCOPE_PROVIDER, 0, ID_ANY);
	json_t *row = json_pack("{s:s}", "provider", name);

	add_usage(row, rows, &key);
	add_limits(row, daemon, &key, &each);
	add_decisions(row, daemon, SCOPE_PROVIDER, id);
	return row;
}

static void list_providers(void *context, const struct rows *rows)
{
	struct request *request = context;
	const struct daemon *daemon = request->daemon;
	json_t *list = json_array();

	for (size_t i = 0; i < daemon->config->provider_count; i++) {
		const struct provider *provider = &daemon->config->providers[i];
		json_t *row = provider_row(daemon, provider->id, provider->name, rows);
		size_t addresses = provider->address_count + resolver_sets(daemon->resolver)[i].count;
		json_object_set_new(row, "addresses", json_integer((json_int_t)addresses));
		json_object_set_new(row, "resolved", row_time(resolver_status(daemon->resolver, i)->resolved_ms));
		json_array_append_new(list, row);
	}
	json_t *row = provider_row(daemon, ID_UNKNOWN, "unknown", rows);
	json_object_set_new(row, "addresses", json_null());
	json_object_set_new(row, "resolved", json_null());
	json_array_append_new(list, row);
	request_reply(request, rows_reply(list));
}

void command_PROVIDERS(struct request *request)
{
	ask_meters(request, list_providers);
}
