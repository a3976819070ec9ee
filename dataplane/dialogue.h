/* SPDX-License-Identifier: BSD-3-Clause */
/* Where both sides of a connection are: who spoke last, what was received, in which phase of SMTP they
 * are. Arithmetic only: sequence numbers, payload bytes and time come as arguments.
 *
 * The *turn* is the client's first new bytes after the server spoke. At a turn nothing the client sent
 * before is unanswered, so swallowing those bytes and resetting both sides loses nothing and doubles
 * nothing: the message they would begin was never heard of, the one before was answered. With one
 * exception: while TLS starts, a reset makes some MTAs try again in the clear. */
#ifndef SLUICE_DIALOGUE_H
#define SLUICE_DIALOGUE_H

#include <stdbool.h>
#include <stdint.h>

#include "seq.h"
#include "smtp.h"
#include "tls.h"
#include "wire.h"

enum speaker { SPEAKER_NONE, SPEAKER_CLIENT, SPEAKER_SERVER };

enum tls_stage {
	STAGE_CLEAR,
	STAGE_ASKED,   /* the client said STARTTLS */
	STAGE_GRANTED, /* the server said 220 */
	STAGE_TLS,
	STAGE_OPAQUE, /* mid-stream: aligned again at the next turn */
};

/* What the middle of a TLS record needs comes first: see flow.h. */
struct dialogue {
	uint32_t client_next; /* end of the client's bytes let through */
	uint32_t flight_bytes;
	uint8_t speaker : 2;
	uint8_t stage : 3;
	uint8_t adopted : 1;	  /* taken over mid-stream */
	uint8_t flight_app : 1;	  /* this flight had application data records ... */
	uint8_t flight_shake : 1; /* ... or handshake records */
	uint8_t app_flights;	  /* client flights of application data only that were answered, at most 255 */
	union {
		struct smtp_scan smtp;
		struct tls_scan tls;
	};
	uint32_t server_next; /* end of the server's bytes let through */
	uint32_t server_ms;   /* when the server last said something new */
};

/* A client's or server's segment with payload. */
struct speech {
	uint32_t seq, ack;
	const uint8_t *data;
	uint32_t size;
	uint32_t now_ms;
};

void dialogue_open(struct dialogue *dialogue, uint32_t client_isn);
void dialogue_adopt(struct dialogue *dialogue, uint32_t client_seq, uint32_t server_seq);

static inline uint32_t speech_end(const struct speech *speech)
{
	return speech->seq + speech->size;
}

/* The part of a segment that was not let through before `next`; false: bytes before it are missing. */
static inline bool speech_fresh(const struct speech *speech, uint32_t next, struct speech *ret_fresh)
{
	bool whole = !seq_after(speech->seq, next);
	uint32_t known = whole ? next - speech->seq : 0;

	*ret_fresh = (struct speech){ speech->seq + known, speech->ack, speech->data + known, speech->size - known,
				      speech->now_ms };
	return whole;
}

/* Does it carry client bytes not yet let through? */
bool dialogue_client_new(const struct dialogue *dialogue, const struct speech *speech);

/* Would these new bytes begin a turn? */
bool dialogue_is_turn(const struct dialogue *dialogue);

/* TLS is being started: no cut, no hold, no drop here. */
bool dialogue_protected(const struct dialogue *dialogue);

/* The same of a flight that would begin with these bytes: often only they tell where TLS stands. */
bool dialogue_protects(const struct dialogue *dialogue, const struct speech *first);

/* A turn at which a cut is safe: everything the server said was received, nothing is protected, and the
 * server has been silent for `quiet_ms` (so that no further reply is on its way). */
bool dialogue_may_cut(const struct dialogue *dialogue, const struct speech *speech, uint32_t quiet_ms);

/* Lets a client's / server's segment through. dialogue_client returns false when bytes before it are
 * missing (the dialogue is opaque until the next turn). */
bool dialogue_client(struct dialogue *dialogue, const struct speech *speech);
void dialogue_server(struct dialogue *dialogue, const struct speech *speech);

/* The client goes on with what it is saying: inside a TLS record nothing is decided. */
static inline bool dialogue_in_record(const struct dialogue *dialogue, uint32_t seq, uint32_t size)
{
	return size <= dialogue->tls.remaining && seq == dialogue->client_next && dialogue->stage == STAGE_TLS &&
	       dialogue->speaker == SPEAKER_CLIENT;
}

/* Lets such bytes through. */
static inline void dialogue_goes_on(struct dialogue *dialogue, uint32_t size)
{
	dialogue->client_next += size;
	dialogue->flight_bytes += size;
	dialogue->tls.remaining = (uint16_t)(dialogue->tls.remaining - size);
}

/* Client bytes from `seq` on that were let through have gone nowhere after all; they began a turn, or not. */
void dialogue_rewind(struct dialogue *dialogue, uint32_t seq, bool turn);

/* By which hold budget the client's next bytes are judged. */
enum phase dialogue_phase(const struct dialogue *dialogue);

#endif
