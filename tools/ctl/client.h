/* SPDX-License-Identifier: BSD-3-Clause */
/* One request to the daemon's API, one reply. */
#ifndef SLUICE_CLIENT_H
#define SLUICE_CLIENT_H

#include <stddef.h>

#include <jansson.h>

#include "commands.h"

#define CLIENT_ERROR_MAX 256

/* Where the daemon is to be asked, and as whom. */
struct target {
	const char *socket;		 /* used without a url */
	const char *url;		 /* "https://host:port"; NULL: none */
	const char *cacert, *cert, *key; /* files; NULL: none */
	const char *token_file;
};

#define CLIENT_SECONDS 10L
#define CLIENT_FILE_SECONDS 300L /* when a file is sent along */

/* The reply object; NULL, and why (CLIENT_ERROR_MAX bytes), when the daemon could not be asked. */
json_t *client_ask(const struct target *target, const struct command *command, const json_t *args, char *ret_error);

#endif
