/* SPDX-License-Identifier: BSD-3-Clause */
#include "commands/replies.h"

#include <stdio.h>

struct replies replies_of(uint64_t messages, uint64_t inferred, uint64_t declined)
{
	uint64_t seen = messages > inferred ? messages - inferred : 0;

	return (struct replies){ .seen = seen > declined ? seen : declined, .bad = declined, .unseen = inferred };
}

char *replies_text(const struct replies *replies, char *out, size_t size)
{
	const unsigned long long seen = replies->seen, bad = replies->bad, unseen = replies->unseen;
	size_t used = 0;

	out[0] = '\0';
	if (seen == 0 && unseen > 0)
		snprintf(out, size, "none seen (%llu inside TLS)", unseen);
	else if (seen > 0 && bad == 0)
		used = (size_t)snprintf(out, size, "none bad of %llu", seen);
	else if (seen > 0)
		used = (size_t)snprintf(out, size, "%llu bad of %llu", bad, seen);
	if (used > 0 && used < size && unseen > 0)
		snprintf(out + used, size - used, ", %llu not seen", unseen);
	return out;
}

const char *replies_meaning(const struct replies *replies)
{
	if (replies->seen == 0 && replies->unseen == 0)
		return "no message has been counted";
	if (replies->seen == 0)
		return "nobody can read them inside TLS: no bad one was seen, because none was";
	return replies->unseen > 0 ? "to messages in clear text; nobody can read those inside TLS"
				   : "to its messages, all in clear text";
}
