/* SPDX-License-Identifier: BSD-3-Clause */
/* Traffic out of nothing, in place of port.c: SYNs, answers, commands and ends of a few hundred connections, in any
 * order. What is sent goes nowhere. */
#ifndef SLUICE_RACE_PACKETS_H
#define SLUICE_RACE_PACKETS_H

#include <stdint.h>

#include "scope.h"

#define PACKETS_NAMES 16u /* addresses on each side */
#define PACKETS_PORT 25

struct rte_mempool;

/* Where packets come from. */
void packets_start(struct rte_mempool *pool);

struct address packets_inside(uint32_t number);
struct address packets_outside(uint32_t number);

/* The number either was made from. */
uint32_t packets_number(const struct address *address);

#endif
