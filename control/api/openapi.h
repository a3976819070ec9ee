/* SPDX-License-Identifier: BSD-3-Clause */
/* The API described for programs: OpenAPI 3.1, made from the table of commands. */
#ifndef SLUICE_OPENAPI_H
#define SLUICE_OPENAPI_H

#include <jansson.h>

/* To be freed; NULL without memory. */
json_t *openapi_document(void);

#endif
