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
	KIND_LAST,    /* BDAT LAST */
	KINDS
};

#define CLIENT_CLASSES 12
#define SERVER_CLASSES 8
#define RATIO_CLASSES 9

/* Upper ends of the classes; the last class has none. Six bytes are a word; 4 kB is a client's buffer. */
static const uint32_t client_ends[CLIENT_CLASSES - 1] = { 4, 5, 6, 12, 99, 199, 399, 999, 3899, 4100, 19999 };
static const uint32_t server_ends[SERVER_CLASSES - 1] = { 15, 23, 35, 59, 89, 149, 299 };
static const uint32_t ratio_ends[RATIO_CLASSES - 1] = { 1, 2, 3, 4, 6, 8, 12, 20 };

/* What it costs to take an exchange for this kind: by the client's bytes, by the server's, by their ratio, by
 * the trend (enum tls_trend). Set by hand from what the kinds are, then fitted: number by number changed as long
 * as fewer messages of recorded sessions were miscounted, with a price on leaving the hand-set value and on
 * unevenness. The sessions: Postfix, Exim, OpenSMTPD to Postfix under TLS, and in clear text with the replies'
 * lengths exchanged for those of nine other servers. */
struct fit {
	uint8_t client[CLIENT_CLASSES];
	uint8_t server[SERVER_CLASSES];
	uint8_t ratio[RATIO_CLASSES];
	uint8_t trend[TRENDS];
	bool group; /* only with PIPELINING */
};

#define X 200 /* never */

/* clang-format off */
static const struct fit fits[KINDS] = {
	[KIND_WORD] = {
		.client = {  X,  X,  0,  6,  X,  X,  X,  X,  X,  X,  X,  X },
		.server = {  0,  0,  0,  1,  2,  4,  6,  8 },
		.ratio =  {  0,  0,  0,  0,  0,  0,  0,  0,  0 },
		.trend =  {  0,  0,  0,  4 },
	},
	[KIND_HELLO] = {
		.client = {  X,  X,  X,  0,  1,  4,  8, 12,  X,  X,  X,  X },
		.server = {  4,  3,  2,  1,  0,  0,  1,  2 },
		.ratio =  {  0,  1,  3,  6,  8,  9, 10, 11, 12 },
		.trend =  {  0,  0,  0,  0 },
	},
	[KIND_LINE] = {
		.client = {  X,  X,  X,  0,  0,  1,  9, 17,  X,  X,  X,  X },
		.server = {  0,  1,  2,  1,  1,  3,  5,  7 },
		.ratio =  {  2,  4,  6,  1,  1,  2,  3,  6,  9 },
		.trend =  {  0,  1,  0,  0 },
	},
	[KIND_LINES] = { .group = true,
		.client = {  X,  X,  X,  X,  7,  5,  3,  2,  4,  0,  2,  4 },
		.server = {  7,  5,  3,  4,  2,  1,  0,  2 },
		.ratio =  {  5,  2,  0,  2,  1,  1,  6,  9, 13 },
		.trend =  {  0,  0,  4,  0 },
	},
	[KIND_DATA] = {
		.client = {  X,  X,  0,  X,  X,  X,  X,  X,  X,  X,  X,  X },
		.server = {  2,  1,  0,  0,  0,  3,  6,  9 },
		.ratio =  {  0,  0,  0,  0,  0,  0,  0,  0,  0 },
		.trend =  {  0,  0,  0,  0 },
	},
	[KIND_ENVELOPE] = { .group = true,
		.client = {  X,  X,  X,  X,  1,  2,  2,  1,  2,  5,  7,  9 },
		.server = { 12,  6,  0,  0,  0,  0,  1,  3 },
		.ratio =  {  3,  0,  0,  0,  1,  2,  8, 14, 20 },
		.trend =  {  0,  0,  2,  0 },
	},
	[KIND_FAILED] = { .group = true,
		.client = {  X,  X,  X,  X,  0,  0,  1,  5,  6,  8, 10, 12 },
		.server = { 13, 10,  7,  4,  2,  0,  0,  0 },
		.ratio =  {  2,  1,  0,  2,  5,  8, 11, 14, 17 },
		.trend =  {  0,  0,  0,  2 },
	},
	[KIND_BODY] = {
		.client = {  X,  X, 16, 13, 10,  6,  2,  0,  0,  3,  0,  5 },
		.server = {  6,  1,  0,  0,  1,  2,  3,  5 },
		.ratio =  {  1,  1,  1,  3,  5,  4,  2,  0,  0 },
		.trend =  {  1,  0,  4,  0 },
	},
	[KIND_DOT] = {
		.client = {  0,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X,  X },
		.server = {  0,  0,  0,  0,  0,  0,  1,  2 },
		.ratio =  {  0,  0,  0,  0,  0,  0,  0,  0,  0 },
		.trend =  {  0,  0,  0,  0 },
	},
	[KIND_BODY_ON] = { .group = true,
		.client = {  X,  X,  X,  X,  X,  7,  4,  1,  0,  0,  0,  0 },
		.server = { 17, 12,  5,  1,  0,  0,  0,  0 },
		.ratio =  {  5,  3,  1,  0,  0,  0,  0,  0,  0 },
		.trend =  {  0,  0,  0,  0 },
	},
	[KIND_WHOLE] = { .group = true,
		.client = {  X,  X,  X,  X, 12,  8,  4,  1,  0,  6,  2,  9 },
		.server = {  5,  6,  9,  8,  0,  1,  0,  2 },
		.ratio =  {  9,  5,  2,  3,  1,  2,  4,  0,  0 },
		.trend =  {  0,  0,  0,  0 },
	},
	[KIND_OPENING] = { .group = true,
		.client = {  X,  X,  X,  X, 12,  4,  6,  0,  1,  4,  7,  8 },
		.server = { 13,  8,  3,  1,  3,  1,  1,  2 },
		.ratio =  {  5,  5,  1,  0,  0,  0,  0,  1,  5 },
		.trend =  {  0,  1, 10,  4 },
	},
	[KIND_CHUNK] = {
		.client = {  X,  X,  X,  X,  X, 12, 11, 10,  7,  4,  7, 10 },
		.server = {  2,  2,  2,  2,  5,  8, 10, 12 },
		.ratio =  {  X,  X,  X,  8,  6,  4,  2,  1,  0 },
		.trend =  {  0,  7,  3,  3 },
	},
	[KIND_LAST] = {
		.client = {  X,  X,  X,  X,  6,  3,  1,  1,  2,  6,  0,  0 },
		.server = {  4,  2,  1,  1,  0,  4,  2,  5 },
		.ratio =  {  4,  2,  2,  3,  1,  3,  6,  2,  0 },
		.trend =  {  0,  0,  4,  0 },
	},
};

const struct tls_step tls_steps[] = {
	/* from          to              kind           cost  a message */
	{ INFER_IDLE,     INFER_IDLE,     KIND_WORD,       0, false },
	{ INFER_IDLE,     INFER_IDLE,     KIND_HELLO,      1, false },
	{ INFER_IDLE,     INFER_NAMED,    KIND_LINE,       0, false },
	{ INFER_IDLE,     INFER_NAMED,    KIND_LINES,      4, false },
	{ INFER_IDLE,     INFER_GO,       KIND_ENVELOPE,   0, false },
	{ INFER_IDLE,     INFER_IDLE,     KIND_FAILED,     4, false },
	{ INFER_NAMED,    INFER_NAMED,    KIND_LINE,       0, false },
	{ INFER_NAMED,    INFER_NAMED,    KIND_LINES,      4, false },
	{ INFER_NAMED,    INFER_GO,       KIND_DATA,       4, false },
	{ INFER_NAMED,    INFER_GO,       KIND_ENVELOPE,   3, false },
	{ INFER_NAMED,    INFER_IDLE,     KIND_WORD,       4, false },
	{ INFER_NAMED,    INFER_IDLE,     KIND_FAILED,     0, false },
	{ INFER_GO,       INFER_IDLE,     KIND_BODY,       0, true  },
	{ INFER_GO,       INFER_IDLE,     KIND_DOT,        0, false },
	{ INFER_GO,       INFER_GO,       KIND_BODY_ON,    9, true  },
	{ INFER_B_IDLE,   INFER_B_IDLE,   KIND_WORD,       0, false },
	{ INFER_B_IDLE,   INFER_B_IDLE,   KIND_HELLO,      0, false },
	{ INFER_B_IDLE,   INFER_B_NAMED,  KIND_LINE,       7, false },
	{ INFER_B_IDLE,   INFER_B_NAMED,  KIND_LINES,      2, false },
	{ INFER_B_IDLE,   INFER_B_IDLE,   KIND_WHOLE,      0, true  },
	{ INFER_B_IDLE,   INFER_B_CHUNKS, KIND_OPENING,    0, false },
	{ INFER_B_NAMED,  INFER_B_NAMED,  KIND_LINE,       0, false },
	{ INFER_B_NAMED,  INFER_B_NAMED,  KIND_LINES,      0, false },
	{ INFER_B_NAMED,  INFER_B_IDLE,   KIND_LAST,       0, true  },
	{ INFER_B_NAMED,  INFER_B_IDLE,   KIND_WHOLE,      1, true  },
	{ INFER_B_NAMED,  INFER_B_CHUNKS, KIND_LAST,       2, false },
	{ INFER_B_NAMED,  INFER_B_CHUNKS, KIND_OPENING,    0, false },
	{ INFER_B_NAMED,  INFER_B_IDLE,   KIND_WORD,       2, false },
	{ INFER_B_CHUNKS, INFER_B_CHUNKS, KIND_CHUNK,      3, false },
	{ INFER_B_CHUNKS, INFER_B_IDLE,   KIND_LAST,       0, true  },
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

struct tls_exchange tls_exchange(uint32_t client_bytes, uint32_t server_bytes, uint32_t server_before, uint8_t offers)
{
	uint32_t ratio = (client_bytes + server_bytes - 1) / server_bytes;

	return (struct tls_exchange){
		.client = class_of(client_bytes, client_ends, CLIENT_CLASSES - 1),
		.server = class_of(server_bytes, server_ends, SERVER_CLASSES - 1),
		.ratio = class_of(ratio, ratio_ends, RATIO_CLASSES - 1),
		.trend = trend_of(server_bytes, server_before),
		.grouped = (offers & (SMTP_OFFERS_PIPELINING | TLS_INFER_UNKNOWN)) != 0,
	};
}

uint32_t tls_step_cost(const struct tls_step *step, const struct tls_exchange *exchange)
{
	const struct fit *fit = &fits[step->kind];

	if (fit->group && !exchange->grouped)
		return X;
	return step->cost + fit->client[exchange->client] + fit->server[exchange->server] +
	       fit->ratio[exchange->ratio] + fit->trend[exchange->trend];
}
