/* SPDX-License-Identifier: BSD-3-Clause */
#include "ledger.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void ledger_finish(struct ledger *ledger)
{
	free(ledger->decision);
	*ledger = (struct ledger){ 0 };
}

int ledger_add(struct ledger *ledger, const struct decision *decision)
{
	if (ledger->count == ledger->room) {
		size_t room = ledger->room * 2 + 16;
		struct decision *grown = realloc(ledger->decision, room * sizeof(*grown));
		if (grown == NULL)
			return -ENOMEM;
		ledger->decision = grown;
		ledger->room = room;
	}
	ledger->decision[ledger->count++] = *decision;
	return 0;
}

struct decision *ledger_find(struct ledger *ledger, uint64_t id)
{
	for (size_t i = 0; i < ledger->count; i++)
		if (ledger->decision[i].id == id)
			return &ledger->decision[i];
	return NULL;
}

bool ledger_remove(struct ledger *ledger, uint64_t id, struct decision *ret_decision)
{
	struct decision *found = ledger_find(ledger, id);

	if (found == NULL)
		return false;
	*ret_decision = *found;
	ledger->count--;
	memmove(found, found + 1, (size_t)(ledger->decision + ledger->count - found) * sizeof(*found));
	return true;
}

static bool is_on(const struct decision *decision, enum decision_action action, const struct scope_key *key)
{
	return decision->action == action && memcmp(&decision->key, key, sizeof(*key)) == 0;
}

const struct decision *ledger_verdict(const struct ledger *ledger, const struct scope_key *key)
{
	for (size_t i = ledger->count; i-- > 0;)
		if (is_on(&ledger->decision[i], DECIDE_QUARANTINE, key))
			return &ledger->decision[i];
	return NULL;
}

void ledger_overlay(const struct ledger *ledger, const struct scope_key *key, struct limits *limits)
{
	for (size_t i = 0; i < ledger->count; i++) {
		const struct limits *decided = &ledger->decision[i].limits;
		if (!is_on(&ledger->decision[i], DECIDE_LIMIT, key))
			continue;
		for (int kind = 0; kind < LIMIT_KINDS; kind++)
			if (decided->has & 1u << kind)
				limits->kind[kind] = decided->kind[kind];
		limits->has |= decided->has;
	}
}

uint64_t ledger_expired(const struct ledger *ledger, int64_t now_ms)
{
	for (size_t i = 0; i < ledger->count; i++)
		if (ledger->decision[i].expires_ms != 0 && ledger->decision[i].expires_ms <= now_ms)
			return ledger->decision[i].id;
	return 0;
}

int64_t ledger_next_expiry(const struct ledger *ledger)
{
	int64_t next = 0;

	for (size_t i = 0; i < ledger->count; i++) {
		int64_t expires = ledger->decision[i].expires_ms;
		if (expires != 0 && (next == 0 || expires < next))
			next = expires;
	}
	return next;
}
