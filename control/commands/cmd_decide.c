/* SPDX-License-Identifier: BSD-3-Clause */
/* Orders: quarantine, limit. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "clocks.h"
#include "commands/cmd_rows.h"
#include "commands/commands_table.h"
#include "commands/pools.h"
#include "commands/stop.h"
#include "commands/until.h"
#include "customers/customer_text.h"
#include "customers/pool.h"
#include "daemon.h"
#include "decide.h"
#include "ledger/precedence.h"
#include "ledger/scope_text.h"
#include "units.h"

#define QUARANTINE_NS (86400ull * 1000000000u) /* when --for is not given */
#define ALLOW_NS QUARANTINE_NS		       /* the same of an allowance */
#define FOR_MOST_NS (366 * 86400ull * 1000000000u)

/* Sets created and expires; false when it was refused. */
static bool set_times(struct request *request, struct decision *decision, uint64_t default_ns)
{
	const char *text = request_text(request, "for");
	uint64_t ns = default_ns;

	if (text != NULL && (duration_parse(text, &ns) < 0 || ns == 0 || ns > FOR_MOST_NS)) {
		request_refuse(request, "for", "\"%.40s\" is not a duration up to 366d, such as 30min, 24h or 7d",
			       text);
		return false;
	}
	decision->created_ms = wall_ms();
	decision->expires_ms = ns != 0 ? decision->created_ms + (int64_t)(ns / 1000000) : 0;
	return true;
}

/* A pool's member stands for its pool, if that is agreed to. */
static bool set_scope(struct request *request, struct decision *decision, const char *field, const char *text)
{
	char error[SCOPE_ERROR_MAX] = "too long for a scope", member[CUSTOMER_NAME_MOST + 1];
	const struct customer *pool = NULL;

	if (scope_complete(text, decision->scope, sizeof(decision->scope))) {
		pool = pool_in_scope(request->daemon->config, decision->scope, sizeof(decision->scope), member);
		if (daemon_scope(request->daemon, decision->scope, &decision->key, error) == 0)
			return pool == NULL || pools_agree(request, pool, member);
	}
	request_refuse(request, field, "%s", error);
	return false;
}

/* Whose mail it is on; NULL: nobody's alone. */
static const struct customer *customer_of(const struct daemon *daemon, const struct decision *decision)
{
	const struct scope_key *key = &decision->key;

	return key->scope == SCOPE_CUSTOMER || key->scope == SCOPE_CUSTOMER_PROVIDER
		       ? config_customer_of(daemon->config, key->customer)
		       : NULL;
}

/* What the order came to beside others on its scope: in whose place it is, and what is stricter; "" for nothing. */
static void say_beside(const struct daemon *daemon, const struct decision *decision, char *out, size_t size)
{
	struct decision *const *on;
	size_t count = ledger_on(&daemon->ledger, &decision->key, &on), used = strlen(out);
	const struct decision *verdict = precedence_verdict(on, count);
	char until[32] = "";

	if (decision->action == DECIDE_QUARANTINE) {
		for (size_t i = 0; i < count; i++)
			if (on[i]->action == DECIDE_QUARANTINE && on[i]->id != decision->id && used < size)
				used += (size_t)snprintf(
					out + used, size - used, "; quarantined already by decision %llu, until %s",
					(unsigned long long)on[i]->id,
					on[i]->expires_ms == 0 ? "released"
							       : time_text(on[i]->expires_ms, until, sizeof(until)));
		return;
	}
	if (verdict != NULL)
		used += (size_t)snprintf(out + used, size - used, "; decision %llu holds it quarantined",
					 (unsigned long long)verdict->id);
	for (int kind = 0; kind < LIMIT_KINDS && used < size; kind++) {
		const struct decision *counts = precedence_limit(on, count, kind);
		if (decision->limits.has & 1u << kind && counts != NULL && counts->id != decision->id)
			used += (size_t)snprintf(out + used, size - used,
						 "; %s stays as decision %llu has it, which is stricter",
						 limit_kind_name[kind], (unsigned long long)counts->id);
	}
}

/* Stores it and answers when it is enforced. */
static void decide(struct request *request, struct decision *decision, const char *what)
{
	const char *reason = request_text(request, "reason"), *incident = request_text(request, "incident");
	char message[512], until[32], beside[768] = "";
	struct hits hits = { 0 };

	if (decision->action != DECIDE_ALLOW)
		hits_of_scope(request->daemon, &decision->key, &hits);
	if (stop_order(request, &hits))
		return;

	snprintf(decision->reason, sizeof(decision->reason), "%s", reason != NULL ? reason : "");
	snprintf(decision->incident, sizeof(decision->incident), "%s", incident != NULL ? incident : "");
	snprintf(decision->author, sizeof(decision->author), "%s", request->author);
	int ret = daemon_decide(request->daemon, decision);
	if (ret < 0) {
		request_refuse(request, NULL, "not stored, and not in force: %s", strerror(-ret));
		return;
	}
	if (decision->supersedes != 0)
		snprintf(beside, sizeof(beside), "; in place of decision %llu",
			 (unsigned long long)decision->supersedes);
	say_beside(request->daemon, decision, beside, sizeof(beside));
	time_text(decision->expires_ms, until, sizeof(until));
	snprintf(message, sizeof(message), "%s %s%s%s (decision %llu)", decision->scope, what,
		 until[0] != '\0' ? " until " : "", until, (unsigned long long)decision->id);
	json_t *reply = json_pack("{s:b, s:I, s:s}", "ok", 1, "decision", (json_int_t)decision->id, "message", message);
	pools_tell(reply, customer_of(request->daemon, decision), beside, sizeof(beside));
	json_object_set_new(reply, "note", json_string(beside));
	request_when_enforced(request, reply, decision->generation);
}

void command_QUARANTINE(struct request *request)
{
	const char *customer = request_text(request, "customer"), *provider = request_text(request, "provider");
	struct decision decision = { .action = DECIDE_QUARANTINE };
	char scope[SCOPE_TEXT_MAX];

	snprintf(scope, sizeof(scope), "customer:%.80s%s%.80s", customer, provider != NULL ? "/provider:" : "",
		 provider != NULL ? provider : "");
	if (set_scope(request, &decision, "customer", scope) && set_times(request, &decision, QUARANTINE_NS))
		decide(request, &decision, "quarantined");
}

static bool set_limits(struct request *request, struct decision *decision)
{
	json_t *settings = json_object_get(request->args, "setting"), *setting;
	size_t index, used = 0;

	json_array_foreach(settings, index, setting)
	{
		const char *text = json_string_value(setting), *expected = decision_setting(text, &decision->limits);
		if (expected != NULL) {
			request_refuse(request, "setting", "\"%.60s\": expected %s", text, expected);
			return false;
		}
		used += (size_t)snprintf(decision->values + used, sizeof(decision->values) - used, "%s%s",
					 used > 0 ? ";" : "", text);
		if (used < sizeof(decision->values))
			continue;
		request_refuse(request, "setting", "too many settings");
		return false;
	}
	return true;
}

void command_LIMIT(struct request *request)
{
	struct decision decision = { .action = DECIDE_LIMIT };

	if (set_scope(request, &decision, "scope", request_text(request, "scope")) && set_limits(request, &decision) &&
	    set_times(request, &decision, 0))
		decide(request, &decision, "limited");
}

/* --until instead of --for. */
static bool set_until(struct request *request, struct decision *decision)
{
	const char *text = request_text(request, "until");
	const int64_t now_ms = wall_ms(), most_ms = now_ms + (int64_t)(FOR_MOST_NS / 1000000);

	if (text == NULL)
		return set_times(request, decision, ALLOW_NS);
	if (request_text(request, "for") != NULL) {
		request_refuse(request, "until", "either --for or --until");
		return false;
	}
	decision->created_ms = now_ms;
	if (until_parse(text, now_ms, &decision->expires_ms) == 0 && decision->expires_ms <= most_ms)
		return true;
	request_refuse(request, "until",
		       "\"%.40s\" is no time to come within 366d, such as 18:00 or 2026-11-30T18:00Z (UTC)", text);
	return false;
}

static void set_allowance(struct request *request, struct decision *decision)
{
	const char *unit = request_text(request, "unit");
	uint64_t amount = request_count(request, "amount", 0);

	snprintf(decision->values, sizeof(decision->values), "%s=%llu", unit, (unsigned long long)amount);
	decision_values(decision);
	decision->key = decision_key(DECIDE_ALLOW, &decision->key);
}

void command_ALLOW(struct request *request)
{
	struct decision decision = { .action = DECIDE_ALLOW };
	char scope[SCOPE_TEXT_MAX], what[128];

	snprintf(scope, sizeof(scope), "customer:%.80s", request_text(request, "customer"));
	if (!set_scope(request, &decision, "customer", scope) || !set_until(request, &decision))
		return;
	if (decision.key.customer == ID_UNKNOWN) {
		request_refuse(request, "customer", "the spike brake does not hold who is unknown");
		return;
	}
	set_allowance(request, &decision);
	snprintf(what, sizeof(what), "may send %s %s more than usual%s",
		 decision.values + strcspn(decision.values, "=") + 1, request_text(request, "unit"),
		 request->daemon->config->settings.brake_mode == BRAKE_HOLD ? ""
									    : " (the spike brake holds nobody now)");
	decide(request, &decision, what);
}
