/* SPDX-License-Identifier: BSD-3-Clause */
/* Between bursts: flows that ended or fell silent are forgotten, a few each turn, so that no turn is long. */
#ifndef SLUICE_EXPIRE_H
#define SLUICE_EXPIRE_H

#include <stdint.h>

struct worker;

void expire_some(struct worker *worker, uint64_t now);
#endif
