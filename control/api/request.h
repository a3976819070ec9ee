/* SPDX-License-Identifier: BSD-3-Clause */
/* One request from its arrival to its answer, which may wait for the gate: what is asked and whether it may be is
 * found by the table of commands (route.h), what it means is its handler's. */
#ifndef SLUICE_REQUEST_H
#define SLUICE_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "commands.h"

struct daemon;
struct exchange;
struct feed;
struct who;

/* What a command's handler works with. */
struct request {
	struct daemon *daemon;
	const struct command *command;
	json_t *args;
	const char *author;
	/* Filled for requests answered later. */
	json_t *reply;
	uint64_t generation; /* 0: waits for rows, not for a generation */
	/* What a handler has under way between two of its steps, and how that is dropped; NULL: nothing. */
	void *work;
	void (*drop)(void *work);
};

/* A request as it came. */
struct asked {
	const char *method, *path;
	const json_t *query; /* texts, or lists of texts */
	const char *body;
	size_t size;
};

/* Takes one; exchange_answer() gets the answer, now or later. */
void request_begin(struct daemon *daemon, struct exchange *exchange, const struct who *who, const struct asked *asked);

/* Who asked is going: what is under way goes on, and is answered to nobody. */
void request_forget(struct daemon *daemon, const struct exchange *exchange);

/* Answers with lines, from now on: see feed_create(). NULL, and refused, without memory. */
struct feed *request_feed(struct request *request, void (*ended)(void *context, struct feed *feed), void *context);

/* Throws away all that wait. */
void request_end_all(struct daemon *daemon);

/* For link_create(): answers who waits for this generation. `context` is the daemon. */
void request_enforced(void *context, uint64_t generation);

/* The daemon is going: who waits for a generation hears that the order is stored. */
void request_stored(struct daemon *daemon);

/* Answers now; takes `reply`: an object, or a string for a command that is a page. */
void request_reply(struct request *request, json_t *reply);

/* Puts what was done in the audit, with who asked for it; it is no decision. */
void request_note(const struct request *request, const char *what, const char *text);

/* {"ok":false,"error":...,"field":...}; field NULL: it is not the request's fault. */
void request_refuse(struct request *request, const char *field, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* `reply` goes out once the generation is enforced, with the time that took; or after a while without. */
void request_when_enforced(struct request *request, json_t *reply, uint64_t generation);

/* Text of an argument; NULL when it is not given. Its form was checked. */
const char *request_text(const struct request *request, const char *name);

/* A flag that is on / a count, or this one. */
bool request_flag(const struct request *request, const char *name);
uint64_t request_count(const struct request *request, const char *name, uint64_t otherwise);

/* Adds to the text people read; `more` follows what is there. */
void request_add_message(json_t *reply, const char *more);

#endif
