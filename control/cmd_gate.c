/* SPDX-License-Identifier: BSD-3-Clause */
/* What the gate says: status, flows, drops. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd_rows.h"
#include "commands_table.h"
#include "counters.h"
#include "daemon.h"
#include "units.h"

#define FLOW_ROWS 100

static void __attribute__((format(printf, 3, 4))) say(json_t *rows, const char *what, const char *format, ...)
{
	char text[256];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	json_array_append_new(rows, json_pack("{s:s, s:s}", "what", what, "value", text));
}

static void say_gate(json_t *rows, const struct wire_ROW_STATUS *gate)
{
	char uptime[32];

	say(rows, "gate uptime", "%s",
	    duration_format(gate->uptime_ns / 1000000000u * 1000000000u, uptime, sizeof(uptime)));
	say(rows, "gate tables", "%u identities, %u destinations, %u limits, %u decisions", gate->identities,
	    gate->destinations, gate->limits, gate->verdicts);
	say(rows, "SMTP", "%s", gate->ready ? "passes" : "waits for the tables");
	say(rows, "connections", "%llu of %llu", (unsigned long long)gate->flows, (unsigned long long)gate->flows_most);
	say(rows, "packets held", "%llu", (unsigned long long)gate->held);
	say(rows, "meters", "%llu of %llu", (unsigned long long)gate->meters, (unsigned long long)gate->meters_most);
	say(rows, "workers", "%u, busiest %.1f %%", gate->workers, gate->busy_permille / 10.0);
}

static void say_link(json_t *rows, const struct link_status *status)
{
	if (!status->connected)
		say(rows, "gate", "not connected; what it last had stays in force there%s%s",
		    status->error[0] != '\0' ? "; it said: " : "", status->error);
	else
		say(rows, "gate", "connected, pid %u", status->pid);
	say(rows, "generation", "%llu wanted, %llu enforced%s", (unsigned long long)status->wanted,
	    (unsigned long long)status->enforced, status->wanted == status->enforced ? "" : "  (not yet all)");
	if (status->enforced != 0)
		say(rows, "last publication", "%.3f ms to build and swap, %.3f ms until every worker saw it",
		    (double)status->publish_ns / 1e6, (double)status->quiesce_ns / 1e6);
}

static void say_daemon(json_t *rows, const struct daemon *daemon)
{
	int64_t seconds = (wall_ms() - daemon->started_ms) / 1000;
	char uptime[32];

	say(rows, "daemon", "pid %d, up %s", (int)getpid(),
	    duration_format((uint64_t)seconds * 1000000000u, uptime, sizeof(uptime)));
	say(rows, "decisions in force", "%zu", daemon->ledger.count);
	for (size_t i = 0; i < daemon->config->provider_count; i++) {
		const struct resolve_status *status = resolver_status(daemon->resolver, i);
		if (status->problem[0] != '\0')
			say(rows, "DNS", "provider %s: %s", daemon->config->providers[i].name, status->problem);
	}
}

static void tell_status(void *context, const struct rows *rows)
{
	struct request *request = context;
	json_t *list = json_array();

	say_link(list, link_status(request->daemon->link));
	if (rows != NULL && rows->count == 1)
		say_gate(list, rows->row);
	say_daemon(list, request->daemon);
	request_reply(request, rows_reply(list));
}

void command_STATUS(struct request *request)
{
	const struct wire_QUERY query = { .what = QUERY_STATUS };

	if (link_query(request->daemon->link, &query, tell_status, request) < 0)
		tell_status(request, NULL);
}

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

static json_t *flow_row(const struct policy *policy, const struct wire_ROW_FLOW *flow)
{
	return json_pack(
		"{s:s, s:s, s:o, s:o, s:s, s:s, s:b, s:i, s:i, s:i, s:I}", "customer",
		policy_customer(policy, flow->customer), "provider", policy_provider(policy, flow->provider), "source",
		endpoint(&flow->source, flow->source_port), "remote", endpoint(&flow->remote, flow->remote_port),
		"state", flow->state < FLOW_STATE_COUNT ? state_names[flow->state] : "?", "phase",
		flow->phase < PHASES ? phase_names[flow->phase] : "?", "tls", flow->tls, "age_ms", (int)flow->age_ms,
		"idle_ms", (int)flow->idle_ms, "held", flow->held, "bytes_out", (json_int_t)flow->bytes_out);
}

static void tell_flows(void *context, const struct rows *rows)
{
	struct request *request = context;
	json_t *list;

	if (rows == NULL) {
		request_refuse(request, NULL, "the gate went away while it was asked");
		return;
	}
	list = json_array();
	for (uint32_t i = 0; i < rows->count; i++)
		json_array_append_new(list,
				      flow_row(&request->daemon->policy, (const struct wire_ROW_FLOW *)rows->row + i));
	request_reply(request, rows_reply(list));
}

static bool set_filter(struct request *request, const char *field, const char *form, uint32_t *ret_id)
{
	const char *name = request_text(request, field);
	char scope[160], error[256] = "";
	struct scope_key key;

	if (name == NULL)
		return true;
	snprintf(scope, sizeof(scope), "%s%.100s", form, name);
	if (daemon_scope(request->daemon, scope, &key, error) < 0) {
		request_refuse(request, field, "%s", error);
		return false;
	}
	*ret_id = key.scope == SCOPE_CUSTOMER ? key.customer : key.provider;
	return true;
}

void command_FLOWS(struct request *request)
{
	struct wire_QUERY query = { .what = QUERY_FLOWS, .most = FLOW_ROWS, .customer = ID_ANY, .provider = ID_ANY };
	const char *most = request_text(request, "most");
	uint64_t rows = FLOW_ROWS;

	if (most != NULL && (count_parse(most, &rows) < 0 || rows == 0 || rows > 10000)) {
		request_refuse(request, "most", "\"%.40s\" is not a number from 1 to 10000", most);
		return;
	}
	query.most = (uint32_t)rows;
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
	const char *all = request_text(request, "all");
	bool every = all != NULL && strcmp(all, "yes") == 0;

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
