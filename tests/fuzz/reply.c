/* SPDX-License-Identifier: BSD-3-Clause */
/* What the gate says itself: one line whatever the reason, and a cookie that knows its own answers only. */
#include "fuzz.h"

#include <ctype.h>

#include "cookie.h"
#include "reply.h"

static void reply(struct bytes *bytes)
{
	struct wire_PUT_VERDICT verdict = { .decision = (uint64_t)take32(bytes) << 32 | take32(bytes) };
	struct reply *reply = malloc(sizeof(*reply));

	must(reply != NULL);
	/* The applier lets nothing else through. */
	for (size_t i = 0; i < sizeof(verdict.reason) - 1 && bytes->left > 0; i++)
		verdict.reason[i] = (char)(' ' + take8(bytes) % 95);
	reply_421(&verdict, reply);
	must(reply->size > 4 && reply->size < COOKIE_SPAN && reply->size <= sizeof(reply->text));
	must(memcmp(reply->text, "421 ", 4) == 0 && memcmp(reply->text + reply->size - 2, "\r\n", 2) == 0);
	for (uint16_t i = 0; i < reply->size - 2; i++)
		must(isprint((unsigned char)reply->text[i]));
	free(reply);
}

static void cookie(struct bytes *bytes)
{
	uint64_t now = (uint64_t)take32(bytes) << 12, later = take32(bytes);
	uint32_t ahead = take32(bytes), past = 0;
	struct flow_key key = { .inside_port = take16(bytes), .outside_port = 25 };
	uint8_t secret[16] = { take8(bytes) };
	uint32_t made = cookie_make(secret, &key, now);
	bool known = cookie_check(secret, &key, now + later, made + 1 + ahead, &past);

	/* 2^32 ns is less than half a minute: an answer in time is always known. */
	must(ahead > COOKIE_SPAN || known);
	must(!known || past <= COOKIE_SPAN);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes bytes = { data, size };

	cookie(&bytes);
	reply(&bytes);
	return 0;
}
