/* SPDX-License-Identifier: BSD-3-Clause */
/* What was decided is noted at the meters of those whom it concerns (decided.h). */
#ifndef SLUICE_ANNOUNCE_H
#define SLUICE_ANNOUNCE_H

#include <stdint.h>

#include "scope.h"

/* Control thread, for table_store_watch(): the table that all workers read now decides on these keys otherwise than the
 * one before. */
void announce(void *meters, const struct scope_key *keys, uint32_t count);

#endif
