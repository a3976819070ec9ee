/* SPDX-License-Identifier: BSD-3-Clause */
/* whatif: what a new configuration would have held back or refused of what passed in the last hour, beside the one in
 * force. Decisions stay what they are. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands/cmd_rows.h"
#include "commands/commands_table.h"
#include "commands/explain.h"
#include "commands/request_config.h"
#include "customers/customers.h"
#include "daemon.h"
#include "past/watch_past.h"
#include "past/whatif.h"
#include "units.h"

/* The policies that are compared. */
struct compared {
	struct policy now, next;
};

/* Names that are new have an id that nobody has. */
static void name_alike(const struct config *now, struct config *next)
{
	uint32_t fresh = ID_ANY;

	for (size_t i = 0; i < next->provider_count; i++) {
		const struct provider *provider = config_provider(now, next->providers[i].name);
		next->providers[i].id = provider != NULL ? provider->id : --fresh;
	}
	for (size_t i = 0; i < next->customer_count; i++) {
		const struct customer *customer = config_customer(now, next->customers[i].name);
		next->customers[i].id = customer != NULL ? customer->id : --fresh;
		next->customers[i].standing = customer != NULL ? customer->standing : NULL;
	}
	next->domain_point = now->domain_point;
}

/* Imported customers of whom something passed are the next configuration's too: as they are, and not its own. */
static int lend_imported(const struct config *now, struct config *next, const struct scope_key *keys, size_t count)
{
	struct customer *grown = realloc(next->customers, (next->customer_count + count + 1) * sizeof(*grown));

	if (grown == NULL)
		return -1;
	next->customers = grown;
	for (size_t i = 0; i < count; i++) {
		const struct customer *customer =
			keys[i].scope == SCOPE_CUSTOMER ? config_customer_of(now, keys[i].customer) : NULL;
		if (customer != NULL && customer >= now->customers + now->written_count &&
		    config_customer(next, customer->name) == NULL)
			next->customers[next->customer_count++] = *customer;
	}
	customers_order(next);
	return 0;
}

static void give_back_imported(struct config *next)
{
	next->customer_count = next->written_count;
	customers_order(next);
}

static struct about about_of(const struct scope_key *key)
{
	bool customer = key->scope == SCOPE_CUSTOMER || key->scope == SCOPE_CUSTOMER_PROVIDER;

	return (struct about){ .from = customer,
			       .to = key->scope == SCOPE_PROVIDER || key->scope == SCOPE_CUSTOMER_PROVIDER,
			       .customer = key->customer,
			       .provider = key->provider };
}

/* NULL: the scope has none of this kind. */
static const struct limit *limit_of(const struct explanation *explanation, enum scope scope, enum limit_kind kind)
{
	for (unsigned i = 0; i < explanation->count; i++)
		if (explanation->limited[i].scope == scope && explanation->limited[i].kind == kind)
			return &explanation->limited[i].limit;
	return NULL;
}

static json_t *limit_text(enum limit_kind kind, const struct limit *limit)
{
	char text[96];

	return limit != NULL ? json_string(limit_format(kind, limit, text, sizeof(text))) : json_null();
}

static void add_scope(const struct compared *compared, const struct past *past, const struct scope_key *key,
		      json_t *rows)
{
	const struct about about = about_of(key);
	struct explanation now, next;
	char scope[160];

	explain_policy(&compared->now, &about, &now);
	explain_policy(&compared->next, &about, &next);
	for (int kind = 0; kind < LIMIT_KINDS; kind++) {
		const struct limit *is = limit_of(&now, key->scope, kind), *would = limit_of(&next, key->scope, kind);
		const struct whatif before = whatif(past, key, kind, is), after = whatif(past, key, kind, would);
		if (before.over == 0 && after.over == 0)
			continue;
		json_array_append_new(rows,
				      json_pack("{s:s, s:s, s:o, s:I, s:I, s:I, s:o, s:I}", "scope",
						explain_scope(&compared->now, &now, key->scope, scope, sizeof(scope)),
						"kind", limit_kind_name[kind], "limit", limit_text(kind, would),
						"passed", (json_int_t)after.passed, "over", (json_int_t)after.over,
						"minutes", (json_int_t)after.minutes, "present", limit_text(kind, is),
						"present_over", (json_int_t)before.over));
	}
}

static json_t *compare(const struct daemon *daemon, const struct config *next, const struct scope_key *keys,
		       size_t count)
{
	struct compared compared = { .now = daemon->policy };
	const struct past *past = watch_past_seen(daemon->past);
	json_t *rows = json_array();

	policy_init(&compared.next, next, &daemon->ledger, NULL);
	compared.next.brakes = daemon->policy.brakes;
	for (size_t i = 0; i < count; i++)
		add_scope(&compared, past, &keys[i], rows);
	policy_finish(&compared.next);
	return rows;
}

static void reply(struct request *request, json_t *rows, size_t scopes)
{
	unsigned minutes = watch_past_seen(request->daemon->past)->kept;
	char message[256];

	snprintf(message, sizeof(message),
		 "%zu limit%s would have been reached by what passed in %u minute%s; at least, for what comes within "
		 "a minute is taken as even, and what limits held back did not pass",
		 json_array_size(rows), json_array_size(rows) == 1 ? "" : "s", minutes, minutes == 1 ? "" : "s");
	json_t *answer = rows_reply(rows);
	json_object_set_new(answer, "message", json_string(message));
	json_object_set_new(answer, "recorded_minutes", json_integer(minutes));
	json_object_set_new(answer, "scopes", json_integer((json_int_t)scopes));
	request_reply(request, answer);
}

void command_WHATIF(struct request *request)
{
	struct daemon *daemon = request->daemon;
	struct config *next = request_config(request, "file");
	size_t count;

	if (next == NULL)
		return;
	struct scope_key *keys = past_keys(watch_past_seen(daemon->past), &count);
	name_alike(daemon->config, next);
	customers_order(next);
	if (lend_imported(daemon->config, next, keys, count) < 0) {
		request_refuse(request, NULL, "no memory");
	} else {
		json_t *rows = compare(daemon, next, keys, count);
		give_back_imported(next);
		reply(request, rows, count);
	}
	free(keys);
	config_destroy(next);
}
