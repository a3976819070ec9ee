/* SPDX-License-Identifier: BSD-3-Clause */
/* A configuration that came with a request. */
#ifndef SLUICE_REQUEST_CONFIG_H
#define SLUICE_REQUEST_CONFIG_H

#include "api/request.h"

struct config;

/* What the argument's text would come to in the place of the daemon's file; NULL: refused, with all that is wrong. */
struct config *request_config(struct request *request, const char *argument);

/* All errors, a line each, as far as they fit into one text. */
void request_refuse_errors(struct request *request, const char *argument, char *errors);

#endif
