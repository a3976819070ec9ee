/* SPDX-License-Identifier: BSD-3-Clause */
/* The arguments of commands that need a look: the domain of RCPT, the size of BDAT. */
#include "smtp_session_parts.h"

static void add_domain_byte(struct smtp_session *session, const struct smtp_input *in, uint8_t byte)
{
	if (!smtp_marked(session, MARK_DOMAIN))
		return;
	if (smtp_marked(session, MARK_PERIOD))
		session->word = domain_add(in->key, session->word, '.');
	smtp_mark(session, MARK_PERIOD, byte == '.');
	if (byte != '.')
		session->word = domain_add(in->key, session->word, byte);
}

/* The domain is what follows the last @ outside quotes, up to > (RFC 5321 section 4.1.2; a source route has
 * more than one @). The @ of a parameter behind the path does not count. */
uint32_t smtp_step_path(struct smtp_session *session, const struct smtp_input *in)
{
	for (uint32_t i = 0; i < in->size; i++) {
		uint8_t byte = in->data[i];
		switch (byte) {
		case '@':
			smtp_mark(session, MARK_DOMAIN, true);
			smtp_mark(session, MARK_PERIOD, false);
			session->word = domain_begin();
			break;
		case '"':
			session->state = STATE_QUOTED;
			return i + 1;
		case ' ':
		case '\t':
			if (!smtp_marked(session, MARK_DOMAIN))
				break;
			/* fall through */
		case '>':
		case '\r':
		case '\n':
			session->state = STATE_REST;
			return byte == '\r' || byte == '\n' ? i : i + 1;
		default:
			add_domain_byte(session, in, byte);
		}
	}
	return in->size;
}

uint32_t smtp_step_quoted(struct smtp_session *session, const struct smtp_input *in)
{
	uint8_t byte = in->data[0];

	if (byte == '\n') {
		session->state = STATE_REST;
		return 0;
	}
	smtp_mark(session, MARK_CR, byte == '\r');
	if (session->state == STATE_ESCAPED)
		session->state = STATE_QUOTED;
	else if (byte == '\\')
		session->state = STATE_ESCAPED;
	else if (byte == '"')
		session->state = STATE_PATH;
	return 1;
}

/* RFC 3030 section 2: BDAT SP chunk-size [ SP "LAST" ]. */
uint32_t smtp_step_size(struct smtp_session *session, const struct smtp_input *in)
{
	uint8_t byte = in->data[0];

	if (byte >= '0' && byte <= '9' && session->word < UINT64_MAX / 100) {
		session->word = session->word * 10 + (byte - '0');
		session->have = 1;
		return 1;
	}
	if (smtp_blank(byte) && session->have == 0)
		return 1;
	if (session->have == 0 || !(smtp_blank(byte) || byte == '\r' || byte == '\n')) {
		smtp_lose(session, SMTP_ODD(CHUNK), in->event);
		return 1;
	}
	session->state = STATE_LAST;
	session->have = 0;
	return 0;
}

uint32_t smtp_step_last(struct smtp_session *session, const struct smtp_input *in)
{
	static const char last[] = "LAST";
	uint8_t byte = in->data[0];
	bool whole = session->have == sizeof(last) - 1;

	if (byte == '\n' && (whole || session->have == 0)) {
		session->asked = whole ? ASKED_LAST : ASKED_CHUNK;
		smtp_end_line(session, in->event);
		return 1;
	}
	smtp_mark(session, MARK_CR, byte == '\r');
	if (byte == '\r' || smtp_blank(byte))
		return 1;
	if (byte == '\n' || whole || smtp_upper(byte) != (uint8_t)last[session->have])
		smtp_lose(session, SMTP_ODD(CHUNK), in->event);
	else
		session->have++;
	return 1;
}
