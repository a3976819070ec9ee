/* SPDX-License-Identifier: BSD-3-Clause */
#include "tls_infer.h"

#include <string.h>

#include "smtp_session.h"
#include "tls.h"
#include "tls_steps.h"

_Static_assert(sizeof(struct tls_infer) <= 40, "in a union with struct smtp_session");

enum mark {
	MARK_SERVER_SPOKE = 1, /* the server was the last to speak */
	MARK_CCS = 2,	       /* the server's last record was a ChangeCipherSpec, in this flight */
	MARK_KEYED = 4,	       /* the overhead is known */
	MARK_FINISHED = 8,     /* TLS 1.3: the client's Finished, its first protected record, went by */
	MARK_LOST = 16,
	MARK_TURN = 32,	  /* the client speaks again: its next record ends the exchange */
	MARK_CLOSED = 64, /* the client said that it will say no more */
	MARK_FULL = 128,  /* the client's last record is as large as a buffer: it has more to say */
};

/* RFC 8446 section 5.2: a byte for the type, 16 for the tag. */
#define OVERHEAD_TLS13 17u

/* RFC 5246 section 7.4.9: header and verify_data. */
#define FINISHED_TLS12 16u

/* At least an IV, a MAC, a byte of padding: a block cipher, whose records tell lengths only in steps. */
#define OVERHEAD_BLOCK 40u
#define WORD_BYTES 6u

/* RFC 8446 section 6: level and description. */
#define ALERT_BYTES 2u

/* Clients fill buffers of 4 kB, or of several; block ciphers hide a few bytes. */
#define BUFFER_BYTES 4096u
#define BUFFER_SLACK 8u

#define RECORD_MOST (16384u + 2048u)
#define COST_MOST 200u

/* Most clients send DATA. */
#define COST_BDAT 3u

/* It has always been the other way; and from how far apart both ways are one of them is clear. */
#define COST_HABIT 12u

/* At a turn, how far from the cheapest a path may be and still be thought of. */
#define COST_PLAUSIBLE 3u

static bool marked(const struct tls_infer *infer, enum mark mark)
{
	return (infer->marks & mark) != 0;
}

static void set_mark(struct tls_infer *infer, enum mark mark, bool on)
{
	infer->marks = (uint8_t)(on ? infer->marks | mark : infer->marks & ~mark);
}

void tls_infer_open(struct tls_infer *infer, uint8_t known)
{
	memset(infer, 0, sizeof(*infer));
	infer->known = known;
	memset(infer->costs, COST_MOST, sizeof(infer->costs));
	infer->costs[INFER_IDLE] = known & TLS_INFER_BDAT ? COST_HABIT : 0;
	if (known & (SMTP_OFFERS_CHUNKING | TLS_INFER_UNKNOWN))
		infer->costs[INFER_B_IDLE] = known & TLS_INFER_BDAT   ? 0
					     : known & TLS_INFER_DATA ? COST_HABIT
								      : COST_BDAT;
}

void tls_infer_lose(struct tls_infer *infer)
{
	set_mark(infer, MARK_LOST, true);
	set_mark(infer, MARK_FINISHED, true);
	if (!marked(infer, MARK_KEYED))
		infer->overhead = OVERHEAD_TLS13;
	set_mark(infer, MARK_KEYED, true);
}

static uint32_t add_most(uint32_t a, uint32_t b, uint32_t most)
{
	return a + b < most ? a + b : most;
}

/* A client does not go away between 354 and the body, or between two chunks. */
static const uint8_t closing_costs[INFER_STATES] = {
	[INFER_NAMED] = 4, [INFER_GO] = 10, [INFER_B_NAMED] = 4, [INFER_B_CHUNKS] = 10
};

/* The best way to each state by one of the steps. */
static void walk(struct tls_infer *infer, const struct tls_exchange *exchange)
{
	uint8_t costs[INFER_STATES];
	uint16_t counts[INFER_STATES] = { 0 };
	uint8_t least = COST_MOST;

	memset(costs, COST_MOST, sizeof(costs));
	for (uint32_t i = 0; i < tls_steps_count; i++) {
		const struct tls_step *step = &tls_steps[i];
		uint8_t cost = (uint8_t)add_most(infer->costs[step->from], tls_step_cost(step, exchange), COST_MOST);
		if (cost >= costs[step->to])
			continue;
		costs[step->to] = cost;
		counts[step->to] = (uint16_t)add_most(infer->counts[step->from], step->messages, UINT16_MAX);
		least = cost < least ? cost : least;
	}
	/* No step fits: nothing was learnt. */
	if (least == COST_MOST)
		return;
	for (int state = 0; state < INFER_STATES; state++)
		infer->costs[state] = costs[state] == COST_MOST ? COST_MOST : (uint8_t)(costs[state] - least);
	memcpy(infer->counts, counts, sizeof(counts));
}

static void end_exchange(struct tls_infer *infer)
{
	const struct tls_sizes sizes = { infer->client_bytes, infer->server_bytes };
	const struct tls_exchange exchange = tls_exchange(sizes, &infer->earlier, infer->known);

	walk(infer, &exchange);
	tls_earlier_note(&infer->earlier, sizes);
	infer->client_bytes = 0;
	infer->server_bytes = 0;
}

/* Neither a handshake's nor an unanswered one. */
static bool exchange_whole(const struct tls_infer *infer)
{
	return infer->client_bytes > 0 && infer->server_bytes > 0;
}

static uint32_t plain_size(const struct tls_infer *infer, uint32_t length)
{
	uint32_t overhead = infer->overhead < OVERHEAD_BLOCK ? infer->overhead : infer->overhead - WORD_BYTES;

	return length > overhead ? length - overhead : 0;
}

static bool fills_buffer(uint32_t plain)
{
	return plain >= BUFFER_BYTES && plain % BUFFER_BYTES <= BUFFER_SLACK;
}

static void client_record(struct tls_infer *infer, uint8_t type, uint32_t length)
{
	set_mark(infer, MARK_CLOSED, marked(infer, MARK_KEYED) && type == TLS_ALERT);
	if (type != TLS_APPLICATION_DATA || !marked(infer, MARK_KEYED))
		return;
	if (infer->overhead == OVERHEAD_TLS13 && !marked(infer, MARK_FINISHED)) {
		set_mark(infer, MARK_FINISHED, true);
		return;
	}
	uint32_t plain = plain_size(infer, length);
	if (plain <= ALERT_BYTES) {
		set_mark(infer, MARK_CLOSED, true);
		return;
	}
	if (marked(infer, MARK_TURN)) {
		if (exchange_whole(infer))
			end_exchange(infer);
		infer->server_bytes = 0;
		set_mark(infer, MARK_TURN, false);
	}
	infer->client_bytes = add_most(infer->client_bytes, plain, UINT32_MAX / 2);
	set_mark(infer, MARK_FULL, fills_buffer(plain));
}

/* TLS 1.2: ChangeCipherSpec and, in the same flight, a record of the handshake: Finished, whose length
 * betrays the cipher's overhead. TLS 1.3: application data before any of the client's. After a
 * HelloRetryRequest a handshake record follows ChangeCipherSpec too, but in the next flight. */
static void learn_overhead(struct tls_infer *infer, uint8_t type, uint32_t length)
{
	if (type == TLS_HANDSHAKE && marked(infer, MARK_CCS))
		infer->overhead = (uint8_t)(length > FINISHED_TLS12 ? length - FINISHED_TLS12 : 0);
	else if (type == TLS_APPLICATION_DATA)
		infer->overhead = OVERHEAD_TLS13;
	else
		return;
	set_mark(infer, MARK_KEYED, true);
}

static void server_record(struct tls_infer *infer, uint8_t type, uint32_t length)
{
	if (!marked(infer, MARK_KEYED))
		learn_overhead(infer, type, length);
	set_mark(infer, MARK_CCS, type == TLS_CHANGE_CIPHER_SPEC);
	uint32_t plain = plain_size(infer, length);
	if (type == TLS_APPLICATION_DATA && plain > ALERT_BYTES)
		infer->server_bytes = (uint16_t)add_most(infer->server_bytes, plain, UINT16_MAX);
}

typedef void take_record(struct tls_infer *infer, uint8_t type, uint32_t length);

/* RFC 8446 section 5.1: type, version, length. False when this is none. */
static bool take_header_byte(struct tls_infer *infer, struct tls_reader *reader, uint8_t byte, take_record *take)
{
	switch (reader->have++) {
	case 0:
		reader->type = byte;
		return tls_type_known(byte);
	case 1:
		return byte == 3;
	case 2:
		return true;
	case 3:
		reader->left = (uint16_t)(byte << 8);
		return true;
	default:
		reader->left |= byte;
		reader->have = 0;
		take(infer, reader->type, reader->left);
		return reader->left <= RECORD_MOST;
	}
}

#define HEADER 5u

/* The same of a header that came in one piece, as nearly all do; 0 when it did not, or is none. */
static uint32_t take_header(struct tls_infer *infer, struct tls_reader *reader, const uint8_t *data, uint32_t size,
			    take_record *take)
{
	if (reader->have != 0 || size < HEADER || !tls_type_known(data[0]) || data[1] != 3)
		return 0;
	uint16_t length = (uint16_t)(data[3] << 8 | data[4]);
	if (length > RECORD_MOST)
		return 0;
	reader->type = data[0];
	reader->left = length;
	take(infer, reader->type, length);
	return HEADER;
}

static void read_records(struct tls_infer *infer, struct tls_reader *reader, const uint8_t *data, uint32_t size,
			 take_record *take)
{
	while (size > 0 && !marked(infer, MARK_LOST)) {
		uint32_t took;
		if (reader->have == 0 && reader->left > 0) {
			took = reader->left < size ? reader->left : size;
			reader->left -= (uint16_t)took;
		} else if ((took = take_header(infer, reader, data, size, take)) == 0) {
			took = 1;
			set_mark(infer, MARK_LOST, !take_header_byte(infer, reader, *data, take));
		}
		data += took;
		size -= took;
	}
}

static void begin_flight(struct tls_infer *infer, const uint8_t *data, uint32_t size)
{
	bool inside = infer->client.left > 0 || infer->client.have > 0;

	set_mark(infer, MARK_SERVER_SPOKE | MARK_CCS, false);
	if (marked(infer, MARK_LOST)) {
		set_mark(infer, MARK_LOST, !tls_starts(data, size));
		memset(&infer->client, 0, sizeof(infer->client));
		memset(&infer->server, 0, sizeof(infer->server));
		inside = false;
		set_mark(infer, MARK_FULL, false);
	}
	/* In the middle of a record, or of what did not fit into one, it is no new flight: the server spoke while the
	 * client did. So it is when a whole message goes along with its envelope by BDAT, and is larger than a buffer.
	 */
	set_mark(infer, MARK_TURN, !inside && !marked(infer, MARK_FULL));
}

void tls_infer_client(struct tls_infer *infer, const uint8_t *data, uint32_t size)
{
	if (size == 0)
		return;
	if (marked(infer, MARK_SERVER_SPOKE))
		begin_flight(infer, data, size);
	read_records(infer, &infer->client, data, size, client_record);
}

void tls_infer_server(struct tls_infer *infer, const uint8_t *data, uint32_t size)
{
	if (size == 0)
		return;
	set_mark(infer, MARK_SERVER_SPOKE, true);
	read_records(infer, &infer->server, data, size, server_record);
}

uint32_t tls_infer_left(const struct tls_infer *infer)
{
	return marked(infer, MARK_LOST) || infer->client.have > 0 ? 0 : infer->client.left;
}

void tls_infer_goes_on(struct tls_infer *infer, uint16_t left)
{
	/* The whole of it at once: what is read next is the whole, and would wait for a part to be written. */
	infer->client = (struct tls_reader){ .left = left };
}

void tls_infer_close(struct tls_infer *infer)
{
	set_mark(infer, MARK_CLOSED, true);
}

/* As if the client spoke now, or went away. */
static struct tls_infer settled(const struct tls_infer *infer)
{
	struct tls_infer now = *infer;

	if (exchange_whole(&now))
		end_exchange(&now);
	for (int state = 0; marked(&now, MARK_CLOSED) && state < INFER_STATES; state++)
		now.costs[state] = (uint8_t)add_most(now.costs[state], closing_costs[state], COST_MOST);
	return now;
}

uint32_t tls_infer_count(const struct tls_infer *infer)
{
	const struct tls_infer now = settled(infer);
	int best = 0;

	for (int state = 1; state < INFER_STATES; state++) {
		if (now.costs[state] < now.costs[best])
			best = state;
	}
	return now.counts[best];
}

static uint8_t least_of(const uint8_t *costs, int from, int to)
{
	uint8_t least = COST_MOST;

	for (int state = from; state < to; state++)
		least = costs[state] < least ? costs[state] : least;
	return least;
}

uint8_t tls_infer_habit(const struct tls_infer *infer)
{
	const struct tls_infer now = settled(infer);
	uint8_t data = least_of(now.costs, INFER_IDLE, INFER_B_IDLE);
	uint8_t bdat = least_of(now.costs, INFER_B_IDLE, INFER_STATES);

	if (data >= bdat + COST_HABIT)
		return TLS_INFER_BDAT;
	return bdat >= data + COST_HABIT ? TLS_INFER_DATA : 0;
}

bool tls_infer_may_begin(const struct tls_infer *infer)
{
	const struct tls_infer now = settled(infer);

	return now.costs[INFER_IDLE] <= COST_PLAUSIBLE || now.costs[INFER_B_IDLE] <= COST_PLAUSIBLE;
}

static bool between_records(const struct tls_reader *reader)
{
	return reader->left == 0 && reader->have == 0;
}

bool tls_infer_answered(const struct tls_infer *infer)
{
	return !marked(infer, MARK_LOST | MARK_CLOSED | MARK_FULL) && exchange_whole(infer) &&
	       between_records(&infer->client) && between_records(&infer->server);
}
