/* SPDX-License-Identifier: BSD-3-Clause */
/* One request to the daemon's API, one reply. */
#ifndef SLUICE_CLIENT_H
#define SLUICE_CLIENT_H

#include <stddef.h>

#include <jansson.h>

#include "commands.h"

#define CLIENT_ERROR_MAX 256

/* Where the daemon is to be asked. */
struct target {
	const char *socket;
};

/* The reply object; NULL, and why (CLIENT_ERROR_MAX bytes), when the daemon could not be asked. */
json_t *client_ask(const struct target *target, const struct command *command, const json_t *args, char *ret_error);

#endif
