/* SPDX-License-Identifier: BSD-3-Clause */
/* Who a connection belongs to and what is decided on it, by the table published last. */
#ifndef SLUICE_LOOK_UP_H
#define SLUICE_LOOK_UP_H

#include <stdbool.h>
#include <stdint.h>

#include "worker.h"

/* With each packet, and when it is released. */
void look_up(struct worker *worker, struct flow *flow, uint64_t now);

/* By that table already. */
static inline bool looked_up(const struct worker *worker, const struct flow *flow)
{
	return flow->serial == (uint32_t)table_generation(worker->table) && flow->layout == table_layout(worker->table);
}

#endif
