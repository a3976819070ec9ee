/* SPDX-License-Identifier: BSD-3-Clause */
/* What messages cost: a token in each of a connection's scopes that has a message rate. The first is paid when the
 * connection is admitted, the next one's once the server has answered the one before and it is this connection's turn
 * (admission.h): until then the client is made to wait. A token no message used is given back when
 * the connection ends or rests, but for what passed by unused since it was there; a message that began without one
 * is owed: the bucket goes into debt, and others wait.
 *
 * Counted are messages that went by whole (messages_count): whoever was refused a recipient has used nothing. */
#ifndef SLUICE_TOKENS_H
#define SLUICE_TOKENS_H

#include <stdbool.h>
#include <stdint.h>

#include "scope.h"

struct flow;
struct worker;

/* Notes which scopes limit messages, after meters or limits changed. Are they others, then all that was sent so far is
 * paid. */
void tokens_note(struct worker *worker, struct flow *flow, uint64_t now);

/* In the middle of a message the flow leaves its meter in this scope: what it has ahead there goes back. True:
 * something did. / It has come to another one: the message under way is charged there, token or not. */
bool tokens_quit(struct worker *worker, struct flow *flow, enum scope scope, uint64_t now);
void tokens_join(struct worker *worker, struct flow *flow, enum scope scope, uint64_t now);

/* Before that, and at the end: takes what is owed, gives back what was not used. True: something was. */
bool tokens_settle(struct worker *worker, struct flow *flow, uint64_t now);

/* Takes what is owed, and one token more for a `next` message, unless it has that, there or not; returns when that may
 * begin. */
uint64_t tokens_take(struct worker *worker, struct flow *flow, bool next, uint64_t now);

/* Has it the next message's token? */
bool tokens_ahead(const struct worker *worker, const struct flow *flow);

/* The client is about to speak at a turn: a token it lacks is taken now, there or not. */
void tokens_begin(struct worker *worker, struct flow *flow, uint64_t now);

/* Each few seconds: one that says nothing keeps no token. True: it was given back. */
bool tokens_rest(struct worker *worker, struct flow *flow, uint64_t now);

#endif
