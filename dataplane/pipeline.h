/* SPDX-License-Identifier: BSD-3-Clause */
/* The sentence: a burst's way through the stages, in order. */
#ifndef SLUICE_PIPELINE_H
#define SLUICE_PIPELINE_H

#include <stdint.h>

struct burst;
struct flow;
struct worker;

void pipeline_run(struct worker *worker, struct burst *burst);

#endif
