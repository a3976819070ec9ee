/* SPDX-License-Identifier: BSD-3-Clause */
/* A new connection's turn, and a message's on one that runs. A connection takes a slot and a token in every scope it
 * belongs to, and a token for its first message, looked at and taken as one; a further message takes a token in every
 * scope that limits messages. Until then they stand in a queue. */
#ifndef SLUICE_ADMISSION_H
#define SLUICE_ADMISSION_H

#include <stdbool.h>
#include <stdint.h>

#include "queue.h"

struct flow;
struct wait;
struct worker;

enum admission {
	ADMIT_NOW,   /* all was taken */
	ADMIT_LATER, /* it stands in a queue; it asks again at *ret_when, or when it is called */
	ADMIT_NEVER, /* a limit of no connections at all */
};

#define WAIT_FOR_CALL UINT64_MAX

/* All that it needs in every scope, or nothing: then it stands in the queue of the first scope, the narrowest first,
 * that does not let it in. `wait`: of the flow's held SYN, or of its closed window (then it is for a message). */
enum admission admission_ask(struct worker *worker, struct flow *flow, struct wait *wait, uint64_t now,
			     uint64_t *ret_when);

/* The same for a message of which it is not known yet whether it has to wait; false: it has, and stands nowhere. */
bool admission_ask_message(struct worker *worker, struct flow *flow, uint64_t now);

/* This one waits no more. / The flow does not, for anything. Of a closed window's it will ask again at once. */
void admission_leave(struct worker *worker, struct wait *wait, uint64_t now);
void admission_withdraw(struct worker *worker, struct flow *flow, uint64_t now);

/* Something came back to this thing (a meter): who comes next in its queue asks again, at once, here or at his own
 * worker. Under meters_lock(). */
void admission_call(struct worker *worker, enum queue_kind kind, uint32_t thing, uint64_t now);

/* Calls by other workers: those they name ask again. */
void admission_answer_calls(struct worker *worker, uint64_t now);

#endif
