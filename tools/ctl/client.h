/* SPDX-License-Identifier: BSD-3-Clause */
/* One request to the daemon, one reply. */
#ifndef SLUICE_CLIENT_H
#define SLUICE_CLIENT_H

#include <stddef.h>

#include <jansson.h>

/* The reply object; NULL, and why, when the daemon could not be asked. */
json_t *client_ask(const char *path, const json_t *request, char *ret_error, size_t size);

#endif
