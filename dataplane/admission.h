/* SPDX-License-Identifier: BSD-3-Clause */
/* A new connection's turn: a slot and a token in every scope it belongs to, looked at and taken as one; until then it
 * stands in a queue. */
#ifndef SLUICE_ADMISSION_H
#define SLUICE_ADMISSION_H

#include <stdint.h>

struct flow;
struct worker;

enum admission {
	ADMIT_NOW,   /* a slot and a token taken in every scope */
	ADMIT_LATER, /* it stands in a queue; it asks again at *ret_when, or when it is called */
	ADMIT_NEVER, /* a limit of no connections at all */
};

#define WAIT_FOR_CALL UINT64_MAX

/* A slot and a token in every scope, or in none: then it stands in the queue of the first scope, the narrowest
 * first, that does not let it in. The flow holds its SYN. */
enum admission admission_ask(struct worker *worker, struct flow *flow, uint64_t now, uint64_t *ret_when);

/* It waits no more. */
void admission_withdraw(struct worker *worker, struct flow *flow, uint64_t now);

/* Something came back to this thing (a meter): who comes next in its queue asks again, at once, here or at his own
 * worker. Under meters_lock(). */
void admission_call(struct worker *worker, uint32_t thing, uint64_t now);

/* Calls by other workers: those they name ask again. */
void admission_answer_calls(struct worker *worker, uint64_t now);

#endif
