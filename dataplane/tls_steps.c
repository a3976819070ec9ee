/* SPDX-License-Identifier: BSD-3-Clause */
#include "tls_steps.h"

#include "smtp_session.h"
#include "tls_infer.h"

/* What an exchange may be. */
enum kind {
	KIND_WORD,     /* RSET, NOOP, QUIT: six bytes, one line back */
	KIND_HELLO,    /* EHLO, AUTH: little asked, much told */
	KIND_LINE,     /* MAIL or RCPT alone */
	KIND_LINES,    /* MAIL and RCPT, or many RCPT */
	KIND_DATA,     /* DATA alone: six bytes too */
	KIND_ENVELOPE, /* MAIL, RCPT ..., DATA */
	KIND_FAILED,   /* the same, and no recipient was accepted */
	KIND_BODY,
	KIND_DOT,     /* an empty body: 354 was said though no recipient was accepted */
	KIND_BODY_ON, /* a body and the next envelope behind it */
	KIND_WHOLE,   /* MAIL, RCPT ..., BDAT LAST */
	KIND_OPENING, /* MAIL, RCPT ..., BDAT: the header */
	KIND_CHUNK,   /* BDAT */
	KIND_LAST,    /* BDAT LAST, behind the envelope's replies */
	KIND_REST,    /* BDAT LAST, after the header's chunk */
	KINDS
};

#define WORD_BYTES 6u

/* A client that sends by BDAT sends the header first when the whole is larger than its buffer: so that it hears
 * of refused recipients before it sends much. What would have fitted goes at once. */
#define BUFFER_BYTES 8192u

/* More than an envelope has, and more than goes along with one. */
#define BODY_SURELY 8999u

/* The replies to MAIL and RCPT at their shortest: "250 ok". */
#define ENVELOPE_REPLIES 16u

/* A byte has to do for what the client said before. */
#define EARLIER_UNIT 64u

#define CLIENT_CLASSES 13
#define SERVER_CLASSES 8
#define RATIO_CLASSES 9

/* Upper ends of the classes; the last class has none. Six bytes are a word; 4 kB is a client's buffer. */
static const uint32_t client_ends[CLIENT_CLASSES - 1] = { 4, 5, 6, 12, 99, 199, 399, 999, 3899, 4100, 8999, 19999 };
static const uint32_t server_ends[SERVER_CLASSES - 1] = { 15, 23, 35, 59, 89, 149, 299 };
static const uint32_t ratio_ends[RATIO_CLASSES - 1] = { 1, 2, 3, 4, 6, 8, 12, 20 };

/* What it costs to take an exchange for this kind: by the client's bytes, by the server's, by their ratio, by
 * the trend (enum tls_trend), by what the server says to a message alone (enum tls_final). Set by hand from what the
 * kinds are, then fitted: number by number changed as long as fewer messages of recorded sessions were miscounted, with
 * a price on leaving the hand-set value and on unevenness. The sessions: Postfix, Exim, OpenSMTPD to Postfix under TLS,
 * and in clear text with the replies' lengths exchanged for those of nine other servers. */
struct fit {
	uint8_t client[CLIENT_CLASSES];
	uint8_t server[SERVER_CLASSES];
	uint8_t ratio[RATIO_CLASSES];
	uint8_t trend[TRENDS];
	uint8_t final[FINALS];
	bool group;	  /* only with PIPELINING */
	uint8_t unparted; /* when it would have gone along with the exchange before */
};

#define X 200 /* never */

/* clang-format off */
static const struct fit fits[KINDS] = {
	[KIND_WORD] = {
		.client = {  X,  X,  0,  6,  X,  X,  X,  X,  X,  X,  X,  X,  X },
		.server = {  0,  0,  1,  2,  3,  4,  6,  8 },
		.ratio =  {  2,  1,  0,  0,  0,  0,  0,  0,  0 },
		.trend =  {  0,  0,  5,  4 },
		.final =  {  0,  1,  2,  0,  0,  0 },
	},
	[KIND_HELLO] = {
		.client = {  X,  X,  X,  0,  1,  6, 11, 16,  X,  X,  X,  X,  X },
		.server = {  0,  1,  2,  1,  2,  1,  7,  5 },
		.ratio =  {  0,  2,  3,  7,  8,  9, 10, 11, 12 },
		.trend =  {  0,  7,  4,  1 },
		.final =  {  0,  1,  2,  2,  2,  0 },
	},
	[KIND_LINE] = {
		.client = {  X,  X,  X,  0,  0,  1,  7, 16,  X,  X,  X,  X,  X },
		.server = {  3,  2,  1,  0,  0,  2,  4,  7 },
		.ratio =  {  2,  2,  2,  3,  2,  2,  3,  3,  6 },
		.trend =  {  0,  5,  0,  0 },
		.final =  {  0,  0,  0,  0,  0,  0 },
	},
	[KIND_LINES] = { .group = true,
		.client = {  X,  X,  X,  X,  4,  3,  2,  3,  4,  0,  2,  3,  4 },
		.server = {  6,  5,  4,  6,  4,  2,  2,  2 },
		.ratio =  {  2,  2,  2,  3,  1,  1,  4,  7, 11 },
		.trend =  {  1,  0,  4,  0 },
		.final =  {  0,  0,  0,  5,  7,  0 },
	},
	[KIND_DATA] = {
		.client = {  X,  X,  0,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X },
		.server = {  0,  0,  0,  0,  0,  3,  6,  9 },
		.ratio =  {  0,  0,  0,  0,  0,  0,  0,  0,  0 },
		.trend =  {  0,  0,  0,  0 },
		.final =  {  0,  1,  0,  0,  0,  0 },
	},
	[KIND_ENVELOPE] = { .group = true,
		.client = {  X,  X,  X,  X,  2,  0,  1,  1,  2,  5,  7,  7,  7 },
		.server = { 11,  9,  7,  4,  1,  1,  1,  2 },
		.ratio =  {  3,  0,  2,  1,  0,  8, 15, 19, 23 },
		.trend =  {  0,  0,  6,  2 },
		.final =  {  0,  0,  0,  0,  0,  0 },
	},
	[KIND_FAILED] = { .group = true,
		.client = {  X,  X,  X,  X,  0,  1,  3,  5,  5,  5,  8, 11, 14 },
		.server = { 13, 10,  7,  4,  3,  2,  0,  0 },
		.ratio =  {  3,  2,  1,  2,  5,  8, 11, 14, 17 },
		.trend =  {  0,  1,  2,  3 },
		.final =  {  0,  3,  0,  1,  0,  1 },
	},
	[KIND_BODY] = {
		.client = {  X,  X, 16, 13, 10,  7,  4,  0,  0,  3,  0,  3,  5 },
		.server = {  5,  3,  1,  0,  0,  3,  3,  4 },
		.ratio =  {  4,  3,  3,  4,  5,  2,  2,  1,  0 },
		.trend =  {  2,  0,  5,  0 },
		.final =  {  0,  2,  1,  0,  1,  2 },
	},
	[KIND_DOT] = {
		.client = {  0,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X },
		.server = {  0,  0,  0,  0,  0,  0,  1,  2 },
		.ratio =  {  0,  0,  0,  0,  0,  0,  0,  0,  0 },
		.trend =  {  0,  0,  0,  0 },
		.final =  {  0,  0,  0,  0,  0,  0 },
	},
	[KIND_BODY_ON] = { .group = true,
		.client = {  X,  X,  X,  X,  X,  5,  3,  1,  0,  0,  0,  0,  0 },
		.server = { 16, 12,  8,  4,  0,  0,  0,  0 },
		.ratio =  {  5,  3,  1,  0,  0,  0,  0,  0,  0 },
		.trend =  {  0,  0,  0,  0 },
		.final =  {  0,  0,  0,  0,  0,  0 },
	},
	[KIND_WHOLE] = { .group = true,
		.client = {  X,  X,  X,  X, 13, 10,  7,  1,  0,  3,  2,  7, 14 },
		.server = { 12,  3,  5,  8,  0,  1,  0,  2 },
		.ratio =  {  6,  3,  2,  3,  2,  2,  2,  0,  0 },
		.trend =  {  9,  0,  1,  0 },
		.final =  {  0,  6,  7,  6,  8,  0 },
	},
	[KIND_OPENING] = { .group = true,
		.client = {  X,  X,  X,  X, 12,  8,  4,  0,  2,  4,  7,  5,  4 },
		.server = { 16,  9,  2,  2,  0,  0,  0,  1 },
		.ratio =  { 10,  5,  0,  0,  1,  0,  1,  1,  3 },
		.trend =  {  0,  1, 17,  4 },
		.final =  {  0,  0,  0,  0,  3,  1 },
	},
	[KIND_CHUNK] = { .unparted = 12,
		.client = {  X,  X,  X,  X,  X, 13, 11,  9,  7,  7,  7,  8,  9 },
		.server = {  2,  2,  2,  2,  5,  8, 10, 12 },
		.ratio =  {  X,  X,  X,  9,  6,  3,  0,  1,  2 },
		.trend =  {  0,  7,  3,  3 },
		.final =  {  0,  0,  0,  0,  0,  0 },
	},
	[KIND_LAST] = {
		.client = {  X,  X,  X,  X,  4,  4,  4,  1,  1,  0,  0,  0,  1 },
		.server = {  4,  3,  2,  0,  0,  1,  2,  4 },
		.ratio =  {  3,  2,  3,  2,  2,  4,  6,  4,  0 },
		.trend =  {  0,  0,  8,  0 },
		.final =  {  0, 10,  1,  1, 12,  3 },
	},
	[KIND_REST] = { .unparted = 9,
		.client = {  X,  X,  X,  X,  4,  3,  2,  4,  6,  3,  0,  0,  0 },
		.server = {  0,  1,  3,  2,  0,  1,  3,  2 },
		.ratio =  {  2,  2,  2,  2,  3,  4,  6,  3,  0 },
		.trend =  {  0,  0,  6,  0 },
		.final =  {  0,  3,  1,  0,  1,  4 },
	},
};

const struct tls_step tls_steps[] = {
	/* from          to              kind           cost  a message */
	{ INFER_IDLE,     INFER_IDLE,     KIND_WORD,       0, false },
	{ INFER_IDLE,     INFER_IDLE,     KIND_HELLO,      1, false },
	{ INFER_IDLE,     INFER_NAMED,    KIND_LINE,       0, false },
	{ INFER_IDLE,     INFER_NAMED,    KIND_LINES,      2, false },
	{ INFER_IDLE,     INFER_GO,       KIND_ENVELOPE,   0, false },
	{ INFER_IDLE,     INFER_IDLE,     KIND_FAILED,     4, false },
	{ INFER_NAMED,    INFER_NAMED,    KIND_LINE,       0, false },
	{ INFER_NAMED,    INFER_NAMED,    KIND_LINES,      1, false },
	{ INFER_NAMED,    INFER_GO,       KIND_DATA,       3, false },
	{ INFER_NAMED,    INFER_GO,       KIND_ENVELOPE,   3, false },
	{ INFER_NAMED,    INFER_IDLE,     KIND_WORD,       6, false },
	{ INFER_NAMED,    INFER_IDLE,     KIND_FAILED,     5, false },
	{ INFER_GO,       INFER_IDLE,     KIND_BODY,       0, true  },
	{ INFER_GO,       INFER_IDLE,     KIND_DOT,        0, false },
	{ INFER_GO,       INFER_GO,       KIND_BODY_ON,   13, true  },
	{ INFER_B_IDLE,   INFER_B_IDLE,   KIND_WORD,       0, false },
	{ INFER_B_IDLE,   INFER_B_IDLE,   KIND_HELLO,      0, false },
	{ INFER_B_IDLE,   INFER_B_NAMED,  KIND_LINE,       9, false },
	{ INFER_B_IDLE,   INFER_B_NAMED,  KIND_LINES,      2, false },
	{ INFER_B_IDLE,   INFER_B_IDLE,   KIND_WHOLE,      0, true  },
	{ INFER_B_IDLE,   INFER_B_CHUNKS, KIND_OPENING,    0, false },
	{ INFER_B_NAMED,  INFER_B_NAMED,  KIND_LINE,       0, false },
	{ INFER_B_NAMED,  INFER_B_NAMED,  KIND_LINES,      0, false },
	{ INFER_B_NAMED,  INFER_B_IDLE,   KIND_LAST,       0, true  },
	{ INFER_B_NAMED,  INFER_B_IDLE,   KIND_WHOLE,      0, true  },
	{ INFER_B_NAMED,  INFER_B_CHUNKS, KIND_LAST,       2, false },
	{ INFER_B_NAMED,  INFER_B_CHUNKS, KIND_OPENING,    0, false },
	{ INFER_B_NAMED,  INFER_B_IDLE,   KIND_WORD,       3, false },
	{ INFER_B_CHUNKS, INFER_B_CHUNKS, KIND_CHUNK,      3, false },
	{ INFER_B_CHUNKS, INFER_B_IDLE,   KIND_REST,       0, true  },
	{ INFER_B_CHUNKS, INFER_B_IDLE,   KIND_WORD,       6, true  },
};
/* clang-format on */

const uint32_t tls_steps_count = sizeof(tls_steps) / sizeof(tls_steps[0]);

static uint8_t class_of(uint32_t value, const uint32_t *ends, uint32_t count)
{
	uint8_t class = 0;

	while (class < count && value > ends[class])
		class ++;
	return class;
}

static enum tls_trend trend_of(uint32_t now, uint32_t before)
{
	if (before == 0)
		return TREND_NONE;
	if (now + 1 >= before && now <= before + 1)
		return TREND_SAME;
	return now < before ? TREND_LESS : TREND_MORE;
}

static enum tls_final final_of(uint32_t now, uint32_t final)
{
	if (final == 0)
		return FINAL_UNKNOWN;
	if (now + 2 < final)
		return now + 8 < final ? FINAL_LESS : FINAL_NEARLY;
	if (now <= final + 2)
		return FINAL_SAME;
	return now < final + ENVELOPE_REPLIES ? FINAL_MORE : FINAL_AND_MORE;
}

void tls_earlier_note(struct tls_earlier *earlier, struct tls_sizes now)
{
	earlier->client = now.client < UINT8_MAX * EARLIER_UNIT ? (uint8_t)(now.client / EARLIER_UNIT) : UINT8_MAX;
	earlier->server = now.client > 2 * WORD_BYTES ? now.server : 0;
	if (now.client > BODY_SURELY && now.server <= UINT8_MAX)
		earlier->final = (uint8_t)now.server;
}

struct tls_exchange tls_exchange(struct tls_sizes now, const struct tls_earlier *earlier, uint8_t offers)
{
	uint32_t ratio = (now.client + now.server - 1) / now.server;

	return (struct tls_exchange){
		.client = class_of(now.client, client_ends, CLIENT_CLASSES - 1),
		.server = class_of(now.server, server_ends, SERVER_CLASSES - 1),
		.ratio = class_of(ratio, ratio_ends, RATIO_CLASSES - 1),
		.trend = trend_of(now.server, earlier->server),
		.final = final_of(now.server, earlier->final),
		.parted = now.client + earlier->client * EARLIER_UNIT > BUFFER_BYTES,
		.grouped = (offers & (SMTP_OFFERS_PIPELINING | TLS_INFER_UNKNOWN)) != 0,
	};
}

uint32_t tls_step_cost(const struct tls_step *step, const struct tls_exchange *exchange)
{
	const struct fit *fit = &fits[step->kind];

	if (fit->group && !exchange->grouped)
		return X;
	return step->cost + fit->client[exchange->client] + fit->server[exchange->server] +
	       fit->ratio[exchange->ratio] + fit->trend[exchange->trend] + fit->final[exchange->final] +
	       (exchange->parted ? 0 : fit->unparted);
}
