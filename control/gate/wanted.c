/* SPDX-License-Identifier: BSD-3-Clause */
#include "gate/wanted.h"

#include <stdlib.h>

void wanted_finish(struct wanted *wanted)
{
	free(wanted->change);
	*wanted = (struct wanted){ 0 };
}

static bool make_room(struct wanted *wanted)
{
	size_t room = wanted->room * 2 + 16;

	if (wanted->count < wanted->room)
		return true;
	struct change *grown = realloc(wanted->change, room * sizeof(*grown));
	if (grown == NULL)
		return false;
	wanted->change = grown;
	wanted->room = room;
	return true;
}

void wanted_scope(struct wanted *wanted, const struct scope_key *key, enum decision_action action)
{
	if (make_room(wanted))
		wanted->change[wanted->count++] = (struct change){ *key, action };
	else
		wanted->all = true;
}

bool wanted_any(const struct wanted *wanted)
{
	return wanted->started && !wanted->held && (wanted->all || wanted->destinations || wanted->count > 0);
}

void wanted_put(const struct wanted *wanted, const struct policy *policy, policy_put *put, void *context)
{
	if (wanted->all) {
		policy_all(policy, put, context);
		return;
	}
	if (wanted->destinations) {
		put(context, WIRE_DEL_DESTINATIONS, &(struct wire_DEL_DESTINATIONS){ 0 });
		policy_destinations(policy, put, context);
		policy_domains(policy, put, context);
	}
	for (size_t i = 0; i < wanted->count; i++)
		policy_scope(policy, &wanted->change[i].key, wanted->change[i].action, put, context);
}

void wanted_clear(struct wanted *wanted)
{
	wanted->all = wanted->destinations = false;
	wanted->count = 0;
}
