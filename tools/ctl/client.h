/* SPDX-License-Identifier: BSD-3-Clause */
/* One request to the daemon's API, one reply. */
#ifndef SLUICE_CLIENT_H
#define SLUICE_CLIENT_H

#include <stdbool.h>
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

/* Called with each line of an answer that goes on; false ends it. */
typedef bool client_line(void *context, const json_t *line);

/* Until the daemon ends it, or `each` does. The reply object when the daemon refuses; else NULL, with an error, or with
 * none (an empty one) after an end. */
json_t *client_watch(const struct target *target, const struct command *command, const json_t *args, client_line *each,
		     void *context, char *ret_error);

/* The reply object; NULL, and why (CLIENT_ERROR_MAX bytes), when the daemon could not be asked. */
json_t *client_ask(const struct target *target, const struct command *command, const json_t *args, char *ret_error);

#endif
