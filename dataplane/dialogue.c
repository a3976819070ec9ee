/* SPDX-License-Identifier: BSD-3-Clause */
#include "dialogue.h"

#include <string.h>

#include "seq.h"

/* TLS: a cut is safe once the first flight of application data that cannot be a part of the handshake was
 * answered. The client's Finished is such a record too in TLS 1.3, and session tickets look like an answer
 * to it; so two flights must be complete: at worst Finished, then EHLO. */
#define APP_FLIGHTS_LEAST 2

/* Taken over in the middle of anything, perhaps between Finished and EHLO: one flight more. */
#define APP_FLIGHTS_LEAST_ADOPTED 3
#define FLIGHTS_LEAST_ADOPTED 1

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
	dialogue->adopted = true;
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
		return dialogue->adopted && dialogue->flights < FLIGHTS_LEAST_ADOPTED;
	case STAGE_TLS:
		return tls_protected(dialogue);
	default:
		return true;
	}
}

/* Taken over mid-stream, or after a gap: only the bytes of the next flight tell where it stands. */
static enum tls_stage stage_of_flight(const struct dialogue *dialogue, const struct speech *speech)
{
	if (dialogue->stage != STAGE_OPAQUE)
		return dialogue->stage;
	return tls_starts(speech->data, speech->size) ? STAGE_TLS : STAGE_CLEAR;
}

bool dialogue_protects(const struct dialogue *dialogue, const struct speech *first)
{
	struct dialogue seen = *dialogue;

	seen.stage = stage_of_flight(dialogue, first);
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
	bool tls = tls_starts(speech->data, speech->size);

	if (dialogue->flights < UINT8_MAX)
		dialogue->flights++;
	dialogue->flight_app = dialogue->flight_shake = false;
	dialogue->flight_bytes = 0;
	dialogue->stage = stage_of_flight(dialogue, speech);
	/* Implicit TLS (RFC 8314) begins with a record at once; after 220 a record begins the handshake, and
	 * anything else is a client that changed its mind. */
	if (dialogue->stage == STAGE_GRANTED || (dialogue->stage == STAGE_CLEAR && dialogue->flights == 1))
		dialogue->stage = tls ? STAGE_TLS : STAGE_CLEAR;
	/* A flight begins with a whole line or record, wherever the last one was left. */
	memset(&dialogue->smtp, 0, sizeof(dialogue->smtp));
	memset(&dialogue->tls, 0, sizeof(dialogue->tls));
}

static void scan_tls(struct dialogue *dialogue, const uint8_t *data, uint32_t size)
{
	uint32_t saw = tls_scan_feed(&dialogue->tls, data, size);

	dialogue->flight_app |= (saw & TLS_SAW(TLS_APPLICATION_DATA)) != 0;
	dialogue->flight_shake |= (saw & TLS_SAW(TLS_HANDSHAKE)) != 0;
	if (dialogue->tls.lost)
		dialogue->stage = STAGE_OPAQUE;
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
	bool whole = !seq_after(speech->seq, dialogue->client_next);
	uint32_t known = whole ? dialogue->client_next - speech->seq : 0;
	const struct speech fresh = { .seq = speech->seq + known,
				      .ack = speech->ack,
				      .data = speech->data + known,
				      .size = speech->size - known,
				      .now_ms = speech->now_ms };

	if (dialogue_is_turn(dialogue))
		begin_flight(dialogue, &fresh);
	dialogue->speaker = SPEAKER_CLIENT;
	dialogue->client_next = speech_end(speech);
	dialogue->flight_bytes += fresh.size;
	if (!whole)
		dialogue->stage = STAGE_OPAQUE;
	else if (dialogue->stage == STAGE_TLS)
		scan_tls(dialogue, fresh.data, fresh.size);
	else if (dialogue->stage == STAGE_CLEAR && smtp_scan_feed(&dialogue->smtp, fresh.data, fresh.size))
		dialogue->stage = STAGE_ASKED;
	return whole;
}

void dialogue_server(struct dialogue *dialogue, const struct speech *speech)
{
	if (speech->size == 0 || !seq_after(speech_end(speech), dialogue->server_next))
		return;
	dialogue->server_next = speech_end(speech);
	dialogue->server_ms = speech->now_ms;
	if (dialogue->speaker == SPEAKER_CLIENT)
		end_flight(dialogue);
	dialogue->speaker = SPEAKER_SERVER;
	if (dialogue->stage == STAGE_ASKED)
		dialogue->stage = smtp_reply_positive(speech->data, speech->size) ? STAGE_GRANTED : STAGE_CLEAR;
}

enum phase dialogue_phase(const struct dialogue *dialogue)
{
	if (dialogue->speaker == SPEAKER_NONE)
		return PHASE_BANNER;
	if (dialogue->stage != STAGE_OPAQUE && dialogue_protected(dialogue))
		return PHASE_TLS_START;
	return dialogue->flight_bytes >= BODY_BYTES ? PHASE_BODY : PHASE_COMMAND;
}
