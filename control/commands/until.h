/* SPDX-License-Identifier: BSD-3-Clause */
/* When something ends, as people write it. Pure. */
#ifndef SLUICE_UNTIL_H
#define SLUICE_UNTIL_H

#include <stdint.h>

/* "18:00" (the next one), "2026-11-30T18:00", "2026-11-30T18:00:00Z": UTC, Unix time in ms. 0, or -EINVAL for what is
 * none of these or not later than `now_ms`. */
int until_parse(const char *text, int64_t now_ms, int64_t *ret_ms);

#endif
