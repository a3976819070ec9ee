/* SPDX-License-Identifier: BSD-3-Clause */
/* The server's half of a session: replies, each matched to what it answers. */
#include <string.h>

#include "smtp_session_parts.h"

#define CODE_DIGITS 3
#define TEXT_COLUMN 4
#define CODE_GOODBYE 421
#define CODE_QUIT 221
#define CODE_GO_AHEAD 354

/* Of a reply by its first digit (RFC 5321 section 4.2.1). */
enum answer { ANSWER_GOOD, ANSWER_MORE, ANSWER_BAD, ANSWERS };

#define KEEP STATE_COUNT

struct outcome {
	uint16_t what;
	uint8_t state; /* of the client from now on */
};

/* What an answer means, by what was asked. */
static const struct outcome outcomes[ASKED_COUNT][ANSWERS] = {
	/* the answer:	      2xx				3xx			    4xx, 5xx */
	[ASKED_GREETING] = { { 0, KEEP }, { 0, KEEP }, { 0, KEEP } },
	[ASKED_HELLO] = { { 0, KEEP }, { 0, KEEP }, { 0, KEEP } },
	[ASKED_MAIL] = { { 0, KEEP }, { 0, KEEP }, { 0, KEEP } },
	[ASKED_RCPT] = { { SMTP_TAKEN, KEEP }, { SMTP_DECLINED, KEEP }, { SMTP_DECLINED, KEEP } },
	[ASKED_DATA] = { { 0, STATE_VERB }, { SMTP_BEGUN, STATE_BODY }, { 0, STATE_VERB } },
	[ASKED_MESSAGE] = { { SMTP_ACCEPTED, KEEP }, { SMTP_REFUSED, KEEP }, { SMTP_REFUSED, KEEP } },
	[ASKED_CHUNK] = { { 0, KEEP }, { SMTP_REFUSED, KEEP }, { SMTP_REFUSED, KEEP } },
	[ASKED_LAST] = { { SMTP_ACCEPTED, KEEP }, { SMTP_REFUSED, KEEP }, { SMTP_REFUSED, KEEP } },
	[ASKED_AUTH] = { { 0, STATE_VERB }, { 0, STATE_SASL }, { 0, STATE_VERB } },
	[ASKED_STARTTLS] = { { SMTP_STARTTLS, STATE_OPAQUE }, { 0, STATE_VERB }, { 0, STATE_VERB } },
	[ASKED_RESET] = { { 0, KEEP }, { 0, KEEP }, { 0, KEEP } },
	[ASKED_OTHER] = { { 0, KEEP }, { 0, KEEP }, { 0, KEEP } },
};

static enum answer answer_of(uint16_t code)
{
	return code / 100 == 2 ? ANSWER_GOOD : code / 100 == 3 ? ANSWER_MORE : ANSWER_BAD;
}

/* A message is refused once, whether by one of its chunks or by each. */
static uint32_t once_refused(struct smtp_session *session, enum smtp_asked asked, uint32_t what)
{
	bool again = smtp_marked(session, MARK_CHUNK_REFUSED) && (asked == ASKED_CHUNK || asked == ASKED_LAST);

	smtp_mark(session, MARK_CHUNK_REFUSED, asked == ASKED_CHUNK && (again || (what & SMTP_REFUSED) != 0));
	return again ? what & ~(uint32_t)SMTP_REFUSED : what;
}

/* Lost: 354 begins a message, the reply after it answers it. */
static void hear(struct smtp_session *session, struct smtp_event *event)
{
	if (smtp_marked(session, MARK_HEARD_BODY | MARK_HEARD_MESSAGE)) {
		event->what |= answer_of(session->code) == ANSWER_GOOD ? SMTP_ACCEPTED : SMTP_REFUSED;
		if (smtp_marked(session, MARK_HEARD_BODY))
			event->what |= SMTP_SENT;
		smtp_mark(session, MARK_HEARD_BODY | MARK_HEARD_MESSAGE, false);
	} else if (session->code == CODE_GO_AHEAD) {
		event->what |= SMTP_BEGUN;
		smtp_mark(session, MARK_HEARD_BODY, true);
	}
}

/* A server that gives up says so without being asked (RFC 5321 section 3.8); anything else unasked means
 * that it saw other commands than we did: it took something for the end of a body, for one. */
static void take_unasked(struct smtp_session *session, struct smtp_event *event)
{
	bool in_body = session->state == STATE_BODY;

	if (session->code == CODE_GOODBYE || (!in_body && answer_of(session->code) == ANSWER_BAD)) {
		event->what |= SMTP_CLOSING;
		return;
	}
	smtp_lose(session, SMTP_ODD(REPLY), event);
	hear(session, event);
}

static void take_asked(struct smtp_session *session, struct smtp_event *event)
{
	enum smtp_asked asked = smtp_queue_pop(&session->queue);
	const struct outcome *outcome = &outcomes[asked][answer_of(session->code)];

	event->what |= once_refused(session, asked, outcome->what);
	if (session->code == CODE_GOODBYE)
		event->what |= SMTP_CLOSING;
	if (outcome->state == KEEP)
		return;
	session->state = outcome->state;
	session->body = BODY_LINE;
}

/* Refused, a MAIL or DATA leaves nothing open; after a goodbye nothing begins. */
static void note_next(struct smtp_session *session, enum smtp_asked asked)
{
	bool bad = answer_of(session->code) == ANSWER_BAD;

	if (session->code == CODE_GOODBYE || session->code == CODE_QUIT)
		session->next = SMTP_NEXT_NOTHING;
	else if (bad && (asked == ASKED_MAIL || asked == ASKED_DATA))
		session->next = SMTP_NEXT_MESSAGE;
}

static void end_reply(struct smtp_session *session, struct smtp_event *event)
{
	note_next(session, smtp_queue_head(&session->queue));
	if (session->state == STATE_LOST)
		hear(session, event);
	else if (smtp_queue_head(&session->queue) == ASKED_NONE)
		take_unasked(session, event);
	else
		take_asked(session, event);
}

struct keyword {
	const char *text;
	uint8_t offer;
};

static const struct keyword keywords[] = {
	{ "PIPELINING", SMTP_OFFERS_PIPELINING },
	{ "CHUNKING", SMTP_OFFERS_CHUNKING },
};

#define KEYWORDS (sizeof(keywords) / sizeof(keywords[0]))
#define KEYWORDS_ALL ((1u << KEYWORDS) - 1)

/* RFC 5321 section 4.1.1.1: a keyword begins the text of its line and ends at a blank or with the line. */
static void match_keyword(struct smtp_session *session, uint8_t byte)
{
	size_t at = session->column - TEXT_COLUMN;
	bool end = byte == ' ' || byte == '\r' || byte == '\n';

	for (size_t i = 0; i < KEYWORDS; i++) {
		if ((session->keywords & 1u << i) == 0)
			continue;
		char wanted = keywords[i].text[at];
		if (wanted == '\0' && end)
			session->offers |= keywords[i].offer;
		if (wanted == '\0' || (byte & 0xdf) != (uint8_t)wanted)
			session->keywords &= (uint8_t) ~(1u << i);
	}
}

static void begin_line(struct smtp_session *session)
{
	session->column = 0;
	session->code = 0;
	session->keywords = smtp_queue_head(&session->queue) == ASKED_HELLO ? KEYWORDS_ALL : 0;
}

static void end_line(struct smtp_session *session, struct smtp_event *event)
{
	bool whole = session->column >= CODE_DIGITS;

	if (whole && !smtp_marked(session, MARK_MORE))
		end_reply(session, event);
	else if (!whole)
		smtp_lose(session, SMTP_ODD(REPLY_FORM), event);
	begin_line(session);
}

/* Bytes of a line's text that nobody reads. */
static uint32_t skip_text(const uint8_t *data, uint32_t size)
{
	const uint8_t *lf = memchr(data, '\n', size);

	return lf == NULL ? size : (uint32_t)(lf - data);
}

static void take_byte(struct smtp_session *session, uint8_t byte, struct smtp_event *event)
{
	if (session->column < CODE_DIGITS) {
		if (byte < '0' || byte > '9') {
			smtp_lose(session, SMTP_ODD(REPLY_FORM), event);
			smtp_skip_line(session);
			return;
		}
		session->code = (uint16_t)(session->code * 10 + (byte - '0'));
	} else if (session->column == CODE_DIGITS) {
		smtp_mark(session, MARK_MORE, byte == '-');
		/* A new list of keywords replaces the old one. */
		if (session->keywords != 0 && session->code / 100 != 2)
			session->keywords = 0;
	} else if (session->keywords != 0) {
		match_keyword(session, byte);
	}
	if (session->column < UINT8_MAX)
		session->column++;
}

uint32_t smtp_session_server(struct smtp_session *session, const uint8_t *data, uint32_t size, struct smtp_event *event)
{
	uint32_t taken = 0;

	*event = (struct smtp_event){ 0 };
	if (session->state == STATE_OPAQUE)
		return size;
	while (taken < size && event->what == 0) {
		if (session->column > CODE_DIGITS && session->keywords == 0)
			taken += skip_text(data + taken, size - taken);
		if (taken == size)
			break;
		uint8_t byte = data[taken++];
		if (byte != '\n') {
			take_byte(session, byte, event);
			continue;
		}
		if (session->keywords != 0 && session->column > CODE_DIGITS)
			match_keyword(session, byte);
		if (session->column == CODE_DIGITS)
			smtp_mark(session, MARK_MORE, false);
		end_line(session, event);
	}
	return taken;
}
