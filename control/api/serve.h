/* SPDX-License-Identifier: BSD-3-Clause */
/* The sockets of operators and their programs. Who may do what follows from the socket (an admin group's and a read
 * group's); who did it from the kernel's word on the peer. */
#ifndef SLUICE_SERVE_H
#define SLUICE_SERVE_H

struct daemon;
struct server;

int server_create(struct daemon *daemon, struct server **ret_server);
void server_destroy(struct server *server);

#endif
