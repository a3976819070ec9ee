/* SPDX-License-Identifier: BSD-3-Clause */
/* How gate and daemon are: typed for programs, and the same as rows for people. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "api/route.h"
#include "brake/watch_volumes.h"
#include "clocks.h"
#include "commands/cmd_rows.h"
#include "commands/commands_table.h"
#include "counters.h"
#include "daemon.h"
#include "units.h"

#define SHARED_SHOWN 5

static void __attribute__((format(printf, 3, 4))) say(json_t *reply, const char *what, const char *format, ...)
{
	char text[320];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	text_ascii(text);
	json_array_append_new(json_object_get(reply, "rows"), json_pack("{s:s, s:s}", "what", what, "value", text));
}

static void set(json_t *reply, const char *name, uint64_t value)
{
	json_object_set_new(reply, name, json_integer((json_int_t)value));
}

/* "3min 5s ago"; "never". */
static char *ago(int64_t at_ms, char *out, size_t size)
{
	int64_t ms = wall_ms() - at_ms;
	char span[32];

	if (at_ms == 0)
		snprintf(out, size, "never");
	else
		snprintf(out, size, "%s ago", span_format(ms > 0 ? (uint64_t)ms * 1000000u : 0, span, sizeof(span)));
	return out;
}

static void say_gate(json_t *reply, const struct wire_ROW_STATUS *gate)
{
	char uptime[32];

	set(reply, "flows", gate->flows);
	set(reply, "flows_most", gate->flows_most);
	set(reply, "held", gate->held);
	set(reply, "meters", gate->meters);
	set(reply, "meters_most", gate->meters_most);
	set(reply, "workers", gate->workers);
	set(reply, "busy_permille", gate->busy_permille);
	say(reply, "gate uptime", "%s", span_format(gate->uptime_ns, uptime, sizeof(uptime)));
	say(reply, "gate tables", "%u identities, %u destinations, %u limits, %u decisions", gate->identities,
	    gate->destinations, gate->limits, gate->verdicts);
	say(reply, "SMTP", "%s", gate->ready ? "passes" : "waits for the tables");
	set(reply, "blind_permille", gate->blind_permille);
	if (gate->blind_permille > 0)
		say(reply, "BLIND", "%u %% on the way to the ceilings: the daemon was not heard for too long",
		    gate->blind_permille / 10);
	say(reply, "flow table", "%llu of %llu records", (unsigned long long)gate->flows,
	    (unsigned long long)gate->flows_most);
	say(reply, "packets held", "%llu", (unsigned long long)gate->held);
	say(reply, "meters", "%llu of %llu", (unsigned long long)gate->meters, (unsigned long long)gate->meters_most);
	say(reply, "workers", "%u, busiest %.1f %%", gate->workers, gate->busy_permille / 10.0);
}

/* Each change is a generation of its own. */
static void say_enforced(json_t *reply, const struct link_status *status)
{
	unsigned long long open = status->wanted - status->enforced;

	json_object_set_new(reply, "all_enforced", json_boolean(open == 0));
	if (open == 0)
		say(reply, "enforced", "all of it");
	else if (status->enforced == 0)
		say(reply, "enforced", "not yet: the gate %s", status->connected ? "is being told" : "is away");
	else
		say(reply, "enforced", "%llu change%s not yet enforced", open, open > 1 ? "s" : "");
}

static void say_link(json_t *reply, const struct link_status *status)
{
	char when[48], forced[256];

	json_object_set_new(reply, "connected", json_boolean(status->connected));
	json_object_set_new(reply, "ready", json_boolean(status->connected && status->ready));
	set(reply, "wanted", status->wanted);
	set(reply, "enforced", status->enforced);
	json_object_set_new(reply, "refusal", status->refusal[0] != '\0' ? json_string(status->refusal) : json_null());
	if (!status->connected)
		say(reply, "gate", "not connected; what it last had stays in force there%s%s",
		    status->error[0] == '\0' ? ""
		    : status->own_error	     ? "; "
					     : "; it said: ",
		    status->error);
	else
		say(reply, "gate", "connected, pid %u", status->pid);
	json_object_set_new(reply, "forced",
			    json_string(fault_names(status->connected ? status->forced : 0, forced, sizeof(forced))));
	if (status->connected && status->forced != 0)
		say(reply, "FORCED", "%s: the gate was started with --force, a test", forced);
	say_enforced(reply, status);
	if (status->enforced != 0)
		say(reply, "last publication", "%.3f ms to build and swap, %.3f ms until every worker saw it",
		    (double)status->publish_ns / 1e6, (double)status->quiesce_ns / 1e6);
	if (status->refusal[0] != '\0')
		say(reply, "last refusal", "%s, %s", status->refusal, ago(status->refused_ms, when, sizeof(when)));
}

static void say_lookup(json_t *reply, json_t *list, const char *name, const struct resolve_status *status,
		       size_t addresses)
{
	char what[96], when[48], problem[sizeof(status->problem)];

	snprintf(what, sizeof(what), "DNS %s", name);
	snprintf(problem, sizeof(problem), "%s", status->problem);
	text_ascii(problem);
	say(reply, what, "%zu address%s, answered %s%s%s", addresses, addresses == 1 ? "" : "es",
	    ago(status->resolved_ms, when, sizeof(when)), problem[0] != '\0' ? "; " : "", problem);
	json_object_set_new(list, name,
			    json_pack("{s:I, s:o, s:s}", "addresses", (json_int_t)addresses, "resolved",
				      row_time(status->resolved_ms), "problem", problem));
}

static void say_dns(json_t *reply, const struct daemon *daemon)
{
	const struct config *config = daemon->config;
	json_t *list = json_object();

	for (size_t i = 0; i < config->provider_count; i++) {
		const struct provider *provider = &config->providers[i];
		size_t addresses = resolver_sets(daemon->resolver)[i].count;
		if (provider->domains.count + provider->hosts.count + addresses > 0)
			say_lookup(reply, list, provider->name, resolver_status(daemon->resolver, i), addresses);
	}
	json_object_set_new(reply, "dns", list);
	char problem[sizeof(((struct resolve_status *)0)->problem)];
	snprintf(problem, sizeof(problem), "%s", resolver_status(daemon->resolver, config->provider_count)->problem);
	text_ascii(problem);
	if (problem[0] != '\0')
		say(reply, "DNS domains", "%s", problem);
}

struct sharing {
	json_t *reply;
	const struct daemon *daemon;
	uint64_t count;
};

static void say_shared(void *context, const struct prefix *prefix, size_t owner, size_t provider)
{
	struct sharing *sharing = context;
	const struct provider *providers = sharing->daemon->config->providers;
	char text[64];

	if (sharing->count++ < SHARED_SHOWN)
		say(sharing->reply, "shared address", "%s of provider %s is %s's too, and counts as %s's",
		    prefix_format(&prefix->address, prefix->plen, text, sizeof(text)), providers[provider].name,
		    providers[owner].name, providers[owner].name);
}

static void say_reload(json_t *reply, const struct reload *reload)
{
	char when[48];

	json_object_set_new(reply, "reload",
			    reload->at_ms != 0
				    ? json_pack("{s:o, s:b}", "at", row_time(reload->at_ms), "taken", reload->taken)
				    : json_null());
	if (reload->at_ms != 0)
		say(reply, "last reload", "%s, %s", ago(reload->at_ms, when, sizeof(when)),
		    reload->taken ? "taken" : "NOT taken: the log says what is wrong");
}

static void say_brake(json_t *reply, const struct daemon *daemon)
{
	const struct volumes_held held = volumes_held(daemon->volumes);

	switch ((enum brake_mode)daemon->config->settings.brake_mode) {
	case BRAKE_LEARN:
		say(reply, "spike brake", "learns what is usual: %zu customers are known; it holds nobody",
		    daemon->brakes.count);
		break;
	case BRAKE_HOLD:
		say(reply, "spike brake", "holds %zu of %zu customers that are known, %llu times since the start",
		    held.now, daemon->brakes.count, (unsigned long long)held.ever);
		break;
	default:
		break;
	}
}

static void say_daemon(json_t *reply, const struct daemon *daemon)
{
	struct sharing sharing = { reply, daemon, 0 };
	int64_t ms = wall_ms() - daemon->started_ms;
	char uptime[32];

	json_object_set_new(reply, "version", json_string(SLUICE_VERSION));
	set(reply, "decisions", daemon->ledger.count);
	set(reply, "alarms", daemon->alarms.count);
	say(reply, "alarms", daemon->alarms.count > 0 ? "%zu ON: sluicectl alarms" : "%zu", daemon->alarms.count);
	say(reply, "daemon", "version %s, pid %d, up %s", SLUICE_VERSION, (int)getpid(),
	    span_format(ms > 0 ? (uint64_t)ms * 1000000u : 0, uptime, sizeof(uptime)));
	say(reply, "decisions in force", "%zu", daemon->ledger.count);
	say_brake(reply, daemon);
	say_reload(reply, &daemon->reload);
	say_dns(reply, daemon);
	policy_shared(&daemon->policy, say_shared, &sharing);
	set(reply, "shared_addresses", sharing.count);
}

/* The last part: what an operator should look at. */
static void tell_faults(void *context, const struct rows *rows)
{
	struct request *request = context;
	json_t *reply = request->reply, *faults = json_object();
	const struct wire_ROW_COUNTERS *row = rows != NULL && rows->count == 1 ? rows->row : NULL;

	request->reply = NULL;
	for (int i = 0; row != NULL && i < COUNTERS; i++) {
		if (counter_rows[i].class != CLASS_FAULT || row->counter[i] == 0)
			continue;
		set(faults, counter_rows[i].name, row->counter[i]);
		say(reply, "fault", "%s: %llu, %s", counter_rows[i].name, (unsigned long long)row->counter[i],
		    counter_rows[i].help);
	}
	json_object_set_new(reply, "faults", row != NULL ? json_incref(faults) : json_null());
	json_decref(faults);
	request_reply(request, reply);
}

static void tell_status(void *context, const struct rows *rows)
{
	const struct wire_QUERY query = { .what = QUERY_COUNTERS };
	struct request *request = context;

	request->reply = rows_reply(json_array());
	say_link(request->reply, link_status(request->daemon->link));
	if (rows != NULL && rows->count == 1)
		say_gate(request->reply, rows->row);
	say_daemon(request->reply, request->daemon);
	if (link_query(request->daemon->link, &query, tell_faults, request) < 0)
		tell_faults(request, NULL);
}

void command_STATUS(struct request *request)
{
	const struct wire_QUERY query = { .what = QUERY_STATUS };

	if (link_query(request->daemon->link, &query, tell_status, request) < 0)
		tell_status(request, NULL);
}
