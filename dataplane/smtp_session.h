/* SPDX-License-Identifier: BSD-3-Clause */
/* Follows a whole SMTP session in clear text, both directions, and says what happens to its messages: which
 * begin, for whom, which end, which the server took. Bytes of each side come in order, cut anywhere; bytes of
 * a reply come after those of its command, as on the wire. Constant memory.
 *
 * A session that cannot be followed any more (bytes are missing, the client speaks out of turn, too much is
 * outstanding) is *lost*: from then on only the server's replies are believed, which still count every
 * message sent by DATA (354, then the next reply), but name no recipients and see no BDAT. */
#ifndef SLUICE_SMTP_SESSION_H
#define SLUICE_SMTP_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "domain.h"
#include "smtp_body.h"
#include "smtp_queue.h"

enum smtp_what {
	SMTP_TRANSACTION = 1 << 0, /* MAIL was said */
	SMTP_RECIPIENT = 1 << 1,   /* RCPT was said; the event names the domain */
	SMTP_TAKEN = 1 << 2,	   /* a recipient was accepted ... */
	SMTP_DECLINED = 1 << 3,	   /* ... or not */
	SMTP_BEGUN = 1 << 4,	   /* a body may follow: 354, or the first BDAT */
	SMTP_SENT = 1 << 5,	   /* the last byte of a message went by */
	SMTP_ACCEPTED = 1 << 6,	   /* the server took it ... */
	SMTP_REFUSED = 1 << 7,	   /* ... or not */
	SMTP_STARTTLS = 1 << 8,	   /* 220 to STARTTLS: the next bytes of either side are TLS */
	SMTP_CLOSING = 1 << 9,	   /* the server said 421, or complained unasked */
	SMTP_ODDITY = 1 << 10,	   /* a bit of `odd` that was not set before */
	SMTP_LOST = 1 << 11,	   /* now only replies are followed */
};

struct smtp_event {
	uint32_t what;
	uint64_t domain; /* of SMTP_RECIPIENT; DOMAIN_NONE when it has none ("<postmaster>") */
};

enum smtp_offer { SMTP_OFFERS_PIPELINING = 1, SMTP_OFFERS_CHUNKING = 2 };

/* What the client may go on with. */
enum smtp_next {
	SMTP_NEXT_MESSAGE, /* no transaction is open */
	SMTP_NEXT_REST,	   /* one is */
	SMTP_NEXT_NOTHING, /* goodbye was said */
};

struct smtp_session {
	uint64_t word; /* client: letters of the verb, then the domain's sum or the size of a chunk */
	struct smtp_queue queue;
	uint16_t odd;  /* SMTP_ODD() bits ever seen: not 0 = ambiguous */
	uint16_t code; /* of the reply that comes in */
	uint8_t state; /* client */
	uint8_t body;  /* enum smtp_body */
	uint8_t asked; /* class of the command that comes in */
	uint8_t have;  /* client: letters of the verb; parts of the argument seen */
	uint8_t column;
	uint8_t keywords; /* EHLO keywords this line may still be */
	uint8_t offers;	  /* enum smtp_offer, of the last EHLO */
	uint8_t marks;
	uint8_t next; /* enum smtp_next */
};

/* From the first byte on. */
void smtp_session_open(struct smtp_session *session);

/* Mid-stream, or bytes of either side are missing: only replies are followed. */
void smtp_session_lose(struct smtp_session *session);

/* Takes the next bytes of a side until something happened; returns how many were taken (at least one). To be
 * called again with the rest. event->what is 0 when all was taken and nothing happened. */
uint32_t smtp_session_client(struct smtp_session *session, struct domain_key key, const uint8_t *data, uint32_t size,
			     struct smtp_event *event);
uint32_t smtp_session_server(struct smtp_session *session, const uint8_t *data, uint32_t size,
			     struct smtp_event *event);

/* The server has answered all it was asked, and no transaction is open: the client's next bytes may begin one. */
bool smtp_session_may_begin(const struct smtp_session *session);

bool smtp_session_is_lost(const struct smtp_session *session);

static inline bool smtp_session_ambiguous(const struct smtp_session *session)
{
	return session->odd != 0;
}

#endif
