/* SPDX-License-Identifier: BSD-3-Clause */
/* The sockets of operators: one JSON object a line, in and out. Who may do what follows from the socket (an
 * admin group's and a read group's); who did it from the kernel's word on the peer. */
#ifndef SLUICE_SERVE_H
#define SLUICE_SERVE_H

#include <jansson.h>

struct client;
struct daemon;
struct server;

int server_create(struct daemon *daemon, struct server **ret_server);
void server_destroy(struct server *server);

/* The answer to the client's line, for request.c; takes `reply` (NULL: it could not be made). The client may be gone
 * after it, and its next line may be answered within. */
void client_answer(struct client *client, json_t *reply);

#endif
