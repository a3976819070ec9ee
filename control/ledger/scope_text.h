/* SPDX-License-Identifier: BSD-3-Clause */
/* Scopes as people write them: gate, customer:acme, customer:acme/provider:google, provider:google,
 * source:192.0.2.1, source:192.0.2.1/provider:google, remote:203.0.113.9, domain:example.org. Pure. */
#ifndef SLUICE_SCOPE_TEXT_H
#define SLUICE_SCOPE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "domain.h"
#include "scope.h"

#define SCOPE_ERROR_MAX 256

/* Ids of names; 0 (and a text in `error`) when there is none. "unknown" is not asked for. */
struct name_finder {
	uint32_t (*customer)(void *context, const char *name, char *error);
	uint32_t (*provider)(void *context, const char *name, char *error);
	void *context;
	struct domain_key domains; /* by which a domain is named in a key */
};

/* RFC 5321 section 4.5.3.1.2: 255 bytes at most. */
#define DOMAIN_TEXT_MAX 256

/* A domain in lower case, without the root's dot, into `ret_domain` (DOMAIN_TEXT_MAX bytes); false when it is none. */
bool domain_text(const char *text, char *ret_domain);

/* What a kind of scope is called: "customer/provider". */
extern const char *const scope_kind_name[SCOPES];

/* 0, or -EINVAL and what is wrong in `ret_error` (SCOPE_ERROR_MAX bytes). */
int scope_parse(const char *text, const struct name_finder *finder, struct scope_key *ret_key, char *ret_error);

/* A bare name is a customer: "acme" is "customer:acme". False when it is too long for `out`. */
bool scope_complete(const char *text, char *out, size_t size);

#endif
