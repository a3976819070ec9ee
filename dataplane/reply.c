/* SPDX-License-Identifier: BSD-3-Clause */
#include "reply.h"

#include <string.h>

static void add(struct reply *reply, const char *text)
{
	size_t room = sizeof(reply->text) - reply->size, size = strlen(text);

	if (size > room)
		size = room;
	memcpy(reply->text + reply->size, text, size);
	reply->size = (uint16_t)(reply->size + size);
}

static void add_number(struct reply *reply, uint64_t number)
{
	char digits[21] = "";
	char *at = digits + sizeof(digits) - 1;

	do {
		*--at = (char)('0' + number % 10);
		number /= 10;
	} while (number != 0);
	add(reply, at);
}

void reply_421(const struct wire_PUT_VERDICT *verdict, struct reply *ret_reply)
{
	ret_reply->size = 0;
	if (verdict == NULL) {
		add(ret_reply, "421 4.7.0 Deferred by sluice: sending limit reached, try again later\r\n");
		return;
	}
	add(ret_reply, "421 4.7.0 Held by sluice: ");
	add(ret_reply, verdict->reason);
	if (verdict->decision != 0) {
		add(ret_reply, " (decision ");
		add_number(ret_reply, verdict->decision);
		add(ret_reply, ")");
	}
	add(ret_reply, "\r\n");
}
