/* SPDX-License-Identifier: BSD-3-Clause */
/* A listening UNIX socket that takes nothing away from anybody: neither a live server's name, nor a file that
 * is no socket, nor at the end a name that has become another's. */
#ifndef SLUICE_LISTEN_H
#define SLUICE_LISTEN_H

#include <sys/types.h>
#include <sys/un.h>

/* The name that was bound, and what it stood for then. */
struct listen_name {
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)]; /* empty: none */
	dev_t device;
	ino_t inode;
};

/* Binds and listens at `path`, mode 0660, non-blocking; replaces a socket that nobody listens on. The descriptor, or
 * -EADDRINUSE (somebody does), -EEXIST (there is something that is no socket), or another negative errno. */
int listen_at(const char *path, int backlog, struct listen_name *ret_name);

/* Removes the name if it still is what was bound. */
void listen_end(const struct listen_name *name);

/* Text for an error of listen_at(). */
const char *listen_error(int error);

#endif
