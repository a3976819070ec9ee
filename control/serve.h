/* SPDX-License-Identifier: BSD-3-Clause */
/* The sockets of operators: one JSON object a line, in and out. Who may do what follows from the socket (an
 * admin group's and a read group's); who did it from the kernel's word on the peer. */
#ifndef SLUICE_SERVE_H
#define SLUICE_SERVE_H

#include <stdint.h>

#include <jansson.h>

#include "commands.h"

struct daemon;
struct server;
struct request;

int server_create(struct daemon *daemon, struct server **ret_server);
void server_destroy(struct server *server);

/* For link_create(): answers who waits for this generation. `context` is the daemon. */
void server_enforced(void *context, uint64_t generation);

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

/* Answers now; takes `reply`. */
void request_reply(struct request *request, json_t *reply);

/* {"ok":false,"error":...,"field":...}; field may be NULL. */
void request_refuse(struct request *request, const char *field, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* `reply` goes out once the generation is enforced, with the time that took; or after a while without. */
void request_when_enforced(struct request *request, json_t *reply, uint64_t generation);

/* Text of an argument; NULL when it is not given. Its form was checked. */
const char *request_text(const struct request *request, const char *name);

#endif
