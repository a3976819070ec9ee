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
	size_t low = 0, high = ledger->count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		if (ledger->decision[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < ledger->count && ledger->decision[low].id == id ? &ledger->decision[low] : NULL;
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

void ledger_lay(const struct decision *decision, struct limits *limits)
{
	for (int kind = 0; kind < LIMIT_KINDS; kind++)
		if (decision->limits.has & 1u << kind)
			limits->kind[kind] = decision->limits.kind[kind];
	limits->has |= decision->limits.has;
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
	for (size_t i = 0; i < ledger->count; i++)
		if (is_on(&ledger->decision[i], DECIDE_LIMIT, key))
			ledger_lay(&ledger->decision[i], limits);
}

uint64_t ledger_expired(const struct ledger *ledger, int64_t now_ms, int64_t now_boot_ms)
{
	for (size_t i = 0; i < ledger->count; i++) {
		const struct decision *decision = &ledger->decision[i];
		if (decision->expires_ms != 0 && decision->expires_ms <= now_ms && decision->deadline_ms <= now_boot_ms)
			return decision->id;
	}
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
