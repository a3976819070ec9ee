/* SPDX-License-Identifier: BSD-3-Clause */
/* Counts the messages of an SMTP session inside TLS, from record types, record lengths and turns only. An
 * inference: its count is likely, not certain, and no decision about a single message may rest on it.
 *
 * What both sides say between one turn of the client and the next is an *exchange*: so many bytes of the
 * client, so many of the server. A session is a path through a few states (nothing open, recipients named,
 * 354 heard, ...), every exchange a step of it; a table says which steps there are and how well an exchange
 * of these sizes fits each. The cheapest path to every state is kept, with its count: so later exchanges set
 * right what an earlier one left open. */
#ifndef SLUICE_TLS_INFER_H
#define SLUICE_TLS_INFER_H

#include <stdbool.h>
#include <stdint.h>

#include "tls_steps.h"

/* What is known at the begin: what EHLO offered before STARTTLS (SMTP_OFFERS_* of smtp_session.h), or that
 * there was no clear EHLO; and what the same client's earlier sessions were (tls_infer_habit). */
#define TLS_INFER_UNKNOWN 0x80
#define TLS_INFER_BDAT 0x40
#define TLS_INFER_DATA 0x20

enum tls_infer_state {
	INFER_IDLE,   /* DATA: no transaction */
	INFER_NAMED,  /* MAIL was said, perhaps recipients */
	INFER_GO,     /* 354: a body comes next */
	INFER_B_IDLE, /* the same for a client that sends BDAT */
	INFER_B_NAMED,
	INFER_B_CHUNKS, /* the first chunk was sent, the last was not */
	INFER_STATES
};

/* Where in a record one direction is. */
struct tls_reader {
	uint16_t left; /* bytes of the body still to come; while the header comes, its length */
	uint8_t have;  /* bytes of the header */
	uint8_t type;
};

struct tls_infer {
	struct tls_reader client, server;
	uint32_t client_bytes; /* of this exchange, without what TLS adds */
	uint16_t server_bytes;
	struct tls_earlier earlier;
	uint16_t counts[INFER_STATES]; /* messages on the cheapest path to each state ... */
	uint8_t costs[INFER_STATES];   /* ... and by how much it is dearer than the cheapest of all */
	uint8_t overhead;	       /* what TLS adds to a record */
	uint8_t marks;
	uint8_t known;
};

/* From the first TLS byte on. */
void tls_infer_open(struct tls_infer *infer, uint8_t known);

/* Mid-stream, or bytes are missing: records are found again at the client's next turn. */
void tls_infer_lose(struct tls_infer *infer);

/* Take the next bytes of a side, cut anywhere. */
void tls_infer_client(struct tls_infer *infer, const uint8_t *data, uint32_t size);
void tls_infer_server(struct tls_infer *infer, const uint8_t *data, uint32_t size);

/* Bytes of the client's record still to come; 0 where that cannot be said. / So many are left: what came since was in
 * its middle. */
uint32_t tls_infer_left(const struct tls_infer *infer);
void tls_infer_goes_on(struct tls_infer *infer, uint16_t left);

/* The client closed its side. An alert inside TLS says the same. */
void tls_infer_close(struct tls_infer *infer);

/* Messages the server has answered after it had read them, accepted or not, as far as can be told now. */
uint32_t tls_infer_count(const struct tls_infer *infer);

/* Asked at a turn, before the client's next bytes are fed: may they begin a message (MAIL or BDAT), rather
 * than go on with one? */
bool tls_infer_may_begin(const struct tls_infer *infer);

/* Has the server answered in whole records, and the client nothing under way? Then its next bytes are a turn. */
bool tls_infer_answered(const struct tls_infer *infer);

/* TLS_INFER_BDAT, TLS_INFER_DATA, or 0 while neither is clear. A client keeps its habit: who remembers it by
 * source address and gives it to its next session makes that one's count better. */
uint8_t tls_infer_habit(const struct tls_infer *infer);

#endif
