/* SPDX-License-Identifier: BSD-3-Clause */
/* The three times a process on this machine may mean. */
#ifndef SLUICE_CLOCKS_H
#define SLUICE_CLOCKS_H

#include <stdint.h>

/* The calendar's, Unix: what people read and write; may jump. */
int64_t wall_ms(void);

/* Since the machine's start, its sleep included: never jumps, and starts again with the machine. */
int64_t boot_ms(void);

/* For how long something took. */
uint64_t steady_usec(void);

#endif
