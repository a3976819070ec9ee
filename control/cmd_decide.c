/* SPDX-License-Identifier: BSD-3-Clause */
/* Orders: quarantine, limit, release. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "commands_table.h"
#include "daemon.h"
#include "scope_text.h"
#include "units.h"

#define QUARANTINE_NS (86400ull * 1000000000u) /* when --for is not given */
#define FOR_MOST_NS (366 * 86400ull * 1000000000u)

/* RFC 3339, UTC; "" for never. */
static void time_text(int64_t ms, char *out, size_t size)
{
	time_t seconds = ms / 1000;
	struct tm tm;

	out[0] = '\0';
	if (ms != 0)
		strftime(out, size, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&seconds, &tm));
}

/* Printable ASCII, and short enough for an SMTP reply. */
static bool reason_fits(struct request *request, const char *reason)
{
	if (strlen(reason) >= WIRE_REASON_MAX) {
		request_refuse(request, "reason", "the reason has %zu bytes; at most %u go into an SMTP reply",
			       strlen(reason), WIRE_REASON_MAX - 1);
		return false;
	}
	for (const char *at = reason; *at != '\0'; at++) {
		if (*at >= 32 && *at < 127)
			continue;
		request_refuse(request, "reason", "the reason goes into an SMTP reply: printable ASCII only");
		return false;
	}
	return true;
}

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

static bool set_scope(struct request *request, struct decision *decision, const char *field, const char *text)
{
	char error[SCOPE_ERROR_MAX] = "";

	if (strlen(text) < sizeof(decision->scope) && daemon_scope(request->daemon, text, &decision->key, error) == 0) {
		snprintf(decision->scope, sizeof(decision->scope), "%s", text);
		return true;
	}
	request_refuse(request, field, "%s", error[0] != '\0' ? error : "too long for a scope");
	return false;
}

/* Stores it and answers when it is enforced. */
static void decide(struct request *request, struct decision *decision, const char *what)
{
	const char *reason = request_text(request, "reason");
	char message[512], until[32];

	snprintf(decision->reason, sizeof(decision->reason), "%s", reason != NULL ? reason : "");
	snprintf(decision->author, sizeof(decision->author), "%s", request->author);
	int ret = daemon_decide(request->daemon, decision);
	if (ret < 0) {
		request_refuse(request, NULL, "not stored, and not in force: %s", strerror(-ret));
		return;
	}
	time_text(decision->expires_ms, until, sizeof(until));
	snprintf(message, sizeof(message), "%s %s%s%s (decision %llu)", decision->scope, what,
		 until[0] != '\0' ? " until " : "", until, (unsigned long long)decision->id);
	json_t *reply = json_pack("{s:b, s:I, s:s}", "ok", 1, "decision", (json_int_t)decision->id, "message", message);
	request_when_enforced(request, reply, decision->generation);
}

void command_QUARANTINE(struct request *request)
{
	const char *customer = request_text(request, "customer"), *provider = request_text(request, "provider");
	struct decision decision = { .action = DECIDE_QUARANTINE };
	char scope[SCOPE_TEXT_MAX];

	snprintf(scope, sizeof(scope), "customer:%.80s%s%.80s", customer, provider != NULL ? "/provider:" : "",
		 provider != NULL ? provider : "");
	if (reason_fits(request, request_text(request, "reason")) && set_scope(request, &decision, "customer", scope) &&
	    set_times(request, &decision, QUARANTINE_NS))
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
	const char *reason = request_text(request, "reason");
	struct decision decision = { .action = DECIDE_LIMIT };

	if ((reason == NULL || reason_fits(request, reason)) &&
	    set_scope(request, &decision, "scope", request_text(request, "scope")) && set_limits(request, &decision) &&
	    set_times(request, &decision, 0))
		decide(request, &decision, "limited");
}

/* Which decisions a target names: its id, or all on its scope. */
static bool names(const struct decision *decision, uint64_t id, const struct scope_key *key)
{
	return id != 0 ? decision->id == id : memcmp(&decision->key, key, sizeof(*key)) == 0;
}

static int release_all(struct request *request, uint64_t id, const struct scope_key *key, unsigned *ret_count,
		       uint64_t *ret_generation)
{
	const char *reason = request_text(request, "reason");
	struct ledger *ledger = &request->daemon->ledger;
	char by[AUTHOR_MAX + WIRE_REASON_MAX];

	snprintf(by, sizeof(by), "%.63s%s%.90s", request->author, reason != NULL ? ": " : "",
		 reason != NULL ? reason : "");
	for (size_t i = 0; i < ledger->count;) {
		if (!names(&ledger->decision[i], id, key)) {
			i++;
			continue;
		}
		int ret = daemon_end(request->daemon, ledger->decision[i].id, by, ret_generation);
		if (ret < 0)
			return ret;
		++*ret_count;
	}
	return 0;
}

void command_RELEASE(struct request *request)
{
	const char *target = request_text(request, "target");
	char error[SCOPE_ERROR_MAX] = "", message[SCOPE_TEXT_MAX + 64];
	uint64_t id = 0, generation = 0;
	struct scope_key key = { 0 };
	unsigned count = 0;

	if (count_parse(target, &id) < 0 && daemon_scope(request->daemon, target, &key, error) < 0) {
		request_refuse(request, "target", "%s", error);
		return;
	}
	int ret = release_all(request, id, &key, &count, &generation);
	if (ret < 0) {
		request_refuse(request, NULL, "not stored, and still in force: %s", strerror(-ret));
		return;
	}
	if (count == 0) {
		request_refuse(request, "target", "nothing in force under \"%.80s\"; \"sluicectl decisions\" lists all",
			       target);
		return;
	}
	snprintf(message, sizeof(message), "%.128s released (%u decision%s)", target, count, count > 1 ? "s" : "");
	request_when_enforced(
		request, json_pack("{s:b, s:i, s:s}", "ok", 1, "released", (int)count, "message", message), generation);
}
