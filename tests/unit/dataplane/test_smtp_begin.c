/* SPDX-License-Identifier: BSD-3-Clause */
/* When a message may begin. */
#include <string.h>

#include "smtp_session.h"
#include "unit.h"

static void feed(struct smtp_session *session, char side, const char *bytes)
{
	const uint8_t *data = (const uint8_t *)bytes;
	uint32_t size = (uint32_t)strlen(bytes);
	struct smtp_event event;

	for (uint32_t at = 0; at < size;) {
		if (side == 'C')
			at += smtp_session_client(session, (struct domain_key){ 0 }, data + at, size - at, &event);
		else
			at += smtp_session_server(session, data + at, size - at, &event);
	}
}

/* After each thing said: may the client's next bytes begin a message? */
START_TEST(beginnings_are_told)
{
	static const struct {
		char side;
		const char *bytes;
		bool may;
	} steps[] = {
		{ 'S', "220 mx\r\n", true },
		{ 'C', "EHLO me\r\n", false },
		{ 'S', "250-mx\r\n250 PIPEL", false },
		{ 'S', "INING\r\n", true },
		{ 'C', "MAIL FROM:<a@b>\r\n", false },
		{ 'S', "250 ok\r\n", false },
		{ 'C', "RSET\r\n", false },
		{ 'S', "250 ok\r\n", true },
		{ 'C', "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n", false },
		{ 'S', "451 no\r\n", false }, /* RCPT is not answered */
		{ 'S', "503 no\r\n503 no\r\n", true },
		{ 'C', "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n", false },
		{ 'S', "250 ok\r\n250 ok\r\n354 go\r\n", false },
		{ 'C', "x\r\n.\r\n", false },
		{ 'S', "452 full\r\n", true },
		{ 'C', "MA", false },
		{ 'C', "IL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nBDAT 2\r\nx\nBDAT 1 LAST\r\n", false },
		{ 'S', "250 ok\r\n250 ok\r\n250 ok\r\n", false },
		{ 'C', "x", false },
		{ 'S', "250 ok\r\n", true },
		{ 'C', "NOOP\r\n", false },
		{ 'S', "250 ok\r\n", true },
		{ 'C', "QUIT\r\n", false },
		{ 'S', "221 bye\r\n", false },
	};
	struct smtp_session session;

	smtp_session_open(&session);
	ck_assert(!smtp_session_may_begin(&session));
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		feed(&session, steps[i].side, steps[i].bytes);
		ck_assert_msg(smtp_session_may_begin(&session) == steps[i].may, "step %zu", i);
	}
	smtp_session_open(&session);
	smtp_session_lose(&session);
	ck_assert(!smtp_session_may_begin(&session));
}
END_TEST

UNIT_MAIN("smtp_begin", beginnings_are_told)
