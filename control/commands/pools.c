/* SPDX-License-Identifier: BSD-3-Clause */
#include "commands/pools.h"

#include <stdio.h>
#include <string.h>

#include "customers/pool.h"

static json_t *members_of(const struct customer *pool)
{
	json_t *list = json_array();

	for (size_t i = 0; i < pool->members.count; i++)
		json_array_append_new(list, json_string(pool->members.text[i]));
	return list;
}

bool pools_agree(struct request *request, const struct customer *pool, const char *member)
{
	char members[400], message[640];

	if (request_flag(request, "yes"))
		return true;
	snprintf(message, sizeof(message),
		 "nothing is done: %s shares its sources with all of pool %s: %s; --yes does it to all of them", member,
		 pool->name, pool_text(pool, members, sizeof(members)));
	request_reply(request, json_pack("{s:b, s:b, s:s, s:s, s:o}", "ok", 1, "preview", 1, "message", message, "pool",
					 pool->name, "members", members_of(pool)));
	return false;
}

void pools_tell(json_t *reply, const struct customer *customer, char *note, size_t size)
{
	const size_t used = strlen(note);
	char members[400];

	if (customer == NULL || customer->members.count == 0)
		return;
	json_object_set_new(reply, "pool", json_string(customer->name));
	json_object_set_new(reply, "members", members_of(customer));
	snprintf(note + used, size - used, "; acts on all of pool %s: %s", customer->name,
		 pool_text(customer, members, sizeof(members)));
}

void pools_see(struct pools_seen *seen, const struct customer *customer)
{
	if (customer == NULL || customer->members.count == 0 || customer == seen->first)
		return;
	if (seen->first == NULL)
		seen->first = customer;
	else
		seen->others = true;
}

void pools_mention(json_t *reply, const struct pools_seen *seen)
{
	char members[200], text[400];

	if (seen->first == NULL)
		return;
	snprintf(text, sizeof(text), "%s%s is a pool of %zu: %s%s",
		 json_object_get(reply, "message") != NULL ? "; " : "", seen->first->name, seen->first->members.count,
		 pool_text(seen->first, members, sizeof(members)), seen->others ? "; it is not the only one" : "");
	request_add_message(reply, text);
}
