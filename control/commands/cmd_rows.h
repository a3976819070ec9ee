/* SPDX-License-Identifier: BSD-3-Clause */
/* What several commands' rows are made with. */
#ifndef SLUICE_CMD_ROWS_H
#define SLUICE_CMD_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "api/request.h"
#include "gate/policy.h"

/* RFC 3339 in UTC; "" for 0. Returns `out`. */
char *time_text(int64_t ms, char *out, size_t size);

/* The same as a value; null for 0. */
json_t *row_time(int64_t ms);

/* {"ok":true,"rows":rows}; takes `rows`. */
json_t *rows_reply(json_t *rows);

#endif
