/* SPDX-License-Identifier: BSD-3-Clause */
/* Rows about meters: what a scope has used, its limits and what is left of them. All that are asked for, or the first
 * of them by what there is most of; or what customers sent. There may be a million of them: they are looked through in
 * steps, between which decisions are published. */
#ifndef SLUICE_REPORT_METERS_H
#define SLUICE_REPORT_METERS_H

#include <stdint.h>

#include "wire.h"

struct control_config;
struct frame_buffer;

/* A query on its way through the meters. */
struct tally;

/* Of QUERY_METERS or QUERY_VOLUMES; 0 or -ENOMEM. */
int tally_begin(const struct control_config *config, const struct wire_QUERY *query, uint64_t now,
		struct tally **ret_tally);
void tally_finish(struct tally *tally);

/* A part of them: appends rows. 1: that was all, and *ret_rows is how many there were; 0: there is more; -ENOMEM. */
int tally_step(struct tally *tally, struct frame_buffer *out, uint32_t *ret_rows);

#endif
