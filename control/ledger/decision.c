/* SPDX-License-Identifier: BSD-3-Clause */
#include "ledger/decision.h"

#include <string.h>

#include "customers/customer_text.h"
#include "units.h"

const char *const decision_action_name[DECISION_ACTIONS] = {
	[DECIDE_QUARANTINE] = "quarantine",
	[DECIDE_LIMIT] = "limit",
	[DECIDE_ALLOW] = "allow",
};

const char *const allowance_name[LIMIT_KINDS] = {
	[LIMIT_CONNECTION_RATE] = "connections",
	[LIMIT_BYTE_RATE] = "bytes",
	[LIMIT_MESSAGE_RATE] = "messages",
};

static const char *const expected[LIMIT_KINDS] = {
	[LIMIT_CONNECTIONS] = "connections=COUNT, such as connections=2",
	[LIMIT_CONNECTION_RATE] = "connection-rate=RATE, such as connection-rate=10/min",
	[LIMIT_BYTE_RATE] = "byte-rate=RATE, such as byte-rate=1MB/s",
	[LIMIT_MESSAGE_RATE] = "message-rate=RATE, such as message-rate=100/min",
};

const char *decision_setting(const char *text, struct limits *limits)
{
	for (int kind = 0; kind < LIMIT_KINDS; kind++) {
		size_t size = strlen(limit_kind_name[kind]);
		if (strncmp(text, limit_kind_name[kind], size) != 0 || text[size] != '=')
			continue;
		if (limit_parse(kind, text + size + 1, &limits->kind[kind]) < 0)
			return expected[kind];
		limits->has |= 1u << kind;
		return NULL;
	}
	return "connections=, connection-rate=, byte-rate= or message-rate=";
}

static const char *allowance(const char *text, struct limits *limits)
{
	for (int kind = 0; kind < LIMIT_KINDS; kind++) {
		size_t size = allowance_name[kind] != NULL ? strlen(allowance_name[kind]) : 0;
		if (size == 0 || strncmp(text, allowance_name[kind], size) != 0 || text[size] != '=')
			continue;
		if (count_parse(text + size + 1, &limits->kind[kind].amount) < 0)
			return "a count";
		limits->has = 1u << kind;
		return NULL;
	}
	return "connections=, messages= or bytes=";
}

const char *decision_values(struct decision *decision)
{
	return decision->action == DECIDE_ALLOW ? allowance(decision->values, &decision->limits)
						: limits_parse(decision->values, &decision->limits);
}

enum limit_kind decision_counts(const struct decision *allowance)
{
	for (int kind = 0; kind < LIMIT_MESSAGE_RATE; kind++)
		if (allowance->limits.has & 1u << kind)
			return (enum limit_kind)kind;
	return LIMIT_MESSAGE_RATE;
}

struct scope_key decision_key(enum decision_action action, const struct scope_key *scope)
{
	struct scope_key key = *scope;

	if (action == DECIDE_ALLOW)
		key.ceiling = CEILING_BRAKE;
	return key;
}
