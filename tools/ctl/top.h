/* SPDX-License-Identifier: BSD-3-Clause */
/* `top` on a terminal: each answer takes a second to measure, and is drawn over the last one. */
#ifndef SLUICE_TOP_H
#define SLUICE_TOP_H

#include "client.h"
#include "look.h"

/* Until interrupted, or until the daemon does not answer; the exit code. */
int top_run(const struct target *target, const json_t *args, const struct look *look);

#endif
