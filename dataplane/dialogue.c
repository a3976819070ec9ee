/* SPDX-License-Identifier: BSD-3-Clause */
#include "dialogue.h"

#include <string.h>

/* TLS: a cut is safe once the first flight of application data that cannot be a part of the handshake was
 * answered. The client's Finished is such a record too in TLS 1.3, and session tickets look like an answer
 * to it; so two flights must be complete: at worst Finished, then EHLO. */
#define APP_FLIGHTS_LEAST 2

/* Taken over in the middle of anything, perhaps between Finished and EHLO: one flight more. */
#define APP_FLIGHTS_LEAST_ADOPTED 3

/* RFC 3207 section 4: STARTTLS ends its flight, and a client has no other reason to send it alone. The same line
 * in the middle of a body is the sender's text, and must not change what may be held or cut. */
#define STARTTLS_FLIGHT_MOST 16u

/* A flight this long is taken for a message body. */
#define BODY_BYTES 2048u

void dialogue_open(struct dialogue *dialogue, uint32_t client_isn)
{
	memset(dialogue, 0, sizeof(*dialogue));
	dialogue->client_next = client_isn + 1;
}

void dialogue_adopt(struct dialogue *dialogue, uint32_t client_seq, uint32_t server_seq)
{
	memset(dialogue, 0, sizeof(*dialogue));
	dialogue->client_next = client_seq;
	dialogue->server_next = server_seq;
	dialogue->speaker = SPEAKER_CLIENT;
	dialogue->stage = STAGE_OPAQUE;
	dialogue->adopted = 1;
}

bool dialogue_client_new(const struct dialogue *dialogue, const struct speech *speech)
{
	return speech->size > 0 && seq_after(speech_end(speech), dialogue->client_next);
}

bool dialogue_is_turn(const struct dialogue *dialogue)
{
	return dialogue->speaker != SPEAKER_CLIENT;
}

static bool tls_protected(const struct dialogue *dialogue)
{
	return dialogue->app_flights < (dialogue->adopted ? APP_FLIGHTS_LEAST_ADOPTED : APP_FLIGHTS_LEAST);
}

bool dialogue_protected(const struct dialogue *dialogue)
{
	switch (dialogue->stage) {
	case STAGE_CLEAR:
		return false;
	case STAGE_TLS:
		return tls_protected(dialogue);
	default:
		return true;
	}
}

/* Mid-stream, after a gap, or where a 220 was not seen for what it was: the bytes of the next flight tell. No
 * SMTP command begins like a record of TLS, and implicit TLS (RFC 8314) does at once. */
static enum tls_stage stage_of_flight(const struct dialogue *dialogue, const struct speech *speech)
{
	switch (dialogue->stage) {
	case STAGE_CLEAR:
	case STAGE_GRANTED: /* anything but a record: a client that changed its mind */
	case STAGE_OPAQUE:
		return tls_starts(speech->data, speech->size) ? STAGE_TLS : STAGE_CLEAR;
	default:
		return (enum tls_stage)dialogue->stage;
	}
}

bool dialogue_protects(const struct dialogue *dialogue, const struct speech *first)
{
	struct dialogue seen = *dialogue;

	seen.stage = stage_of_flight(dialogue, first) & 7;
	return dialogue_protected(&seen);
}

bool dialogue_may_cut(const struct dialogue *dialogue, const struct speech *speech, uint32_t quiet_ms)
{
	if (!dialogue_is_turn(dialogue) || seq_after(speech->seq, dialogue->client_next))
		return false;
	if (dialogue->speaker == SPEAKER_SERVER &&
	    (speech->ack != dialogue->server_next || speech->now_ms - dialogue->server_ms < quiet_ms))
		return false;
	return !dialogue_protects(dialogue, speech);
}

static void begin_flight(struct dialogue *dialogue, const struct speech *speech)
{
	dialogue->flight_app = dialogue->flight_shake = 0;
	dialogue->flight_bytes = 0;
	dialogue->stage = stage_of_flight(dialogue, speech) & 7;
	/* A flight begins with a whole line or record, wherever the last one was left. */
	memset(&dialogue->tls, 0, sizeof(dialogue->tls));
}

static void scan_tls(struct dialogue *dialogue, const uint8_t *data, uint32_t size)
{
	uint32_t saw = tls_scan_feed(&dialogue->tls, data, size);

	if (saw & TLS_SAW(TLS_APPLICATION_DATA))
		dialogue->flight_app = 1;
	if (saw & TLS_SAW(TLS_HANDSHAKE))
		dialogue->flight_shake = 1;
	if (dialogue->tls.lost)
		dialogue->stage = STAGE_OPAQUE;
}

static void scan_clear(struct dialogue *dialogue, const uint8_t *data, uint32_t size)
{
	dialogue->stage = STAGE_CLEAR; /* if it speaks on, that was no STARTTLS */
	if (dialogue->flight_bytes <= STARTTLS_FLIGHT_MOST && smtp_scan_feed(&dialogue->smtp, data, size))
		dialogue->stage = STAGE_ASKED;
}

/* The flight is over when the server answers it. */
static void end_flight(struct dialogue *dialogue)
{
	if (dialogue->stage == STAGE_TLS && dialogue->flight_app && !dialogue->flight_shake &&
	    dialogue->app_flights < UINT8_MAX)
		dialogue->app_flights++;
}

bool dialogue_client(struct dialogue *dialogue, const struct speech *speech)
{
	if (!dialogue_client_new(dialogue, speech))
		return true;
	struct speech fresh;
	bool whole = speech_fresh(speech, dialogue->client_next, &fresh);

	if (dialogue_is_turn(dialogue))
		begin_flight(dialogue, &fresh);
	dialogue->speaker = SPEAKER_CLIENT;
	dialogue->client_next = speech_end(speech);
	dialogue->flight_bytes += fresh.size;
	if (!whole)
		dialogue->stage = STAGE_OPAQUE;
	else if (dialogue->stage == STAGE_TLS)
		scan_tls(dialogue, fresh.data, fresh.size);
	else if (dialogue->stage == STAGE_ASKED || dialogue->stage == STAGE_CLEAR)
		scan_clear(dialogue, fresh.data, fresh.size);
	return whole;
}

void dialogue_rewind(struct dialogue *dialogue, uint32_t seq, bool turn)
{
	if (!seq_after(dialogue->client_next, seq))
		return;
	dialogue->client_next = seq;
	if (!turn) {
		dialogue->stage = STAGE_OPAQUE; /* in the middle of a line or a record */
		return;
	}
	dialogue->speaker = SPEAKER_SERVER;
	if (dialogue->stage == STAGE_ASKED) /* not yet: it asks again */
		dialogue->stage = STAGE_CLEAR;
}

void dialogue_server(struct dialogue *dialogue, const struct speech *speech)
{
	if (speech->size == 0 || !seq_after(speech_end(speech), dialogue->server_next))
		return;
	bool next = speech->seq == dialogue->server_next;

	dialogue->server_next = speech_end(speech);
	dialogue->server_ms = speech->now_ms;
	if (dialogue->speaker == SPEAKER_CLIENT)
		end_flight(dialogue);
	dialogue->speaker = SPEAKER_SERVER;
	/* A reply that does not begin where it should is not read: the client's next bytes tell (TLS or not). */
	if (dialogue->stage == STAGE_ASKED)
		dialogue->stage =
			!next || smtp_reply_positive(speech->data, speech->size) ? STAGE_GRANTED : STAGE_CLEAR;
}

enum phase dialogue_phase(const struct dialogue *dialogue)
{
	if (dialogue->speaker == SPEAKER_NONE)
		return PHASE_BANNER;
	if (dialogue->stage == STAGE_OPAQUE) /* of a handshake, perhaps, where the gate took over */
		return dialogue->adopted ? PHASE_TLS_START : PHASE_COMMAND;
	if (dialogue_protected(dialogue))
		return PHASE_TLS_START;
	return !dialogue_is_turn(dialogue) && dialogue->flight_bytes >= BODY_BYTES ? PHASE_BODY : PHASE_COMMAND;
}
