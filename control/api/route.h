/* SPDX-License-Identifier: BSD-3-Clause */
/* What HTTP brought, held against the table of commands: which one is meant, and whether its arguments are of their
 * form. What they mean is for the command's handler. Pure. */
#ifndef SLUICE_ROUTE_H
#define SLUICE_ROUTE_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "commands.h"

#define OPENAPI_PATH "/openapi.json"

/* Why a request is not taken. */
struct refusal {
	unsigned status; /* HTTP's */
	char field[64];	 /* the argument that is wrong; empty: none in particular */
	char text[2048];
};

/* Fills the refusal; false, for callers that return so. */
bool refuse(struct refusal *refusal, unsigned status, const char *field, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* {"ok":false,"error":...,"field":...}: what goes out of it. */
json_t *refusal_reply(const struct refusal *refusal);

/* The command of a method and a path; *ret_args are the arguments that stand in the path, to be freed. NULL: refused.
 */
const struct command *route_find(const char *method, const char *path, json_t **ret_args, struct refusal *refusal);

/* The methods there are at a path, "GET, POST"; "" when the path is none. */
char *route_allow(const char *path, char *out, size_t size);

/* Adds what a query has ({"most": "5", "setting": ["a", "b"]}: texts) and a body's JSON object to the arguments: flags
 * become booleans, counts integers, the rest stays text. */
bool route_fill(const struct command *command, json_t *args, const json_t *query, struct refusal *refusal);
bool route_body(const struct command *command, json_t *args, const char *body, size_t size, struct refusal *refusal);

/* How long the body of such a request may be, in bytes. */
size_t route_body_most(const char *method, const char *path);

/* What is required is there. */
bool route_complete(const struct command *command, const json_t *args, struct refusal *refusal);

/* Whatever is not printable ASCII becomes "?": a cut within a character of UTF-8 is no text any more, and JSON would
 * not take it. */
void text_ascii(char *text);

#endif
