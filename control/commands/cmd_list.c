/* SPDX-License-Identifier: BSD-3-Clause */
/* What there is: decisions, customers, providers; with what they use, as far as the gate says. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "brake/watch_volumes.h"
#include "commands/cmd_rows.h"
#include "commands/commands_table.h"
#include "commands/concern.h"
#include "commands/pools.h"
#include "commands/replies.h"
#include "customers/customers.h"
#include "customers/pool.h"
#include "daemon.h"
#include "dns/domains.h"
#include "units.h"

#define DECISIONS_SHOWN 1000
#define CUSTOMERS_SHOWN 1000

struct listing {
	json_t *rows;
	const struct daemon *daemon;
};

static bool is_enforced(const struct daemon *daemon, const struct decision *decision)
{
	const struct link_status *status = link_status(daemon->link);

	return status->connected && status->ready && status->enforced != 0 && status->enforced >= decision->generation;
}

/* What is to be known beside it: whom it holds where that is nobody, or more than who is named. */
static void say_note(const struct daemon *daemon, const struct decision *live, char *out, size_t size)
{
	const bool customer = live->key.scope == SCOPE_CUSTOMER || live->key.scope == SCOPE_CUSTOMER_PROVIDER;
	const struct customer *pool = customer ? config_customer_of(daemon->config, live->key.customer) : NULL;

	if (concern_orphan(daemon->config, live, out) || pool == NULL || pool->members.count == 0)
		return;
	const size_t used = (size_t)snprintf(out, size, "a pool: ");
	pool_text(pool, out + used, size - used);
}

static void add_decision(void *context, const struct decision *stored)
{
	struct listing *listing = context;
	struct decision *live = ledger_find(&listing->daemon->ledger, stored->id);
	char values[VALUES_MAX + 32], note[2 * CONCERN_MAX] = "";

	if (stored->action == DECIDE_ALLOW)
		snprintf(values, sizeof(values), "%s;used=%llu", stored->values, (unsigned long long)stored->used);
	else
		snprintf(values, sizeof(values), "%s", stored->values);
	for (char *at = strchr(values, ';'); at != NULL; at = strchr(at, ';'))
		*at = ' ';
	if (live != NULL)
		say_note(listing->daemon, live, note, sizeof(note));
	json_t *row = json_pack(
		"{s:I, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:s, s:o, s:s}", "id", (json_int_t)stored->id,
		"scope", stored->scope, "action", decision_action_name[stored->action], "values", values, "reason",
		stored->reason, "incident", stored->incident, "author", stored->author, "created",
		row_time(stored->created_ms), "expires", row_time(stored->expires_ms), "enforced",
		live != NULL ? json_boolean(is_enforced(listing->daemon, live)) : json_null(), "ended",
		stored->ended_ms != 0 ? stored->ended_by : "", "superseded_by",
		stored->superseded_by != 0 ? json_integer((json_int_t)stored->superseded_by) : json_null(), "note",
		note);
	json_array_append_new(listing->rows, row);
}

static void answer_decisions(struct request *request, json_t *rows, uint64_t total)
{
	size_t shown = json_array_size(rows);
	json_t *reply = rows_reply(rows);
	char text[160];

	json_object_set_new(reply, "total", json_integer((json_int_t)total));
	if (!link_status(request->daemon->link)->connected && request->daemon->ledger.count > 0)
		request_add_message(reply, "the gate is not connected: what it last had stays in force there");
	if (total > shown) {
		snprintf(text, sizeof(text), "%sthe newest %zu of %llu; --most N shows more",
			 json_object_get(reply, "message") != NULL ? "; " : "", shown, (unsigned long long)total);
		request_add_message(reply, text);
	}
	request_reply(request, reply);
}

void command_DECISIONS(struct request *request)
{
	struct listing listing = { json_array(), request->daemon };
	uint64_t most = request_count(request, "most", DECISIONS_SHOWN), total = 0;

	int ret = journal_newest(request->daemon->journal, request_flag(request, "all"), (uint32_t)most, &total,
				 add_decision, &listing);
	if (ret == 0) {
		answer_decisions(request, listing.rows, total);
		return;
	}
	json_decref(listing.rows);
	request_refuse(request, NULL, "the journal cannot be read; the daemon's log says why");
}

/* All keyed rows begin with their key. */
static int by_key(const void *left, const void *right)
{
	return memcmp(left, right, sizeof(struct scope_key));
}

static void sort_meters(const struct rows *rows)
{
	if (rows != NULL && rows->count > 0)
		qsort(rows->row, rows->count, sizeof(struct wire_ROW_METER), by_key);
}

/* The meter of one scope, sorted before; NULL when the gate has none, or is away. */
static const struct wire_ROW_METER *find_meter(const struct rows *rows, const struct scope_key *key)
{
	if (rows == NULL || rows->count == 0)
		return NULL;
	return bsearch(key, rows->row, rows->count, sizeof(struct wire_ROW_METER), by_key);
}

/* `meter` NULL: nobody knows of any. */
static void add_replies(json_t *row, const struct wire_ROW_METER *meter)
{
	char text[REPLIES_TEXT_MAX] = "";

	if (meter != NULL) {
		const struct replies replies = replies_of(meter->messages, meter->inferred, meter->declined);
		replies_text(&replies, text, sizeof(text));
	}
	json_object_set_new(row, "replies", json_string(text));
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
		{ "messages", meter != NULL ? meter->messages : 0 },
		{ "inferred", meter != NULL ? meter->inferred : 0 },
		{ "declined", meter != NULL ? meter->declined : 0 },
		{ "refused", meter != NULL ? meter->refused : 0 },
		{ "bytes", meter != NULL ? meter->bytes : 0 },
	};

	for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++)
		json_object_set_new(row, figures[i].name,
				    rows != NULL ? json_integer((json_int_t)figures[i].value) : json_null());
	add_replies(row, meter);
}

struct said {
	const struct scope_key *key;
	char text[512];
	size_t used;
};

static void say_decision(void *context, const struct decision *decision)
{
	struct said *said = context;
	bool same = memcmp(&decision->key, said->key, sizeof(*said->key)) == 0;

	if (said->used < sizeof(said->text) - 1)
		said->used += (size_t)snprintf(said->text + said->used, sizeof(said->text) - said->used,
					       "%s%s%s%s (%llu)", said->used > 0 ? ", " : "",
					       decision_action_name[decision->action], same ? "" : " on ",
					       same ? "" : decision->scope, (unsigned long long)decision->id);
}

/* Does the spike brake hold it, and what is it allowed beyond? */
static void say_brake(const struct daemon *daemon, struct said *said)
{
	struct decision *const *on;
	size_t count = ledger_on(&daemon->ledger, said->key, &on);

	if (volumes_holds(daemon, said->key->customer) && said->used < sizeof(said->text))
		said->used += (size_t)snprintf(said->text + said->used, sizeof(said->text) - said->used,
					       "%sheld by the spike brake", said->used > 0 ? ", " : "");
	for (size_t i = 0; i < count; i++)
		say_decision(said, on[i]);
}

/* "quarantine (12), limit on provider:google (14)": on the scope itself, and on what its connections are in too. */
static void add_decisions(json_t *row, const struct daemon *daemon, const struct scope_key *key)
{
	const struct scope_key brake = policy_brake_key(key->customer);
	struct said said = { .key = key };
	const char *reason;

	if (policy_denies(&daemon->policy, key, &reason) && ledger_verdict(&daemon->ledger, key) == NULL)
		said.used = (size_t)snprintf(said.text, sizeof(said.text), "denied by the configuration");
	concern_each(daemon->config, &daemon->ledger, key, say_decision, &said);
	said.key = &brake;
	if (key->scope == SCOPE_CUSTOMER)
		say_brake(daemon, &said);
	json_object_set_new(row, "decision", json_string(said.text));
}

/* What the gate puts in force: the key's own limits, and kind by kind those of its tier, those for each. */
static void merged_limits(const struct policy *policy, const struct scope_key *key, const struct scope_key *each,
			  struct limits *ret_limits)
{
	struct limits less[2];

	policy_limits(policy, key, ret_limits);
	policy_tier_limits(policy, key, &less[0]);
	policy_limits(policy, each, &less[1]);
	for (int i = 0; i < 2; i++) {
		for (int kind = 0; kind < LIMIT_KINDS; kind++)
			if (less[i].has & ~ret_limits->has & 1u << kind)
				ret_limits->kind[kind] = less[i].kind[kind];
		ret_limits->has |= less[i].has;
	}
}

/* `customer` NULL: nobody with limits at one provider. */
static void add_limits(json_t *row, const struct daemon *daemon, const struct scope_key *key,
		       const struct scope_key *each, const struct customer *customer)
{
	struct limits limits;
	char text[1024], one[256];

	merged_limits(&daemon->policy, key, each, &limits);
	size_t used = strlen(limits_format(&limits, ' ', text, sizeof(text)));
	for (size_t i = 0; customer != NULL && i < customer->at_count && used < sizeof(text); i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%sat %s: %s", used > 0 ? ", " : "",
					 customer->at[i].provider,
					 limits_format(&customer->at[i].limits, ' ', one, sizeof(one)));
	json_object_set_new(row, "limits", json_string(text));
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

/* `customer` NULL: all that is unknown. */
static json_t *customer_row(const struct daemon *daemon, const struct customer *customer, const struct rows *rows)
{
	const struct scope_key key = scope_key_of(SCOPE_CUSTOMER, customer != NULL ? customer->id : ID_UNKNOWN, 0);
	const struct scope_key each = scope_key_of(SCOPE_CUSTOMER, ID_ANY, 0);
	json_t *row = json_pack("{s:s, s:o}", "customer", customer != NULL ? customer->name : "unknown", "sources",
				customer != NULL ? sources_text(customer) : json_string("any other"));

	char members[1024] = "";
	if (customer != NULL)
		pool_text(customer, members, sizeof(members));
	json_object_set_new(row, "members", json_string(members));
	row_tier(row, daemon->config, customer);
	add_usage(row, rows, &key);
	add_limits(row, daemon, &key, &each, customer);
	add_decisions(row, daemon, &key);
	return row;
}

/* Figures that are missing are to be missed. */
static void answer_rows(struct request *request, json_t *list, const struct rows *rows)
{
	json_t *reply = rows_reply(list);

	if (rows == NULL)
		request_add_message(reply, "the gate is not connected: it has the figures");
	request_reply(request, reply);
}

/* Which customers are asked for: in the order of their names, from behind one of them, with a text in their name. */
struct page {
	const char *after, *match;
	size_t most;
};

static struct page page_of(const struct request *request)
{
	return (struct page){ request_text(request, "after"), request_text(request, "match"),
			      request_count(request, "most", CUSTOMERS_SHOWN) };
}

static bool fits(const struct page *page, const struct customer *customer)
{
	bool fits = page->match == NULL || strstr(customer->name, page->match) != NULL;

	for (size_t i = 0; !fits && i < customer->members.count; i++)
		fits = strstr(customer->members.text[i], page->match) != NULL;
	return fits;
}

/* Their rows; returns the last one's name if there are more. */
static const char *add_customers(const struct daemon *daemon, const struct page *page, const struct rows *rows,
				 json_t *list, struct pools_seen *seen)
{
	const struct config *config = daemon->config;
	const char *last = "";

	for (size_t i = page->after != NULL ? customers_behind(config, page->after) : 0; i < config->customer_count;
	     i++) {
		const struct customer *customer = &config->customers[config->by_name[i]];
		if (!fits(page, customer))
			continue;
		if (json_array_size(list) == page->most)
			return last;
		json_array_append_new(list, customer_row(daemon, customer, rows));
		pools_see(seen, customer);
		last = customer->name;
	}
	return NULL;
}

static void list_customers(void *context, const struct rows *rows)
{
	struct request *request = context;
	const struct daemon *daemon = request->daemon;
	const struct page page = page_of(request);
	struct pools_seen seen = { 0 };
	json_t *list = json_array();
	char text[192];

	sort_meters(rows);
	const char *next = add_customers(daemon, &page, rows, list, &seen);
	if (next == NULL && page.match == NULL && page.after == NULL)
		json_array_append_new(list, customer_row(daemon, NULL, rows));
	json_t *reply = rows_reply(list);
	json_object_set_new(reply, "total", json_integer((json_int_t)daemon->config->customer_count));
	json_object_set_new(reply, "next", next != NULL ? json_string(next) : json_null());
	if (rows == NULL)
		request_add_message(reply, "the gate is not connected: it has the figures");
	snprintf(text, sizeof(text), "%sthere are more, of %zu in all: --after %s", rows == NULL ? "; " : "",
		 daemon->config->customer_count, next != NULL ? next : "");
	if (next != NULL)
		request_add_message(reply, text);
	pools_mention(reply, &seen);
	request_reply(request, reply);
}

static void ask_meters(struct request *request, enum scope scope, void (*done)(void *context, const struct rows *rows))
{
	const struct wire_QUERY query = {
		.what = QUERY_METERS, .customer = ID_ANY, .provider = ID_ANY, .scope = scope
	};

	if (link_query(request->daemon->link, &query, done, request) < 0)
		done(request, NULL);
}

void command_CUSTOMERS(struct request *request)
{
	ask_meters(request, SCOPE_CUSTOMER, list_customers);
}

static json_t *provider_row(const struct daemon *daemon, uint32_t id, const char *name, const struct rows *rows)
{
	const struct scope_key key = scope_key_of(SCOPE_PROVIDER, 0, id);
	const struct scope_key each = scope_key_of(SCOPE_PROVIDER, 0, ID_ANY);
	json_t *row = json_pack("{s:s}", "provider", name);

	add_usage(row, rows, &key);
	add_limits(row, daemon, &key, &each, NULL);
	add_decisions(row, daemon, &key);
	return row;
}

static void list_providers(void *context, const struct rows *rows)
{
	struct request *request = context;
	const struct daemon *daemon = request->daemon;
	json_t *list = json_array();

	sort_meters(rows);
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
	answer_rows(request, list, rows);
}

void command_PROVIDERS(struct request *request)
{
	ask_meters(request, SCOPE_PROVIDER, list_providers);
}

static json_t *domain_row(const struct daemon *daemon, const struct known_domain *domain, const struct rows *rows)
{
	const struct scope_key each = scope_key_of(SCOPE_DOMAIN, 0, 0);
	json_t *row = json_pack("{s:s, s:s}", "domain", domain->name, "from", domain->from);

	add_usage(row, rows, &domain->key);
	add_limits(row, daemon, &domain->key, &each, NULL);
	add_decisions(row, daemon, &domain->key);
	return row;
}

static void list_domains(void *context, const struct rows *rows)
{
	struct request *request = context;
	const struct daemon *daemon = request->daemon;
	json_t *list = json_array();
	size_t count;

	sort_meters(rows);
	struct known_domain *known = domains_known(daemon->config, &daemon->ledger, &count);
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, domain_row(daemon, &known[i], rows));
	free(known);
	answer_rows(request, list, rows);
}

void command_DOMAINS(struct request *request)
{
	ask_meters(request, SCOPE_DOMAIN, list_domains);
}
