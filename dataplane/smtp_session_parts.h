/* SPDX-License-Identifier: BSD-3-Clause */
/* What the two halves of a session share: smtp_commands.c and smtp_arguments.c (client) and smtp_replies.c (server). */
#ifndef SLUICE_SMTP_SESSION_PARTS_H
#define SLUICE_SMTP_SESSION_PARTS_H

#include "smtp_session.h"

/* Where the client's bytes are. */
enum smtp_state {
	STATE_VERB,    /* the first word of a command */
	STATE_REST,    /* the rest of its line */
	STATE_PATH,    /* RCPT: looking for a domain */
	STATE_QUOTED,  /* RCPT: in a quoted local part ... */
	STATE_ESCAPED, /* ... behind a backslash */
	STATE_SIZE,    /* BDAT: the size */
	STATE_LAST,    /* BDAT: LAST, or the end of the line */
	STATE_SASL,    /* a line of an AUTH exchange, no command (RFC 4954 section 4) */
	STATE_WAIT,    /* after DATA, AUTH, STARTTLS: nothing may come before the reply */
	STATE_BODY,    /* after 354 */
	STATE_CHUNK,   /* the bytes BDAT announced */
	STATE_OPAQUE,  /* TLS */
	STATE_LOST,
	STATE_COUNT
};

enum smtp_mark {
	MARK_CR = 1,		 /* the last byte was a CR */
	MARK_CHUNKS = 2,	 /* a message by BDAT is under way */
	MARK_CHUNK_REFUSED = 4,	 /* and one of its chunks was refused */
	MARK_MORE = 8,		 /* the reply goes on after this line */
	MARK_HEARD_BODY = 16,	 /* lost: the next reply answers a message, which was not seen to end ... */
	MARK_HEARD_MESSAGE = 32, /* ... or was */
	MARK_DOMAIN = 64,	 /* RCPT: a domain has begun */
	MARK_PERIOD = 128,	 /* RCPT: and its last byte was a dot, which may be the root's */
};

static inline void smtp_mark(struct smtp_session *session, enum smtp_mark mark, bool on)
{
	session->marks = (uint8_t)(on ? session->marks | mark : session->marks & ~mark);
}

static inline bool smtp_marked(const struct smtp_session *session, enum smtp_mark mark)
{
	return (session->marks & mark) != 0;
}

/* What is left of the server's line is no reply and no keyword. */
static inline void smtp_skip_line(struct smtp_session *session)
{
	session->column = UINT8_MAX;
	session->keywords = 0;
	smtp_mark(session, MARK_MORE, true);
}

/* Bytes of the client; what happens goes into the event. A step takes some in its state and returns how many. */
struct smtp_input {
	const uint8_t *data;
	uint32_t size;
	struct domain_key key;
	struct smtp_event *event;
};

static inline uint8_t smtp_upper(uint8_t byte)
{
	return byte >= 'a' && byte <= 'z' ? byte - ('a' - 'A') : byte;
}

static inline bool smtp_blank(uint8_t byte)
{
	return byte == ' ' || byte == '\t';
}

uint32_t smtp_step_path(struct smtp_session *session, const struct smtp_input *in);
uint32_t smtp_step_quoted(struct smtp_session *session, const struct smtp_input *in);
uint32_t smtp_step_size(struct smtp_session *session, const struct smtp_input *in);
uint32_t smtp_step_last(struct smtp_session *session, const struct smtp_input *in);

/* A command's line is complete. */
void smtp_end_line(struct smtp_session *session, struct smtp_event *event);

/* Sets an odd bit; the event says so the first time. */
void smtp_odd(struct smtp_session *session, unsigned odd, struct smtp_event *event);

/* The same, and the session is lost by it. */
void smtp_lose(struct smtp_session *session, unsigned odd, struct smtp_event *event);

#endif
