/* SPDX-License-Identifier: BSD-3-Clause */
/* What several commands' rows are made with. */
#ifndef SLUICE_CMD_ROWS_H
#define SLUICE_CMD_ROWS_H

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "policy.h"

/* RFC 3339 in UTC; null for 0. */
json_t *row_time(int64_t ms);

/* "connections 20, connection-rate 10/s burst 5"; "" when nothing is limited. */
char *row_limits(const struct limits *limits, char *out, size_t size);

/* {"ok":true,"rows":rows}; takes `rows`. */
json_t *rows_reply(json_t *rows);

#endif
