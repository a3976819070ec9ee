/* SPDX-License-Identifier: BSD-3-Clause */
/* The client's half of a session: lines of commands, bodies, chunks. */
#include <string.h>

#include "smtp_session_parts.h"

#define WORD4(a, b, c, d) ((uint64_t)(a) << 24 | (uint64_t)(b) << 16 | (uint64_t)(c) << 8 | (uint64_t)(d))
#define VERB_MOST 8

struct verb {
	uint64_t word;
	uint8_t letters;
	uint8_t asked;
	uint8_t argument; /* state that reads the rest of the line */
};

/* Row: word, its length, kind of the reply, who reads the argument. Any other word is a command with one
 * reply: NOOP, VRFY, XCLIENT, XFORWARD, nonsense. */
static const struct verb verbs[] = {
	{ WORD4('R', 'C', 'P', 'T'), 4, ASKED_RCPT, STATE_PATH },
	{ WORD4('M', 'A', 'I', 'L'), 4, ASKED_MAIL, STATE_REST },
	{ WORD4('D', 'A', 'T', 'A'), 4, ASKED_DATA, STATE_REST },
	{ WORD4('B', 'D', 'A', 'T'), 4, ASKED_CHUNK, STATE_SIZE },
	{ WORD4('R', 'S', 'E', 'T'), 4, ASKED_RESET, STATE_REST },
	{ WORD4('E', 'H', 'L', 'O'), 4, ASKED_HELLO, STATE_REST },
	{ WORD4('H', 'E', 'L', 'O'), 4, ASKED_HELLO, STATE_REST },
	{ WORD4('A', 'U', 'T', 'H'), 4, ASKED_AUTH, STATE_REST },
	{ WORD4('S', 'T', 'A', 'R') << 32 | WORD4('T', 'T', 'L', 'S'), 8, ASKED_STARTTLS, STATE_REST },
};

static const struct verb other = { 0, 0, ASKED_OTHER, STATE_REST };

static const struct verb *verb_of(const struct smtp_session *session)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (verbs[i].letters == session->have && verbs[i].word == session->word)
			return &verbs[i];
	}
	return &other;
}

static void begin_command(struct smtp_session *session, uint8_t state)
{
	session->state = state;
	session->word = 0;
	session->have = 0;
	smtp_mark(session, MARK_CR | MARK_DOMAIN | MARK_PERIOD, false);
}

/* The first chunk begins a message, the last one ends it (RFC 3030 section 2). */
static void end_bdat(struct smtp_session *session, struct smtp_event *event)
{
	if (!smtp_marked(session, MARK_CHUNKS))
		event->what |= SMTP_BEGUN;
	smtp_mark(session, MARK_CHUNKS, session->asked == ASKED_CHUNK);
	session->next = session->asked == ASKED_CHUNK ? SMTP_NEXT_REST : SMTP_NEXT_MESSAGE;
	session->state = STATE_CHUNK;
	if (session->word > 0)
		return;
	if (session->asked == ASKED_LAST)
		event->what |= SMTP_SENT;
	begin_command(session, STATE_VERB);
}

static void forget_transaction(struct smtp_session *session)
{
	smtp_mark(session, MARK_CHUNKS, false);
	session->next = SMTP_NEXT_MESSAGE;
}

/* What a kind of command means, and what may come after it. */
static void end_command(struct smtp_session *session, struct smtp_event *event)
{
	uint8_t then = STATE_VERB;

	switch (session->asked) {
	case ASKED_HELLO:
		session->offers = 0; /* RFC 5321 section 4.1.4: and it resets as RSET does */
		forget_transaction(session);
		break;
	case ASKED_RESET:
		forget_transaction(session);
		break;
	case ASKED_MAIL:
		event->what |= SMTP_TRANSACTION;
		forget_transaction(session);
		session->next = SMTP_NEXT_REST;
		break;
	case ASKED_RCPT:
		event->what |= SMTP_RECIPIENT;
		event->domain = smtp_marked(session, MARK_DOMAIN) ? domain_name(session->word) : DOMAIN_NONE;
		break;
	case ASKED_CHUNK:
	case ASKED_LAST:
		end_bdat(session, event);
		return;
	case ASKED_DATA:
	case ASKED_AUTH:
	case ASKED_STARTTLS:
		then = STATE_WAIT;
		break;
	default:
		break;
	}
	begin_command(session, then);
}

void smtp_end_line(struct smtp_session *session, struct smtp_event *event)
{
	if (!smtp_marked(session, MARK_CR))
		smtp_odd(session, SMTP_ODD(COMMAND_LF), event);
	if (smtp_queue_push(&session->queue, session->asked))
		end_command(session, event);
	else
		smtp_lose(session, SMTP_ODD(QUEUE), event);
}

static void end_verb(struct smtp_session *session)
{
	const struct verb *verb = verb_of(session);

	session->asked = verb->asked;
	session->state = verb->argument;
	session->word = 0;
	session->have = 0;
}

/* RFC 5321 section 2.4: verbs have no case. Blanks before one are forgiven, as servers do. */
static uint32_t step_verb(struct smtp_session *session, const struct smtp_input *in)
{
	uint32_t i = 0;

	while (i < in->size) {
		uint8_t byte = in->data[i];
		if (byte == '\n' || byte == '\r' || (smtp_blank(byte) && session->have > 0)) {
			end_verb(session);
			return i; /* the next state's first byte; a verb that is the whole line ends there */
		}
		i++;
		if (smtp_blank(byte))
			continue;
		session->word = session->word << 8 | smtp_upper(byte);
		if (session->have <= VERB_MOST)
			session->have++;
	}
	return i;
}

/* Counts off bytes up to the LF; true when it is there. */
static bool find_line_end(struct smtp_session *session, const struct smtp_input *in, uint32_t *taken)
{
	const uint8_t *lf = memchr(in->data, '\n', in->size);
	uint32_t before = lf == NULL ? in->size : (uint32_t)(lf - in->data);

	if (before > 0)
		smtp_mark(session, MARK_CR, in->data[before - 1] == '\r');
	*taken = before + (lf != NULL);
	return lf != NULL;
}

static uint32_t step_rest(struct smtp_session *session, const struct smtp_input *in)
{
	uint32_t taken;

	if (find_line_end(session, in, &taken))
		smtp_end_line(session, in->event);
	return taken;
}

static uint32_t step_sasl(struct smtp_session *session, const struct smtp_input *in)
{
	uint32_t taken;

	if (find_line_end(session, in, &taken)) {
		session->asked = ASKED_AUTH;
		smtp_end_line(session, in->event);
	}
	return taken;
}

static uint32_t step_wait(struct smtp_session *session, const struct smtp_input *in)
{
	smtp_lose(session, SMTP_ODD(EARLY), in->event);
	return 1;
}

static uint32_t step_body(struct smtp_session *session, const struct smtp_input *in)
{
	uint16_t odd = session->odd;
	uint32_t taken = smtp_body_feed(&session->body, in->data, in->size, &session->odd);

	if (session->odd != odd)
		in->event->what |= SMTP_ODDITY;
	if (session->body == BODY_END) {
		in->event->what |= SMTP_SENT;
		session->next = SMTP_NEXT_MESSAGE;
		smtp_queue_push(&session->queue, ASKED_MESSAGE); /* it was empty: DATA was answered */
		begin_command(session, STATE_VERB);
	}
	return taken;
}

static uint32_t step_chunk(struct smtp_session *session, const struct smtp_input *in)
{
	uint32_t taken = session->word < in->size ? (uint32_t)session->word : in->size;

	session->word -= taken;
	if (session->word == 0) {
		if (session->asked == ASKED_LAST)
			in->event->what |= SMTP_SENT;
		begin_command(session, STATE_VERB);
	}
	return taken;
}

static uint32_t step_pass(struct smtp_session *session, const struct smtp_input *in)
{
	(void)session;
	return in->size;
}

static uint32_t (*const steps[STATE_COUNT])(struct smtp_session *, const struct smtp_input *) = {
	[STATE_VERB] = step_verb,	   [STATE_REST] = step_rest,	       [STATE_PATH] = smtp_step_path,
	[STATE_QUOTED] = smtp_step_quoted, [STATE_ESCAPED] = smtp_step_quoted, [STATE_SIZE] = smtp_step_size,
	[STATE_LAST] = smtp_step_last,	   [STATE_SASL] = step_sasl,	       [STATE_WAIT] = step_wait,
	[STATE_BODY] = step_body,	   [STATE_CHUNK] = step_chunk,	       [STATE_OPAQUE] = step_pass,
	[STATE_LOST] = step_pass,
};

uint32_t smtp_session_client(struct smtp_session *session, struct domain_key key, const uint8_t *data, uint32_t size,
			     struct smtp_event *event)
{
	uint32_t taken = 0;

	*event = (struct smtp_event){ 0 };
	while (taken < size && event->what == 0) {
		const struct smtp_input in = { .data = data + taken, .size = size - taken, .key = key, .event = event };
		taken += steps[session->state](session, &in);
	}
	return taken;
}
