/* SPDX-License-Identifier: BSD-3-Clause */
/* Scopes as people write them: gate, customer:acme, customer:acme/provider:google, provider:google,
 * source:192.0.2.1, source:192.0.2.1/provider:google, remote:203.0.113.9. Pure. */
#ifndef SLUICE_SCOPE_TEXT_H
#define SLUICE_SCOPE_TEXT_H

#include <stddef.h>

#include "scope.h"

#define SCOPE_ERROR_MAX 256

/* Ids of names; 0 (and a text in `error`) when there is none. "unknown" is not asked for. */
struct name_finder {
	uint32_t (*customer)(void *context, const char *name, char *error);
	uint32_t (*provider)(void *context, const char *name, char *error);
	void *context;
};

/* What a kind of scope is called: "customer/provider". */
extern const char *const scope_kind_name[SCOPES];

/* 0, or -EINVAL and what is wrong in `ret_error` (SCOPE_ERROR_MAX bytes). */
int scope_parse(const char *text, const struct name_finder *finder, struct scope_key *ret_key, char *ret_error);

#endif
