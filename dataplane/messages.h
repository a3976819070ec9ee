/* SPDX-License-Identifier: BSD-3-Clause */
/* How many messages a connection carried: exact in clear text (smtp_session.h), inferred inside TLS
 * (tls_infer.h). 48 bytes beside each flow's record. */
#ifndef SLUICE_MESSAGES_H
#define SLUICE_MESSAGES_H

#include <stdint.h>

#include "flow.h"
#include "smtp_session.h"
#include "tls_infer.h"

struct speech;
struct worker;

enum messages_mode { MESSAGES_CLEAR, MESSAGES_TLS };

struct messages {
	union {
		struct smtp_session clear;
		struct tls_infer tls;
	};
	uint32_t sent; /* in clear text */
	uint32_t told; /* of all, as far as the meters know of them */
};

_Static_assert(sizeof(struct messages) == 48, "messages are part of what a flow costs");

/* Fetches ahead what is known of a flow's messages: two lines now and then. */
void messages_fetch(const struct worker *worker, const struct flow *flow);
void messages_fetch_at(const struct worker *worker, uint32_t index);

/* A connection that begins / that runs already. */
void messages_open(struct worker *worker, struct flow *flow);
void messages_adopt(struct worker *worker, struct flow *flow);

/* The client goes on inside a TLS record: of such bytes the dialogue alone is told (dialogue_goes_on), and nothing here
 * is touched, until something else is said. */
static inline bool messages_in_record(const struct flow *flow)
{
	return flow->in_record;
}

/* Before the dialogue hears of anything else. */
void messages_catch_up(struct worker *worker, struct flow *flow);

/* Whom the client's bytes named. */
struct recipients {
	uint64_t domain;  /* the first of the last transaction that begins to name its recipients there; DOMAIN_NONE */
	uint32_t several; /* recipients of other domains than their transaction's first */
};

/* Bytes of a side that are let through, none of them seen before, after the dialogue has followed them. `whole`:
 * none are missing before them. */
void messages_client(struct worker *worker, struct flow *flow, const struct speech *fresh, bool whole,
		     struct recipients *recipients);
void messages_server(struct worker *worker, struct flow *flow, const struct speech *fresh, bool whole);

/* The client said goodbye. / What was followed did not leave after all. */
void messages_close(struct worker *worker, struct flow *flow);
void messages_lose(struct worker *worker, struct flow *flow);

/* After the server's bytes: may the client's next ones begin a message? Inferred inside TLS. */
bool messages_may_begin(const struct worker *worker, const struct flow *flow);

/* So far; those inside TLS are inferred. */
struct message_count {
	uint32_t clear, inferred;
};

struct message_count messages_count(const struct worker *worker, const struct flow *flow);

#endif
