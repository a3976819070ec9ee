/* SPDX-License-Identifier: BSD-3-Clause */
/* A text that fits an argument as the value in a request's JSON: flags become booleans, counts integers. */
#ifndef SLUICE_ARG_JSON_H
#define SLUICE_ARG_JSON_H

#include <jansson.h>

#include "arg.h"

static inline json_t *arg_json(const struct arg *arg, const char *text)
{
	if (arg->type == ARG_FLAG)
		return json_boolean(arg_flag(text));
	if (arg->type == ARG_COUNT)
		return json_integer((json_int_t)arg_count(text));
	return json_string(text);
}

#endif
