/* SPDX-License-Identifier: BSD-3-Clause */
/* The gate's control thread: socket, applier, state file, reports. main.c makes one and runs it on the
 * main lcore until it is told to stop. */
#ifndef SLUICE_CONTROL_H
#define SLUICE_CONTROL_H

#include <stdint.h>

#include "inspect.h"

struct table_store;
struct meters;
struct control;

struct control_config {
	const char *socket_path; /* UNIX stream socket, mode 0660 */
	const char *state_path;	 /* last-state file, two slots; NULL: none */
	uint32_t workers;
	uint16_t forced;	     /* a bit per enum fault; see force.h */
	struct worker_view **worker; /* [workers] */
	struct meters *meters;	     /* NULL in tests */
	struct table_store *store;
	uint64_t flows_most;
};

/* Loads the state file (a torn or foreign one is refused with a reason in the log, and the gate waits
 * for the daemon), binds the socket. 0 or a negative errno. */
int control_create(const struct control_config *config, struct control **ret_control);

/* Serves until `stop_descriptor` (a signalfd) becomes readable. */
int control_run(struct control *control, int stop_descriptor);

void control_destroy(struct control *control);

#endif
