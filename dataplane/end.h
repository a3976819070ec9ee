/* SPDX-License-Identifier: BSD-3-Clause */
/* A connection is over: what it used is given back, what it held is forgotten. Its record lingers, so that
 * late packets are known, until the sweep takes it. */
#ifndef SLUICE_END_H
#define SLUICE_END_H

#include <stdint.h>

#include "wire.h"

struct flow;
struct worker;

/* `state`: FLOW_CLOSED or FLOW_CUT. */
void flow_end(struct worker *worker, struct flow *flow, enum flow_state state, uint64_t now);

#endif
