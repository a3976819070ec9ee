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

/* A customer's "tier" and "step", from 1 on; null where it has none. NULL: what is unknown. */
void row_tier(json_t *row, const struct config *config, const struct customer *customer);

/* {"ok":true,"rows":rows}; takes `rows`. */
json_t *rows_reply(json_t *rows);

#endif
