/* SPDX-License-Identifier: BSD-3-Clause */
/* What clients of the control socket asked and has not been answered yet: first come, first answered. Most answers
 * are there at once. Connections are told of by their workers, which look through their tables a little each turn;
 * meanwhile the control thread goes on publishing decisions, and looks again each millisecond. */
#ifndef SLUICE_QUESTIONS_H
#define SLUICE_QUESTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire.h"

struct client;
struct report;
struct question;

#define FLOW_ROWS_MOST 10000u /* a worker tells of, at most */

struct questions {
	struct report *report;
	struct question *first, **last;
	uint32_t open;
	struct survey *survey; /* [workers] */
	struct tally *tally;   /* of the first one, under way; NULL: none is */
	uint64_t moved;	       /* ns: when it went on last */
};

int questions_init(struct questions *questions, struct report *report);
void questions_finish(struct questions *questions);

/* Queues a question. 0, -EINVAL for a query that is none, -EAGAIN when too many are open, or -ENOMEM. */
int questions_ask(struct questions *questions, struct client *client, const struct wire_QUERY *query);

/* Rows and END of the first one into its client's `out`, if they are there; NULL when they are not yet, or nothing is
 * asked. *ret: 0 or a negative errno with which the client is to be dropped. */
struct client *questions_answer(struct questions *questions, uint64_t now, int *ret);

/* A client that went asks no more. */
void questions_forget(struct questions *questions, const struct client *client);

/* Whose answer is there in part: what is queued for him is to be sent. NULL: nobody's. */
struct client *questions_under_way(const struct questions *questions);

/* When to call questions_answer() again, ms; -1: not before somebody asks. */
int questions_wait(const struct questions *questions);

#endif
