/* SPDX-License-Identifier: BSD-3-Clause */
/* Rows about meters: what a scope has used, its limits and what is left of them. All that are asked for, or the first
 * of them by what there is most of. */
#ifndef SLUICE_REPORT_METERS_H
#define SLUICE_REPORT_METERS_H

#include <stdint.h>

#include "wire.h"

struct control_config;
struct frame_buffer;

/* Appends rows; *ret_rows: how many. 0 or -ENOMEM. */
int report_meters(const struct control_config *config, const struct wire_QUERY *query, struct frame_buffer *out,
		  uint32_t *ret_rows);

/* The same of what customers sent. */
int report_volumes(const struct control_config *config, const struct wire_QUERY *query, struct frame_buffer *out,
		   uint32_t *ret_rows);

#endif
