/* SPDX-License-Identifier: BSD-3-Clause */
/* Which replies a server still owes, in order (RFC 2920 section 3.2: replies come in the order of commands).
 * Kept as runs of one kind, so that a thousand recipients need no more room than one. */
#ifndef SLUICE_SMTP_QUEUE_H
#define SLUICE_SMTP_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#define SMTP_RUNS 8
#define SMTP_RUN_BITS 12
#define SMTP_RUN_MOST ((1u << SMTP_RUN_BITS) - 1)

/* What a reply may be the answer to. */
enum smtp_asked {
	ASKED_NONE,
	ASKED_GREETING,
	ASKED_HELLO,
	ASKED_MAIL,
	ASKED_RCPT,
	ASKED_DATA,
	ASKED_MESSAGE, /* the dot */
	ASKED_CHUNK,
	ASKED_LAST, /* BDAT ... LAST */
	ASKED_AUTH,
	ASKED_STARTTLS,
	ASKED_RESET,
	ASKED_OTHER,
	ASKED_COUNT
};

struct smtp_queue {
	uint16_t runs[SMTP_RUNS]; /* kind, and how many in a row */
	uint8_t first;
	uint8_t used;
};

static inline enum smtp_asked smtp_queue_head(const struct smtp_queue *queue)
{
	return queue->used == 0 ? ASKED_NONE : (enum smtp_asked)(queue->runs[queue->first] >> SMTP_RUN_BITS);
}

/* False when there is no room: more kinds alternate than can be remembered. */
static inline bool smtp_queue_push(struct smtp_queue *queue, enum smtp_asked asked)
{
	uint16_t *last = &queue->runs[(queue->first + queue->used + SMTP_RUNS - 1) % SMTP_RUNS];

	if (queue->used > 0 && *last >> SMTP_RUN_BITS == asked && (*last & SMTP_RUN_MOST) < SMTP_RUN_MOST) {
		++*last;
		return true;
	}
	if (queue->used == SMTP_RUNS)
		return false;
	queue->runs[(queue->first + queue->used++) % SMTP_RUNS] = (uint16_t)(asked << SMTP_RUN_BITS | 1);
	return true;
}

static inline enum smtp_asked smtp_queue_pop(struct smtp_queue *queue)
{
	enum smtp_asked head = smtp_queue_head(queue);

	if (head != ASKED_NONE && (--queue->runs[queue->first] & SMTP_RUN_MOST) == 0) {
		queue->first = (queue->first + 1) % SMTP_RUNS;
		queue->used--;
	}
	return head;
}

#endif
