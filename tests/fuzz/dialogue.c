/* SPDX-License-Identifier: BSD-3-Clause */
/* Two sides that say anything in any order: sequence numbers, retransmissions and gaps as the input has them. Where a
 * cut is said to be safe, what makes it safe is asked for here once more. */
#include "fuzz.h"

#include "dialogue.h"
#include "seq.h"

struct sides {
	struct dialogue dialogue;
	uint32_t client, server; /* what each would say next */
	uint32_t now_ms;
};

static void check_cut(const struct dialogue *dialogue, const struct speech *speech, uint32_t quiet_ms)
{
	if (!dialogue_may_cut(dialogue, speech, quiet_ms))
		return;
	must(dialogue_is_turn(dialogue) && dialogue->speaker != SPEAKER_CLIENT);
	must(!dialogue_protects(dialogue, speech));
	must(dialogue->stage != STAGE_ASKED);
	/* Where TLS may be, the bytes say that it is not, or it has gone on for long enough. */
	if (dialogue->stage == STAGE_TLS || tls_starts(speech->data, speech->size))
		must(dialogue->app_flights >= (dialogue->adopted ? 3 : 2));
	must(!seq_after(speech->seq, dialogue->client_next));
	if (dialogue->speaker == SPEAKER_SERVER)
		must(speech->ack == dialogue->server_next && speech->now_ms - dialogue->server_ms >= quiet_ms);
}

/* The same bytes in two segments leave the same dialogue. One byte of a TLS record's head is too little to tell. */
static void check_split(const struct dialogue *before, const struct dialogue *after, const struct speech *speech,
			uint32_t at)
{
	struct dialogue pieces = *before;
	struct speech first = *speech, second = *speech;
	uint32_t known = seq_after(before->client_next, speech->seq) ? before->client_next - speech->seq : 0;

	if (at >= speech->size || at < known + 2)
		return;
	first.size = at;
	second.seq += at;
	second.data += at;
	second.size -= at;
	dialogue_client(&pieces, &first);
	dialogue_client(&pieces, &second);
	/* Of a flight only the beginning is looked at for STARTTLS; where the scan stands behind it means nothing. */
	if (after->stage == STAGE_ASKED || (after->stage == STAGE_CLEAR && after->flight_bytes > 16))
		pieces.tls = after->tls;
	/* What stands behind STARTTLS takes it back when it comes, but not when it was there before. */
	if (after->stage == STAGE_ASKED && pieces.stage == STAGE_CLEAR)
		pieces.stage = after->stage;
	must(memcmp(&pieces, after, sizeof(pieces)) == 0);
}

/* A turn that went nowhere and is said again leaves the same dialogue as if it had been said once. What was not what
 * it seemed is another matter: the second time it is known. */
static void check_rewind(const struct dialogue *before, const struct dialogue *after, const struct speech *speech)
{
	struct dialogue again = *after;

	dialogue_rewind(&again, before->client_next, dialogue_is_turn(before));
	must(again.client_next == before->client_next && dialogue_client_new(&again, speech));
	must(dialogue_is_turn(&again) == dialogue_is_turn(before));
	must(again.app_flights == before->app_flights);
	must(dialogue_client(&again, speech) && again.client_next == after->client_next);
	must(!dialogue_is_turn(before) || after->stage == STAGE_OPAQUE || memcmp(&again, after, sizeof(again)) == 0);
	must(dialogue_is_turn(before) || again.stage == STAGE_OPAQUE);
}

static void client_speaks(struct sides *sides, const struct speech *speech, uint8_t how)
{
	struct dialogue before = sides->dialogue;
	bool fresh = dialogue_client_new(&sides->dialogue, speech);
	bool gap = seq_after(speech->seq, before.client_next);

	check_cut(&sides->dialogue, speech, how % 4 * 50);
	must(memcmp(&before, &sides->dialogue, sizeof(before)) == 0);
	bool whole = dialogue_client(&sides->dialogue, speech);
	if (!fresh) {
		must(whole && memcmp(&before, &sides->dialogue, sizeof(before)) == 0);
		return;
	}
	must(whole == !gap && sides->dialogue.client_next == speech_end(speech));
	must(sides->dialogue.speaker == SPEAKER_CLIENT && !dialogue_is_turn(&sides->dialogue));
	if (gap) {
		must(dialogue_protected(&sides->dialogue));
		return;
	}
	check_split(&before, &sides->dialogue, speech, how);
	check_rewind(&before, &sides->dialogue, speech);
}

static void server_speaks(struct sides *sides, const struct speech *speech)
{
	struct dialogue before = sides->dialogue;

	dialogue_server(&sides->dialogue, speech);
	if (speech->size == 0 || !seq_after(speech_end(speech), before.server_next))
		must(memcmp(&before, &sides->dialogue, sizeof(before)) == 0);
	else
		must(dialogue_is_turn(&sides->dialogue) && sides->dialogue.server_next == speech_end(speech));
	must(before.stage != STAGE_TLS || sides->dialogue.app_flights >= before.app_flights);
}

/* Mostly in order; else again, or with a gap. */
static uint32_t place(uint32_t next, uint8_t how, uint32_t size)
{
	switch (how >> 5) {
	case 5:
		return next - size;
	case 6:
		return next - how % 32;
	case 7:
		return next + how % 32;
	default:
		return next;
	}
}

/* A head of four bytes (which side and where, size, time, what else), then the text. */
static void speak(struct sides *sides, struct bytes *bytes)
{
	uint8_t head = take8(bytes), size = take8(bytes), pause = take8(bytes), how = take8(bytes);
	uint8_t *data = take_block(bytes, size);
	bool client = head & 1;
	uint32_t *mine = client ? &sides->client : &sides->server;
	uint32_t other = client ? sides->server : sides->client;
	const struct speech speech = { .seq = place(*mine, head, size),
				       .ack = how & 64 ? other - 1 : other,
				       .data = data,
				       .size = size,
				       .now_ms = sides->now_ms += pause };

	if (client)
		client_speaks(sides, &speech, how);
	else
		server_speaks(sides, &speech);
	*mine = seq_max(*mine, speech_end(&speech));
	must(dialogue_phase(&sides->dialogue) < PHASES);
	free(data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes bytes = { data, size };
	struct sides sides = { 0 };
	uint8_t start = take8(&bytes);

	/* Close to where numbers begin anew. */
	sides.client = 0u - start;
	sides.server = start * 3u;
	if (start & 1)
		dialogue_open(&sides.dialogue, sides.client - 1);
	else
		dialogue_adopt(&sides.dialogue, sides.client, sides.server);
	while (bytes.left > 0)
		speak(&sides, &bytes);
	return 0;
}
