/* SPDX-License-Identifier: BSD-3-Clause */
/* What a limit comes to when the gate is blind. Its ceiling counts eightfold at the first touch of blindness and once
 * when it is complete; the stricter of limit and ceiling holds, kind by kind. */
#ifndef SLUICE_CEILING_H
#define SLUICE_CEILING_H

#include <stdint.h>

#include "limit.h"

/* `permille`: how blind, 0 (nothing changes) to 1000. */
void ceiling_tighten(struct limits *limits, const struct limits *ceiling, uint32_t permille);

#endif
