/* SPDX-License-Identifier: BSD-3-Clause */
/* tier: puts a customer in a tier by hand. */
#include <stdio.h>
#include <string.h>

#include "commands/commands_table.h"
#include "commands/pools.h"
#include "commands/stop.h"
#include "customers/customers.h"
#include "customers/pool.h"
#include "customers/standings.h"
#include "daemon.h"

void command_TIER(struct request *request)
{
	struct daemon *daemon = request->daemon;
	const char *name = request_text(request, "customer");
	struct customer *customer = (struct customer *)config_customer(daemon->config, name), *pool = NULL;
	const enum tier tier = tier_find(request_text(request, "tier"));
	uint64_t generation = 0;
	char message[160], place[64], needs[160], note[768] = "";

	if (customer == NULL)
		customer = pool = (struct customer *)pool_of(daemon->config, name);
	if (customer == NULL) {
		request_refuse(request, "customer", "no customer \"%.64s\"; \"sluicectl customers\" lists them", name);
		return;
	}
	if (pool != NULL && !pools_agree(request, pool, name))
		return;
	struct hits hits = { 0 };
	hits_add(&hits, customer->id);
	if (stop_order(request, &hits))
		return;
	int ret = standings_put(daemon, customer, tier, request->author, request_text(request, "reason"), &generation);
	if (ret < 0) {
		request_refuse(request, NULL, "not stored, and nothing was changed: %s", strerror(-ret));
		return;
	}
	tier_text(&daemon->config->tiers, customer_place(customer), place, sizeof(place));
	standings_text(daemon, customer, needs, sizeof(needs));
	snprintf(message, sizeof(message), "customer:%.64s is %s", customer->name, place);
	if (needs[0] != '\0')
		snprintf(note, sizeof(note), "; %s", needs);
	json_t *reply = json_pack("{s:b, s:s}", "ok", 1, "message", message);
	pools_tell(reply, customer, note, sizeof(note));
	json_object_set_new(reply, "note", json_string(note));
	request_when_enforced(request, reply, generation);
}
