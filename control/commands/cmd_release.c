/* SPDX-License-Identifier: BSD-3-Clause */
/* release: ends one decision, all of a scope, or all that fit what is said of them; several that were not named one by
 * one only with `yes`, without it is shown what would end. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clocks.h"
#include "commands/cmd_rows.h"
#include "commands/commands_table.h"
#include "commands/concern.h"
#include "commands/pools.h"
#include "commands/stop.h"
#include "customers/customer_text.h"
#include "customers/pool.h"
#include "daemon.h"
#include "decide.h"
#include "ledger/scope_text.h"

#define STILL_SHOWN 8
#define ROWS_SHOWN 1000

/* What is meant: whatever is not said fits all. */
struct meant {
	bool all; /* by what is said of them, not by name */
	uint64_t id;
	bool on_scope;
	struct scope_key key;
	char scope[SCOPE_TEXT_MAX];
	bool of_customer;
	uint32_t customer;
	const char *because, *incident;
	const struct customer *pool; /* a member of it was named; NULL: none was */
	char member[CUSTOMER_NAME_MOST + 1];
};

/* Those that are. */
struct found {
	uint64_t *id;
	size_t count;
};

/* On the customer itself, or on it at one provider. */
static bool is_of(const struct decision *decision, uint32_t customer)
{
	return (decision->key.scope == SCOPE_CUSTOMER || decision->key.scope == SCOPE_CUSTOMER_PROVIDER) &&
	       decision->key.customer == customer;
}

static bool fits(const struct meant *meant, const struct decision *decision)
{
	return (meant->id == 0 || decision->id == meant->id) &&
	       (!meant->on_scope || memcmp(&decision->key, &meant->key, sizeof(meant->key)) == 0) &&
	       (!meant->of_customer || is_of(decision, meant->customer)) &&
	       (meant->because == NULL || strstr(decision->reason, meant->because) != NULL) &&
	       (meant->incident == NULL || strcmp(decision->incident, meant->incident) == 0);
}

/* Who is named is found where he stands; for what is said of them all are looked at. */
static bool find(const struct ledger *ledger, const struct meant *meant, struct found *found)
{
	struct decision *one = meant->id != 0 ? ledger_find(ledger, meant->id) : NULL, *const *on = &one;
	size_t count = one != NULL;

	if (meant->on_scope)
		count = ledger_on(ledger, &meant->key, &on);
	else if (meant->id == 0)
		count = ledger->count;
	found->id = calloc(count + 1, sizeof(*found->id));
	for (size_t i = 0; found->id != NULL && i < count; i++) {
		const struct decision *decision = meant->on_scope || meant->id != 0 ? on[i] : ledger_at(ledger, i);
		if (fits(meant, decision))
			found->id[found->count++] = decision->id;
	}
	return found->id != NULL;
}

/* A decision's id, or a scope that is or was once configured. */
static bool set_target(struct request *request, const char *target, struct meant *meant)
{
	char error[SCOPE_ERROR_MAX] = "too long for a scope";

	if (target[strspn(target, "0123456789")] == '\0') {
		meant->id = strtoull(target, NULL, 10);
		if (meant->id != 0)
			return true;
		request_refuse(request, "target",
			       "decision 0 is the configuration's own: \"unknown\" there says what it refuses");
		return false;
	}
	meant->on_scope = true;
	if (scope_complete(target, meant->scope, sizeof(meant->scope))) {
		meant->pool = pool_in_scope(request->daemon->config, meant->scope, sizeof(meant->scope), meant->member);
		if (daemon_known_scope(request->daemon, meant->scope, &meant->key, error) == 0)
			return true;
	}
	request_refuse(request, "target", "%s", error);
	return false;
}

static bool set_customer(struct request *request, const char *name, struct meant *meant)
{
	char scope[SCOPE_TEXT_MAX], error[SCOPE_ERROR_MAX];
	struct scope_key key;

	snprintf(scope, sizeof(scope), "customer:%.80s", name);
	meant->pool = pool_in_scope(request->daemon->config, scope, sizeof(scope), meant->member);
	if (daemon_known_scope(request->daemon, scope, &key, error) < 0) {
		request_refuse(request, "customer", "%s", error);
		return false;
	}
	meant->of_customer = true;
	meant->customer = key.customer;
	return true;
}

static bool set_meant(struct request *request, struct meant *meant)
{
	const char *target = request_text(request, "target"), *customer = request_text(request, "customer");

	meant->because = request_text(request, "because");
	meant->incident = request_text(request, "incident");
	meant->all = customer != NULL || meant->because != NULL || meant->incident != NULL;
	if (target == NULL && !meant->all) {
		request_refuse(request, "target",
			       "release needs a decision's id, a scope, or --customer, --because or "
			       "--incident");
		return false;
	}
	return (target == NULL || set_target(request, target, meant)) &&
	       (customer == NULL || set_customer(request, customer, meant));
}

/* What is in force still, as rows and as a text. */
struct still {
	json_t *list;
	size_t count, used;
	char text[1200];
};

static void add_still(void *context, const struct decision *decision)
{
	struct still *still = context;

	json_array_append_new(still->list, json_pack("{s:I, s:s, s:s}", "id", (json_int_t)decision->id, "action",
						     decision_action_name[decision->action], "scope", decision->scope));
	if (still->count++ < STILL_SHOWN && still->used < sizeof(still->text))
		still->used += (size_t)snprintf(
			still->text + still->used, sizeof(still->text) - still->used, "%s%llu %s %s",
			still->used > 0 ? ", " : "; still in force: ", (unsigned long long)decision->id,
			decision_action_name[decision->action], decision->scope);
}

/* Who releases a customer wants its mail to flow: what holds it still is to be said. */
static void say_still(const struct daemon *daemon, const struct scope_key *key, json_t *reply)
{
	struct still still = { .list = json_array() };

	concern_each(daemon->config, &daemon->ledger, key, add_still, &still);
	if (still.count > STILL_SHOWN && still.used < sizeof(still.text))
		snprintf(still.text + still.used, sizeof(still.text) - still.used, " and %zu more",
			 still.count - STILL_SHOWN);
	json_object_set_new(reply, "still", still.list);
	if (key->scope == SCOPE_CUSTOMER || key->scope == SCOPE_CUSTOMER_PROVIDER)
		pools_tell(reply, config_customer_of(daemon->config, key->customer), still.text, sizeof(still.text));
	json_object_set_new(reply, "note", json_string(still.text));
}

static json_t *rows_of(const struct ledger *ledger, const struct found *found)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < found->count && i < ROWS_SHOWN; i++) {
		const struct decision *decision = ledger_find(ledger, found->id[i]);
		json_array_append_new(rows, json_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:o}", "id",
						      (json_int_t)decision->id, "scope", decision->scope, "action",
						      decision_action_name[decision->action], "reason",
						      decision->reason, "incident", decision->incident, "author",
						      decision->author, "created", row_time(decision->created_ms)));
	}
	return rows;
}

/* "4, 5": as many as there is room for. */
static char *ids_text(const struct found *found, char *out, size_t size)
{
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < found->count && used + 24 < size; i++)
		used += (size_t)snprintf(out + used, size - used, "%s%llu", i > 0 ? ", " : "",
					 (unsigned long long)found->id[i]);
	return out;
}

static void show_only(struct request *request, const struct meant *meant, const struct found *found)
{
	char message[640], members[400];
	json_t *reply = rows_reply(rows_of(&request->daemon->ledger, found));

	size_t used = (size_t)snprintf(message, sizeof(message), "nothing is done: with --yes %zu decision%s would end",
				       found->count, found->count == 1 ? "" : "s");
	if (meant->pool != NULL)
		snprintf(message + used, sizeof(message) - used, ", for all of pool %s that %s is in: %s",
			 meant->pool->name, meant->member, pool_text(meant->pool, members, sizeof(members)));
	json_object_set_new(reply, "preview", json_true());
	json_object_set_new(reply, "message", json_string(message));
	request_reply(request, reply);
}

static bool is_stopped(struct request *request, const struct found *found)
{
	struct hits hits = { 0 };

	for (size_t i = 0; i < found->count; i++) {
		const struct decision *decision = ledger_find(&request->daemon->ledger, found->id[i]);
		if (decision->action != DECIDE_ALLOW)
			hits_of_scope(request->daemon, &decision->key, &hits);
	}
	return stop_order(request, &hits);
}

/* All of them, or none. */
static void end_all(struct request *request, const struct meant *meant, const struct found *found)
{
	const struct decision first = *ledger_find(&request->daemon->ledger, found->id[0]);
	const char *reason = request_text(request, "reason");
	char by[AUTHOR_MAX + WIRE_REASON_MAX], ids[128], message[SCOPE_TEXT_MAX + 192];
	uint64_t generation = 0;
	json_t *rows = rows_of(&request->daemon->ledger, found);

	snprintf(by, sizeof(by), "%.63s%s%s", request->author, reason != NULL ? ": " : "",
		 reason != NULL ? reason : "");
	int ret = daemon_end_all(request->daemon, found->id, found->count, by, &generation);
	if (ret < 0) {
		json_decref(rows);
		request_refuse(request, NULL, "not stored, and all %zu still in force: %s", found->count,
			       strerror(-ret));
		return;
	}
	ids_text(found, ids, sizeof(ids));
	if (found->count == 1)
		snprintf(message, sizeof(message), "%s released (decision %s)", first.scope, ids);
	else
		snprintf(message, sizeof(message), "%s released (%zu decisions: %s)",
			 meant->on_scope ? meant->scope : "all of them", found->count, ids);
	json_t *reply = json_pack("{s:b, s:I, s:s}", "ok", 1, "released", (json_int_t)found->count, "message", message);
	if (meant->all)
		json_object_set(reply, "rows", rows);
	else
		say_still(request->daemon, &first.key, reply);
	json_decref(rows);
	request_when_enforced(request, reply, generation);
}

static void refuse_none(struct request *request, const struct meant *meant)
{
	if (meant->all)
		request_refuse(request,
			       meant->because != NULL	 ? "because"
			       : meant->incident != NULL ? "incident"
							 : "customer",
			       "nothing in force fits; \"sluicectl decisions\" lists all");
	else
		request_refuse(request, "target", "nothing in force under \"%.80s\"; \"sluicectl decisions\" lists all",
			       request_text(request, "target"));
}

void command_RELEASE(struct request *request)
{
	struct meant meant = { 0 };
	struct found found = { 0 };

	if (!set_meant(request, &meant))
		return;
	if (!find(&request->daemon->ledger, &meant, &found))
		request_refuse(request, NULL, "no memory");
	else if (found.count == 0)
		refuse_none(request, &meant);
	else if ((meant.all || meant.pool != NULL) && !request_flag(request, "yes"))
		show_only(request, &meant, &found);
	else if (!is_stopped(request, &found))
		end_all(request, &meant, &found);
	free(found.id);
}
