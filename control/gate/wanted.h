/* SPDX-License-Identifier: BSD-3-Clause */
/* What the gate is to be told and is in no batch yet: everything, or what changed. */
#ifndef SLUICE_WANTED_H
#define SLUICE_WANTED_H

#include <stdbool.h>
#include <stddef.h>

#include "gate/policy.h"

struct wanted {
	bool started; /* nothing is to be sent before the first wanted_all() */
	bool all, destinations;
	bool held; /* more follows that is to go into the same batch */
	struct change {
		struct scope_key key;
		enum decision_action action;
	} * change;
	size_t count, room;
};

void wanted_finish(struct wanted *wanted);

/* One scope's verdict or limits, see policy_scope(); if there is no memory for it, everything. */
void wanted_scope(struct wanted *wanted, const struct scope_key *key, enum decision_action action);

/* There is a batch to be made. */
bool wanted_any(const struct wanted *wanted);

/* The records of a batch: a full one if everything is wanted. / They are in one. */
void wanted_put(const struct wanted *wanted, const struct policy *policy, policy_put *put, void *context);
void wanted_clear(struct wanted *wanted);

#endif
