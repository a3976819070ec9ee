/* SPDX-License-Identifier: BSD-3-Clause */
#include "ledger/precedence.h"

#include <string.h>

static int by_number(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

int precedence_compare_limit(enum limit_kind kind, const struct limit *a, const struct limit *b)
{
	if (kind == LIMIT_CONNECTIONS)
		return by_number(a->amount, b->amount);
	/* amount / per_ns, without dividing */
	__extension__ unsigned __int128 left = (unsigned __int128)a->amount * b->per_ns,
					right = (unsigned __int128)b->amount * a->per_ns;
	int order = (left > right) - (left < right);
	return order != 0 ? order : by_number(a->burst, b->burst);
}

int precedence_compare(const struct decision *a, const struct decision *b)
{
	if (a->action != b->action)
		return a->action == DECIDE_QUARANTINE ? -1 : 1;
	if (a->key.scope != b->key.scope)
		return a->key.scope < b->key.scope ? -1 : 1;
	for (int kind = 0; kind < LIMIT_KINDS; kind++) {
		int order = a->limits.has & b->limits.has & 1u << kind
				    ? precedence_compare_limit(kind, &a->limits.kind[kind], &b->limits.kind[kind])
				    : 0;
		if (order != 0)
			return order;
	}
	return by_number(b->id, a->id);
}

const struct decision *precedence_verdict(struct decision *const *decisions, size_t count)
{
	const struct decision *found = NULL;

	for (size_t i = 0; i < count; i++)
		if (decisions[i]->action == DECIDE_QUARANTINE &&
		    (found == NULL || precedence_compare(decisions[i], found) < 0))
			found = decisions[i];
	return found;
}

const struct decision *precedence_limit(struct decision *const *decisions, size_t count, enum limit_kind kind)
{
	const struct decision *found = NULL;

	for (size_t i = 0; i < count; i++) {
		if (decisions[i]->action != DECIDE_LIMIT || !(decisions[i]->limits.has & 1u << kind))
			continue;
		/* Not newer ones only: an equal one that is newer takes over. */
		if (found == NULL ||
		    precedence_compare_limit(kind, &decisions[i]->limits.kind[kind], &found->limits.kind[kind]) <= 0)
			found = decisions[i];
	}
	return found;
}

void precedence_limits(struct decision *const *decisions, size_t count, struct limits *limits)
{
	for (int kind = 0; kind < LIMIT_KINDS; kind++) {
		const struct decision *found = precedence_limit(decisions, count, kind);
		if (found == NULL)
			continue;
		limits->kind[kind] = found->limits.kind[kind];
		limits->has |= 1u << kind;
	}
}

static bool lasts_as_long(const struct decision *newer, const struct decision *older)
{
	return newer->expires_ms == 0 || (older->expires_ms != 0 && newer->expires_ms >= older->expires_ms &&
					  newer->deadline_ms >= older->deadline_ms);
}

bool decision_supersedes(const struct decision *newer, const struct decision *older)
{
	return newer->id > older->id && newer->action == older->action &&
	       memcmp(&newer->key, &older->key, sizeof(newer->key)) == 0 &&
	       (older->limits.has & ~newer->limits.has) == 0 && lasts_as_long(newer, older);
}
