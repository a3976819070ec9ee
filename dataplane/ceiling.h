/* SPDX-License-Identifier: BSD-3-Clause */
/* What a limit comes to under a ceiling; the stricter of the two holds, kind by kind. That of a blind gate counts
 * eightfold at the first touch of blindness and once when it is complete. That of the spike brake counts at once, and
 * is marked: LIMIT_BRAKED. */
#ifndef SLUICE_CEILING_H
#define SLUICE_CEILING_H

#include <stdint.h>

#include "limit.h"

/* `permille`: how blind, 0 (nothing changes) to 1000. */
void ceiling_tighten(struct limits *limits, const struct limits *ceiling, uint32_t permille);

/* Where there was a limit its burst stays, if it is the smaller one: what may leave at once is never more than
 * either allows. */
void ceiling_brake(struct limits *limits, const struct limits *ceiling);

#endif
