/* SPDX-License-Identifier: BSD-3-Clause */
#include "smtp_session.h"

#include <string.h>

#include "smtp_session_parts.h"

/* Beside what following TLS needs (a union with it) a flow has room for no more. */
_Static_assert(sizeof(struct smtp_session) <= 40, "state of a session");
_Static_assert(SMTP_ODD_BITS <= 16, "odd is 16 bits");
_Static_assert(ASKED_COUNT <= 16, "a kind has 4 bits");

void smtp_session_open(struct smtp_session *session)
{
	memset(session, 0, sizeof(*session));
	smtp_queue_push(&session->queue, ASKED_GREETING);
}

bool smtp_session_is_lost(const struct smtp_session *session)
{
	return session->state == STATE_LOST;
}

bool smtp_session_may_begin(const struct smtp_session *session)
{
	return session->state == STATE_VERB && session->have == 0 && session->column == 0 &&
	       session->next == SMTP_NEXT_MESSAGE && smtp_queue_head(&session->queue) == ASKED_NONE;
}

/* The reply to a message under way is still awaited; what else is outstanding is of no use any more. */
static void fall_back(struct smtp_session *session)
{
	enum smtp_asked head = smtp_queue_head(&session->queue);

	smtp_mark(session, MARK_HEARD_BODY, session->state == STATE_BODY);
	smtp_mark(session, MARK_HEARD_MESSAGE, head == ASKED_MESSAGE || head == ASKED_LAST);
	memset(&session->queue, 0, sizeof(session->queue));
	session->state = STATE_LOST;
}

void smtp_session_lose(struct smtp_session *session)
{
	if (session->state == STATE_LOST)
		return;
	fall_back(session);
	smtp_skip_line(session); /* in the middle of one, for all that is known */
}

void smtp_odd(struct smtp_session *session, unsigned odd, struct smtp_event *event)
{
	if ((session->odd & odd) == 0)
		event->what |= SMTP_ODDITY;
	session->odd |= (uint16_t)odd;
}

void smtp_lose(struct smtp_session *session, unsigned odd, struct smtp_event *event)
{
	smtp_odd(session, odd, event);
	if (session->state == STATE_LOST)
		return;
	fall_back(session);
	event->what |= SMTP_LOST;
}
