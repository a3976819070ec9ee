/* SPDX-License-Identifier: BSD-3-Clause */
/* One request from its line to its answer, which may wait for the gate: form and rights are checked here by the
 * table of commands, what it means is its handler's. */
#ifndef SLUICE_REQUEST_H
#define SLUICE_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "commands.h"

struct client;
struct daemon;

/* What a command's handler works with. */
struct request {
	struct daemon *daemon;
	const struct command *command;
	json_t *args;
	const char *author;
	/* Filled for requests answered later. */
	json_t *reply;
	uint64_t generation; /* 0: waits for rows, not for a generation */
};

/* Takes a client's line; client_answer() gets the answer, now or later. */
void request_begin(struct daemon *daemon, struct client *client, enum right right, const char *author, const char *line,
		   size_t size);

/* The client is going: what is under way for it goes on, and is answered to nobody. */
void request_forget(struct daemon *daemon, const struct client *client);

/* Throws away all that wait. */
void request_end_all(struct daemon *daemon);

/* For link_create(): answers who waits for this generation. `context` is the daemon. */
void request_enforced(void *context, uint64_t generation);

/* Answers now; takes `reply`. */
void request_reply(struct request *request, json_t *reply);

/* {"ok":false,"error":...,"field":...}; field may be NULL. */
void request_refuse(struct request *request, const char *field, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* `reply` goes out once the generation is enforced, with the time that took; or after a while without. */
void request_when_enforced(struct request *request, json_t *reply, uint64_t generation);

/* Whatever is not printable ASCII becomes "?": a cut within a character of UTF-8 is no text any more, and JSON would
 * not take it. */
void request_ascii(char *text);

/* Text of an argument; NULL when it is not given. Its form was checked. */
const char *request_text(const struct request *request, const char *name);

/* A flag that is on. */
bool request_flag(const struct request *request, const char *name);

/* Adds to the text people read; `more` follows what is there. */
void request_add_message(json_t *reply, const char *more);

#endif
