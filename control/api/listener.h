/* SPDX-License-Identifier: BSD-3-Clause */
/* A socket that takes connections of HTTP, on the daemon's event loop. It holds a number of clients at most; who has
 * asked for nothing, or has not done asking, makes way for who comes. */
#ifndef SLUICE_LISTENER_H
#define SLUICE_LISTENER_H

#include <stdbool.h>

#include <microhttpd.h>

#include "commands.h"
#include "daemon.h"

struct listener;

/* PEM texts. */
struct tls_files {
	char *certificate, *key, *client_ca; /* client_ca: NULL: clients show no certificates */
};

/* Where to listen. */
struct place {
	const char *name;	     /* in the log */
	int descriptor;		     /* listens already; the listener's from then on */
	bool remote;		     /* who asks is told by the request, not by the socket */
	enum right right;	     /* of a local socket */
	const struct tls_files *tls; /* NULL: none */
};

/* Who asks, and what for he may. */
struct who {
	char author[AUTHOR_MAX];
	enum right right;
};

/* Somebody connected; the exchanges of a connection come one after the other. */
struct client {
	struct listener *listener;
	int descriptor;
	struct who who;		/* of a local socket: the kernel's word on the peer */
	bool busy;		/* a request came whole, and is not answered to its end */
	struct exchange *waits; /* suspended until it is answered; NULL: none */
	struct client *next;
};

/* 0 or a negative errno. */
int listener_create(struct daemon *daemon, const struct place *place, struct listener **ret_listener);
void listener_destroy(struct listener *listener);

/* Goes on with a connection that was suspended, in the loop's next turn. */
void listener_resume(struct listener *listener, struct MHD_Connection *connection);

struct daemon *listener_daemon(const struct listener *listener);
/* Who asks; false when a remote one does not say, or is nobody. */
bool listener_who(const struct client *client, struct MHD_Connection *connection, struct who *ret_who);
const char *listener_name(const struct listener *listener);

/* The daemon is going: nothing more is begun. */
bool listener_ends(const struct listener *listener);

#endif
