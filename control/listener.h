/* SPDX-License-Identifier: BSD-3-Clause */
/* A socket that takes connections of HTTP, on the daemon's event loop. It holds a number of clients at most; who has
 * been idle longest makes way for who comes. */
#ifndef SLUICE_LISTENER_H
#define SLUICE_LISTENER_H

#include <stdbool.h>

#include <microhttpd.h>

#include "commands.h"
#include "daemon.h"

struct listener;

/* Somebody connected; the exchanges of a connection come one after the other. */
struct client {
	struct listener *listener;
	int descriptor;
	char author[AUTHOR_MAX]; /* the kernel's word on the peer */
	bool busy;		 /* a request is under way, or its answer is being sent */
	struct exchange *waits;	 /* suspended until it is answered; NULL: none */
	struct client *next;
};

/* Listens at `path`, of which it keeps a copy; `group` may use it. 0 or a negative errno, said in the log. */
int listener_create(struct daemon *daemon, const char *path, const char *group, enum right right,
		    struct listener **ret_listener);
void listener_destroy(struct listener *listener);

/* Goes on with a connection that was suspended, in the loop's next turn. */
void listener_resume(struct listener *listener, struct MHD_Connection *connection);

struct daemon *listener_daemon(const struct listener *listener);
enum right listener_right(const struct listener *listener);
const char *listener_name(const struct listener *listener);

#endif
