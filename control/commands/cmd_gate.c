/* SPDX-License-Identifier: BSD-3-Clause */
/* What only the gate knows: flows, drops. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands/cmd_rows.h"
#include "commands/commands_table.h"
#include "commands/pools.h"
#include "counters.h"
#include "customers/customer_text.h"
#include "customers/pool.h"
#include "daemon.h"
#include "dns/domains.h"
#include "histogram.h"
#include "ledger/scope_text.h"
#include "units.h"

#define FLOW_ROWS 100

static void ask_gate(struct request *request, const struct wire_QUERY *query,
		     void (*done)(void *context, const struct rows *rows))
{
	int ret = link_query(request->daemon->link, query, done, request);

	if (ret < 0)
		request_refuse(request, NULL, "%s",
			       ret == -ENOTCONN ? "the gate is not connected, and only it knows" : strerror(-ret));
}

static const char *const state_names[FLOW_STATE_COUNT] = {
#define X(name, text) [FLOW_##name] = text,
	FLOW_STATES(X)
#undef X
};

static const char *const phase_names[PHASES] = {
	[PHASE_SYN] = "syn",   [PHASE_BANNER] = "banner", [PHASE_COMMAND] = "command", [PHASE_TLS_START] = "tls-start",
	[PHASE_BODY] = "body",
};

static json_t *endpoint(const struct address *address, uint16_t port)
{
	char host[64], text[80];

	address_format(address, host, sizeof(host));
	snprintf(text, sizeof(text), strchr(host, ':') != NULL ? "[%s]:%u" : "%s:%u", host, port);
	return json_string(text);
}

/* Domains by the names people have for them. */
struct names {
	struct known_domain *known;
	size_t count;
};

static const char *const way_names[DOMAIN_WAY_COUNT] = {
#define X(name, text) [DOMAIN_##name] = text,
	DOMAIN_WAYS(X)
#undef X
};

static json_t *flow_row(const struct policy *policy, const struct names *names, const struct wire_ROW_FLOW *flow,
			struct pools_seen *seen)
{
	const struct customer *customer = config_customer_of(policy->config, flow->customer);
	char members[128] = "";

	if (customer != NULL)
		pool_text(customer, members, sizeof(members));
	pools_see(seen, customer);
	return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:s, s:s, s:s, s:s, s:b, s:I, s:I, s:i, s:I, s:I, s:I}",
			 "customer", policy_customer(policy, flow->customer), "members", members, "stream",
			 flow->stream < STREAMS ? stream_name[flow->stream] : "?", "provider",
			 policy_provider(policy, flow->provider), "source", endpoint(&flow->source, flow->source_port),
			 "remote", endpoint(&flow->remote, flow->remote_port), "domain",
			 domains_name(names->known, names->count, flow->domain), "domain_by",
			 flow->domain_way < DOMAIN_WAY_COUNT ? way_names[flow->domain_way] : "?", "state",
			 flow->state < FLOW_STATE_COUNT ? state_names[flow->state] : "?", "phase",
			 flow->phase < PHASES ? phase_names[flow->phase] : "?", "tls", flow->tls, "age_ms",
			 (json_int_t)flow->age_ms, "idle_ms", (json_int_t)flow->idle_ms, "held", flow->held, "messages",
			 (json_int_t)flow->messages, "inferred", (json_int_t)flow->inferred, "bytes_out",
			 (json_int_t)flow->bytes_out);
}

/* One more than is shown was asked for, so as to know whether there is one. */
static void tell_flows(void *context, const struct rows *rows)
{
	struct request *request = context;
	uint64_t most = request_count(request, "most", FLOW_ROWS);
	char text[96];

	if (rows == NULL) {
		request_refuse(request, NULL, "the gate went away while it was asked");
		return;
	}
	json_t *list = json_array(), *reply = rows_reply(list);
	struct pools_seen seen = { 0 };
	struct names names;
	names.known = domains_known(request->daemon->config, &request->daemon->ledger, &names.count);
	for (uint32_t i = 0; i < rows->count && i < most; i++)
		json_array_append_new(list, flow_row(&request->daemon->policy, &names,
						     (const struct wire_ROW_FLOW *)rows->row + i, &seen));
	free(names.known);
	json_object_set_new(reply, "cut", json_boolean(rows->count > most));
	if (rows->count > most) {
		snprintf(text, sizeof(text), "only %llu of them; --most N shows more", (unsigned long long)most);
		request_add_message(reply, text);
	}
	pools_mention(reply, &seen);
	request_reply(request, reply);
}

static bool set_filter(struct request *request, const char *field, const char *form, uint32_t *ret_id)
{
	const char *name = request_text(request, field);
	char scope[160], error[256] = "", member[CUSTOMER_NAME_MOST + 1];
	struct scope_key key;

	if (name == NULL)
		return true;
	snprintf(scope, sizeof(scope), "%s%.100s", form, name);
	pool_in_scope(request->daemon->config, scope, sizeof(scope), member);
	if (daemon_scope(request->daemon, scope, &key, error) < 0) {
		request_refuse(request, field, "%s", error);
		return false;
	}
	*ret_id = key.scope == SCOPE_CUSTOMER ? key.customer : key.provider;
	return true;
}

void command_FLOWS(struct request *request)
{
	struct wire_QUERY query = { .what = QUERY_FLOWS, .customer = ID_ANY, .provider = ID_ANY };

	query.most = (uint32_t)request_count(request, "most", FLOW_ROWS) + 1;
	query.waiting = request_flag(request, "waiting");
	if (set_filter(request, "customer", "customer:", &query.customer) &&
	    set_filter(request, "provider", "provider:", &query.provider))
		ask_gate(request, &query, tell_flows);
}

static const char *const class_names[] = {
	[CLASS_TRAFFIC] = "traffic", [CLASS_DROP] = "drop", [CLASS_REFUSE] = "refuse",
	[CLASS_CUT] = "cut",	     [CLASS_HOLD] = "hold", [CLASS_FAULT] = "fault",
};

static void tell_drops(void *context, const struct rows *rows)
{
	struct request *request = context;
	bool every = request_flag(request, "all");

	if (rows == NULL || rows->count != 1) {
		request_refuse(request, NULL, "the gate went away while it was asked");
		return;
	}
	const struct wire_ROW_COUNTERS *row = rows->row;
	json_t *list = json_array();
	for (int i = 0; i < COUNTERS; i++) {
		if (!every && (row->counter[i] == 0 || counter_rows[i].class == CLASS_TRAFFIC))
			continue;
		json_array_append_new(list,
				      json_pack("{s:s, s:s, s:I, s:s}", "class", class_names[counter_rows[i].class],
						"name", counter_rows[i].name, "count", (json_int_t)row->counter[i],
						"help", counter_rows[i].help));
	}
	request_reply(request, rows_reply(list));
}

void command_DROPS(struct request *request)
{
	const struct wire_QUERY query = { .what = QUERY_COUNTERS };

	ask_gate(request, &query, tell_drops);
}

static const char *const unit_names[WAIT_UNIT_COUNT] = {
#define X(name, text) [WAIT_##name] = text,
	WAIT_UNITS(X)
#undef X
};

static json_t *wait_row(const struct wire_ROW_WAITS *row)
{
	json_t *json = json_pack("{s:s, s:s, s:I, s:I}", "unit", unit_names[row->unit], "scope",
				 scope_kind_name[row->scope], "waited", (json_int_t)histogram_total(row->cell),
				 "max_us", (json_int_t)(row->most_ns / 1000));
	static const struct {
		const char *name;
		unsigned permille;
	} quantiles[] = { { "p50_us", 500 }, { "p90_us", 900 }, { "p99_us", 990 } };

	for (size_t i = 0; i < sizeof(quantiles) / sizeof(quantiles[0]); i++) {
		uint64_t ns = histogram_quantile(row->cell, row->most_ns, quantiles[i].permille);
		json_object_set_new(json, quantiles[i].name, json_integer((json_int_t)(ns / 1000)));
	}
	return json;
}

/* Only where something waited. */
static void tell_waits(void *context, const struct rows *rows)
{
	struct request *request = context;
	json_t *list = json_array();

	for (uint32_t i = 0; rows != NULL && i < rows->count; i++) {
		const struct wire_ROW_WAITS *row = (const struct wire_ROW_WAITS *)rows->row + i;
		if (row->unit < WAIT_UNIT_COUNT && row->scope < SCOPES && histogram_total(row->cell) > 0)
			json_array_append_new(list, wait_row(row));
	}
	if (rows != NULL) {
		request_reply(request, rows_reply(list));
		return;
	}
	json_decref(list);
	request_refuse(request, NULL, "the gate went away while it was asked");
}

void command_WAITS(struct request *request)
{
	const struct wire_QUERY query = { .what = QUERY_WAITS };

	ask_gate(request, &query, tell_waits);
}
