/* SPDX-License-Identifier: BSD-3-Clause */
/* The gate's control socket: who is connected, and what their frames ask for. One batch is open at a time
 * and belongs to its connection. */
#ifndef SLUICE_CTL_H
#define SLUICE_CTL_H

#include <stdbool.h>
#include <stdint.h>

#include "apply.h"
#include "blind.h"
#include "frame.h"
#include "listen.h"
#include "questions.h"
#include "report.h"
#include "state.h"

#define CLIENTS_MOST 16
#define BACKLOG 4096 /* who comes waits here, and is not told to go */

struct client {
	int descriptor; /* -1: free */
	bool greeted, closing;
	uint64_t came; /* 1: the first of all */
	struct frame_buffer in, out;
};

struct ctl {
	int epoll, listener;
	struct listen_name name;
	uint64_t boot;
	struct apply apply;
	struct client *batch_of; /* whose batch is open; NULL: nobody's */
	bool batch_full;
	struct frame_buffer batch; /* what a difference has changed, for the state file; not of a full one */
	bool batch_lost;	   /* it did not fit */
	struct client *owner;	   /* who sent the last full batch; NULL: gone */
	struct blind blind;
	struct state state; /* path NULL: none is kept */
	struct report report;
	struct questions questions;
	uint64_t came; /* clients so far */
	struct client client[CLIENTS_MOST];
};

void ctl_init(struct ctl *ctl, struct table_store *store);

/* Binds the socket (0660; one left by a dead gate is replaced, a live one is not). 0 or a negative errno. */
int ctl_listen(struct ctl *ctl, int epoll, const char *path);
void ctl_close(struct ctl *ctl);

/* epoll's data pointer is &ctl->listener or a client. */
void ctl_accept(struct ctl *ctl);
void ctl_serve(struct ctl *ctl, struct client *client, uint32_t events);

/* Limits tighten when the daemon is silent for too long; each second. */
void ctl_look(struct ctl *ctl);

/* Answers what can be answered by now. */
void ctl_answer(struct ctl *ctl);

#endif
