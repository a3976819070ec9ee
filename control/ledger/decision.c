/* SPDX-License-Identifier: BSD-3-Clause */
#include "ledger/decision.h"

#include <string.h>

#include "units.h"

const char *const decision_action_name[DECISION_ACTIONS] = {
	[DECIDE_QUARANTINE] = "quarantine",
	[DECIDE_LIMIT] = "limit",
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
