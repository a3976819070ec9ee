/* SPDX-License-Identifier: BSD-3-Clause */
/* explain: whose a customer's, an address's or a connection's mail is, what holds it, and what the next connection
 * would get. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clocks.h"
#include "commands/cmd_rows.h"
#include "commands/commands_table.h"
#include "commands/explain.h"
#include "commands/replies.h"
#include "customers/customers.h"
#include "customers/pool.h"
#include "daemon.h"
#include "endpoint.h"
#include "ledger/scope_text.h"
#include "units.h"

/* What is asked about, and how it was found out. */
struct question {
	struct about about;
	const struct customer *customer;
	const char *member;	   /* of a pool, by which it was asked for; NULL: by another name */
	const struct source *rule; /* NULL: asked for by name, or nobody's */
	struct receiver receiver;
	struct explanation explanation;
};

static void __attribute__((format(printf, 4, 5)))
say(json_t *rows, const char *what, const char *value, const char *format, ...)
{
	char why[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(why, sizeof(why), format, arguments);
	va_end(arguments);
	json_array_append_new(rows, json_pack("{s:s, s:s, s:s}", "what", what, "value", value, "why", why));
}

static char *rule_text(const struct source *rule, char *out, size_t size)
{
	char prefix[64], ports[32] = "", vlan[32] = "";

	if (rule->port_low > 0 || rule->port_high < UINT16_MAX)
		snprintf(ports, sizeof(ports), ", ports %u-%u", rule->port_low, rule->port_high);
	if (rule->vlan != WIRE_VLAN_ANY)
		snprintf(vlan, sizeof(vlan), ", VLAN %u", rule->vlan);
	prefix_format(&rule->prefix.address, rule->prefix.plen, prefix, sizeof(prefix));
	snprintf(out, size, "%s%s%s", prefix, ports, vlan);
	return out;
}

static void say_customer(json_t *rows, const struct question *question)
{
	char rule[160], members[400];

	if (!question->about.from)
		return;
	if (question->rule != NULL)
		say(rows, "customer", question->customer->name, "its source %s is the closest that fits",
		    rule_text(question->rule, rule, sizeof(rule)));
	else if (question->member != NULL)
		say(rows, "customer", question->customer->name, "the pool %s is a member of", question->member);
	else if (question->customer != NULL)
		say(rows, "customer", question->customer->name, "asked for by its name");
	else
		say(rows, "customer", "unknown", "no customer has that source");
	if (question->customer == NULL || question->customer->members.count == 0)
		return;
	snprintf(rule, sizeof(rule), "%zu customers", question->customer->members.count);
	say(rows, "pool", rule, "nothing tells them apart: %s",
	    pool_text(question->customer, members, sizeof(members)));
}

static void say_tier(json_t *rows, const struct daemon *daemon, const struct question *question)
{
	const struct customer *customer = question->customer;
	char place[64], needs[160];

	if (customer == NULL || !question->about.from)
		return;
	tier_text(&daemon->config->tiers, customer_place(customer), place, sizeof(place));
	standings_text(daemon, customer, needs, sizeof(needs));
	if (needs[0] == '\0' && customer->standing != NULL && customer->standing->by_hand)
		snprintf(needs, sizeof(needs), "put there by hand");
	else if (needs[0] == '\0' && customer_place(customer).tier != (enum tier)customer->tier)
		snprintf(needs, sizeof(needs), "it has passed its warm-up");
	else if (needs[0] == '\0')
		snprintf(needs, sizeof(needs), "as it is configured or imported");
	say(rows, "tier", place, "%s", needs);
}

/* A rule tells it; by name a customer may have mail of both. */
static void say_stream(json_t *rows, const struct daemon *daemon, const struct question *question)
{
	if (question->rule == NULL)
		return;
	if (question->rule->stream == STREAM_TRANSACTIONAL)
		say(rows, "stream", stream_name[STREAM_TRANSACTIONAL], "its source says so: it goes before bulk");
	else
		say(rows, "stream", stream_name[STREAM_BULK], "sure of %llu %% beside transactional mail",
		    (unsigned long long)daemon->config->settings.bulk_minimum);
}

static void say_provider(json_t *rows, const struct daemon *daemon, const struct question *question)
{
	const char *name = policy_provider(&daemon->policy, question->about.provider);
	const struct receiver *receiver = &question->receiver;
	char prefix[64];

	if (!question->about.to)
		return;
	prefix_format(&receiver->prefix.address, receiver->prefix.plen, prefix, sizeof(prefix));
	if (!question->about.has_remote)
		say(rows, "provider", name, "asked for by its name");
	else if (receiver->provider == ID_UNKNOWN)
		say(rows, "provider", name, "no provider has that address: none configured, none in DNS's answers");
	else if (receiver->resolved)
		say(rows, "provider", name, "%s is in DNS's answers for its names", prefix);
	else
		say(rows, "provider", name, "%s is among its addresses", prefix);
}

static void say_verdict(json_t *rows, const struct daemon *daemon, const struct explanation *explanation)
{
	const struct decision *verdict = explanation->verdict;
	char value[64];

	for (int scope = 0; scope < SCOPES; scope++) {
		const struct decision *decision =
			explanation->has[scope] ? ledger_verdict(&daemon->ledger, &explanation->key[scope]) : NULL;
		if (decision == NULL)
			continue;
		snprintf(value, sizeof(value), "quarantine (%llu)", (unsigned long long)decision->id);
		say(rows, decision->scope, value, "%s, by %s%s", decision->reason, decision->author,
		    decision == verdict ? "; it counts: the most specific of those that hold it" : "");
	}
	if (explanation->denied)
		say(rows, "configuration", "deny (0)", "%s", explanation->reason);
	if (verdict == NULL && !explanation->denied)
		say(rows, "quarantine", "none", "no decision on any of its scopes refuses it");
}

static void brake_text(const struct policy *policy, uint32_t customer, const struct limited *limited, bool known,
		       char *out, size_t size)
{
	const struct scope_key key = policy_brake_key(customer);
	struct decision *const *on;
	size_t allowances = ledger_on(policy->ledger, &key, &on);
	int used = snprintf(out, size, "spike brake: usual is %.0f an hour%s", limited->usual,
			    known && limited->left == 0 ? "; it holds" : "");

	if (allowances > 0)
		snprintf(out + used, size - (size_t)used, "; more by decision %llu", (unsigned long long)on[0]->id);
}

/* That there was nothing bad, or that there was nothing to be seen. */
static void say_replies(json_t *rows, const struct policy *policy, const struct explanation *explanation,
			const struct rows *meters)
{
	char scope[SCOPE_TEXT_MAX], what[SCOPE_TEXT_MAX + 24], text[REPLIES_TEXT_MAX];

	for (uint32_t i = 0; meters != NULL && i < meters->count; i++) {
		const struct wire_ROW_METER *meter = (const struct wire_ROW_METER *)meters->row + i;
		const struct replies replies = replies_of(meter->messages, meter->inferred, meter->declined);
		enum scope of = meter->key.scope;
		if ((of != SCOPE_CUSTOMER && of != SCOPE_PROVIDER && of != SCOPE_CUSTOMER_PROVIDER) ||
		    replies_text(&replies, text, sizeof(text))[0] == '\0')
			continue;
		snprintf(what, sizeof(what), "%s replies",
			 explain_scope(policy, explanation, of, scope, sizeof(scope)));
		say(rows, what, text, "%s", replies_meaning(&replies));
	}
}

static void say_limit(json_t *rows, const struct policy *policy, const struct explanation *explanation,
		      const struct limited *limited, bool known)
{
	char scope[SCOPE_TEXT_MAX], what[SCOPE_TEXT_MAX + 24], limit[96], value[160], wait[32] = "", why[128];

	explain_scope(policy, explanation, limited->scope, scope, sizeof(scope));
	limit_format(limited->kind, &limited->limit, limit, sizeof(limit));
	snprintf(what, sizeof(what), "%s %s", scope, limit_kind_name[limited->kind]);
	if (limited->wait_ns > 0 && limited->wait_ns != UINT64_MAX)
		snprintf(wait, sizeof(wait), ", one in %.1f ms", (double)limited->wait_ns / 1e6);
	if (!known)
		snprintf(value, sizeof(value), "? of %s", limit);
	else if (limited->kind == LIMIT_CONNECTIONS)
		snprintf(value, sizeof(value), "%llu of %s", (unsigned long long)limited->used, limit);
	else
		snprintf(value, sizeof(value), "%s: %llu left%s", limit, (unsigned long long)limited->left, wait);
	if (limited->brake)
		brake_text(policy, explanation->key[limited->scope].customer, limited, known, why, sizeof(why));
	else if (limited->decision != NULL)
		snprintf(why, sizeof(why), "decision %llu by %s", (unsigned long long)limited->decision->id,
			 limited->decision->author);
	else
		snprintf(why, sizeof(why), "configured%s",
			 limited->tier ? " for each of its tier" : (limited->each ? " for each" : ""));
	say(rows, what, value, "%s", why);
}

static json_t *limits_of(const struct policy *policy, const struct explanation *explanation, bool known)
{
	json_t *list = json_array();
	char scope[SCOPE_TEXT_MAX], limit[96];

	for (unsigned i = 0; i < explanation->count; i++) {
		const struct limited *limited = &explanation->limited[i];
		json_t *row = json_pack("{s:s, s:s, s:s, s:b}", "scope",
					explain_scope(policy, explanation, limited->scope, scope, sizeof(scope)),
					"kind", limit_kind_name[limited->kind], "limit",
					limit_format(limited->kind, &limited->limit, limit, sizeof(limit)), "each",
					limited->each);
		json_object_set_new(row, "brake", json_boolean(limited->brake));
		json_object_set_new(row, "decision",
				    limited->decision != NULL ? json_integer((json_int_t)limited->decision->id)
							      : json_null());
		json_object_set_new(row, "left", known ? json_integer((json_int_t)limited->left) : json_null());
		json_object_set_new(row, "ready_ms",
				    known && limited->wait_ns != UINT64_MAX ? json_real((double)limited->wait_ns / 1e6)
									    : json_null());
		json_array_append_new(list, row);
	}
	return list;
}

static const char *const outcome_name[] = {
	[OUTCOME_ADMITTED] = "admitted", [OUTCOME_WAITS] = "waits", [OUTCOME_REFUSED] = "refused"
};

/* The sentence somebody asked for. */
static void say_next(const struct daemon *daemon, const struct explanation *explanation, char *out, size_t size)
{
	const struct limited *longest = explanation->longest;
	char scope[SCOPE_TEXT_MAX] = "", hold[32];

	duration_format(daemon->config->settings.max_hold, hold, sizeof(hold));
	if (longest != NULL)
		explain_scope(&daemon->policy, explanation, longest->scope, scope, sizeof(scope));
	if (explanation->verdict != NULL || explanation->denied)
		snprintf(out, size, "the next connection is refused at once: %s (decision %llu)", explanation->reason,
			 (unsigned long long)(explanation->verdict != NULL ? explanation->verdict->id : 0));
	else if (longest == NULL)
		snprintf(out, size, "the next connection is admitted at once");
	else if (longest->kind == LIMIT_CONNECTIONS)
		snprintf(out, size, "the next connection %s: %s has no slot free; after %s it is refused",
			 longest->limit.amount == 0 ? "is refused" : "waits for a slot", scope, hold);
	else
		snprintf(out, size, "the next connection waits %.1f ms for %s of %s%s%s",
			 (double)longest->wait_ns / 1e6, limit_kind_name[longest->kind], scope,
			 explanation->outcome == OUTCOME_REFUSED
				 ? "; that is longer than max-hold, so it is refused after "
				 : "",
			 explanation->outcome == OUTCOME_REFUSED ? hold : "");
}

/* `rows` NULL: the gate is away. */
static void tell(void *context, const struct rows *meters)
{
	struct request *request = context;
	struct question *question = request->work;
	struct explanation *explanation = &question->explanation;
	const struct daemon *daemon = request->daemon;
	json_t *rows = json_array(), *reply = rows_reply(rows);
	char next[512];

	explain_use(explanation, meters != NULL ? meters->row : NULL, meters != NULL ? meters->count : 0,
		    daemon->config->settings.max_hold);
	say_customer(rows, question);
	say_tier(rows, daemon, question);
	say_stream(rows, daemon, question);
	say_provider(rows, daemon, question);
	say_verdict(rows, daemon, explanation);
	for (unsigned i = 0; i < explanation->count; i++)
		say_limit(rows, &daemon->policy, explanation, &explanation->limited[i], meters != NULL);
	say_replies(rows, &daemon->policy, explanation, meters);
	say_next(daemon, explanation, next, sizeof(next));
	json_object_set_new(reply, "message",
			    json_string(meters != NULL ? next : "the gate is not connected: it knows what is used"));
	json_object_set_new(reply, "customer",
			    question->about.from
				    ? json_string(policy_customer(&daemon->policy, question->about.customer))
				    : json_null());
	row_tier(reply, daemon->config, question->about.from ? question->customer : NULL);
	json_object_set_new(reply, "provider",
			    question->about.to ? json_string(policy_provider(&daemon->policy, question->about.provider))
					       : json_null());
	json_object_set_new(reply, "decision",
			    explanation->verdict != NULL ? json_integer((json_int_t)explanation->verdict->id)
							 : json_null());
	json_object_set_new(reply, "next",
			    meters != NULL ? json_string(outcome_name[explanation->outcome]) : json_null());
	json_object_set_new(reply, "limits", limits_of(&daemon->policy, explanation, meters != NULL));
	request_reply(request, reply);
}

static void set_source(const struct daemon *daemon, const struct sender *sender, struct question *question)
{
	question->about.has_source = question->about.from = true;
	question->about.source = sender->address;
	question->rule = whose_source(daemon->config, sender, &question->customer);
	question->about.customer = question->rule != NULL ? question->customer->id : ID_UNKNOWN;
}

static void set_remote(const struct daemon *daemon, const struct address *address, struct question *question)
{
	question->about.has_remote = question->about.to = true;
	question->about.remote = *address;
	whose_remote(&daemon->policy, address, &question->receiver);
	question->about.provider = question->receiver.provider;
}

/* A source with its port, an address of either side, or a customer's name. */
static bool set_subject(struct request *request, struct question *question)
{
	const struct daemon *daemon = request->daemon;
	const char *text = request_text(request, "subject");
	struct sender sender = { 0 };
	struct endpoint endpoint;

	sender.vlan = (uint16_t)request_count(request, "vlan", 0);
	if (endpoint_parse(text, &endpoint) == 0) {
		sender.address = endpoint.address;
		sender.port = endpoint.port;
		set_source(daemon, &sender, question);
		return true;
	}
	if (address_parse(text, &sender.address) == 0) {
		set_source(daemon, &sender, question);
		/* An address no customer sends from, and a provider has, is one to send to. */
		struct receiver receiver;
		if (question->rule != NULL || !whose_remote(&daemon->policy, &sender.address, &receiver))
			return true;
		question->about = (struct about){ 0 };
		set_remote(daemon, &sender.address, question);
		return true;
	}
	question->customer = config_customer(daemon->config, text);
	if (question->customer == NULL) {
		question->customer = pool_of(daemon->config, text);
		question->member = question->customer != NULL ? text : NULL;
	}
	question->about.from = true;
	question->about.customer = question->customer != NULL ? question->customer->id : ID_UNKNOWN;
	if (question->customer != NULL || strcmp(text, "unknown") == 0)
		return true;
	request_refuse(request, "subject", "\"%.60s\" is no customer, no address, and no address:port", text);
	return false;
}

static bool set_to(struct request *request, struct question *question)
{
	const char *text = request_text(request, "to");
	struct address address;

	if (text == NULL)
		return true;
	if (address_parse(text, &address) == 0) {
		set_remote(request->daemon, &address, question);
		return true;
	}
	const struct provider *provider = config_provider(request->daemon->config, text);
	question->about.to = true;
	question->about.provider = provider != NULL ? provider->id : ID_UNKNOWN;
	if (provider != NULL || strcmp(text, "unknown") == 0)
		return true;
	request_refuse(request, "to", "\"%.60s\" is no provider and no address", text);
	return false;
}

static bool set_domain(struct request *request, struct question *question)
{
	const char *text = request_text(request, "domain");
	char scope[SCOPE_TEXT_MAX], error[SCOPE_ERROR_MAX];

	if (text == NULL)
		return true;
	snprintf(scope, sizeof(scope), "domain:%.150s", text);
	question->about.domain = text;
	if (daemon_scope(request->daemon, scope, &question->about.domain_key, error) == 0)
		return true;
	request_refuse(request, "domain", "%s", error);
	return false;
}

void command_EXPLAIN(struct request *request)
{
	struct question *question = calloc(1, sizeof(*question));
	struct wire_QUERY query = { .what = QUERY_METERS, .exact = 1 };

	if (question == NULL) {
		request_refuse(request, NULL, "no memory");
		return;
	}
	request->work = question;
	request->drop = free;
	if (!set_subject(request, question) || !set_to(request, question) || !set_domain(request, question))
		return;
	explain_policy(&request->daemon->policy, &question->about, &question->explanation);
	memcpy(query.key, question->explanation.key, sizeof(query.key));
	if (link_query(request->daemon->link, &query, tell, request) < 0)
		tell(request, NULL);
}
