/* SPDX-License-Identifier: BSD-3-Clause */
/* Arithmetic of a rate limit: a virtual-scheduling token bucket (GCRA, ITU-T I.371) that many workers
 * share. Time is an argument, in nanoseconds of one monotonic clock.
 *
 * `tat` is the theoretical arrival time of the next unit. With T = ns per unit and tau = (burst - 1) T, n
 * units may leave together when the last of them conforms, at max(now, tat' + (n - 1) T - tau) with tat' =
 * max(tat, now), and then tat = tat' + n T. So in any interval of length t at most burst + t / T units
 * leave, and no unit leaves early.
 *
 * Kept in 1/16 ns: a unit a minute and 10 Gbit/s by the byte are both exact to 10^-4 and better, and
 * 2^64 / 16 ns is 36 years. */
#ifndef SLUICE_BUCKET_H
#define SLUICE_BUCKET_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "limit.h"

struct bucket {
	_Atomic uint64_t tat;  /* 1/16 ns */
	_Atomic uint64_t unit; /* T in 2^-16 of 1/16 ns; UINT64_MAX: nothing passes */
	_Atomic uint64_t tau;  /* 1/16 ns */
};

#define BUCKET_NEVER UINT64_MAX

/* Empty at `start`, so that a restart grants no second burst; full once burst * T has passed. */
void bucket_init(struct bucket *bucket, const struct limit *limit, uint64_t start);

/* Another rate from now on; what was used stays used. */
void bucket_set(struct bucket *bucket, const struct limit *limit);

/* When `units` may leave, in ns, without taking them; BUCKET_NEVER if they never may. */
uint64_t bucket_when(const struct bucket *bucket, uint64_t units, uint64_t now);

/* Nothing of the burst is used: a bucket made anew would be the same. */
bool bucket_full(const struct bucket *bucket, uint64_t now);

/* Takes `units`, and returns when they may leave. */
uint64_t bucket_take(struct bucket *bucket, uint64_t units, uint64_t now);

/* Takes `units` only if they may leave now; else *ret_when says when they might. However many workers try at
 * once, no more get them than conform. */
bool bucket_try(struct bucket *bucket, uint64_t units, uint64_t now, uint64_t *ret_when);

/* Gives back `units` that were taken and never left. */
void bucket_return(struct bucket *bucket, uint64_t units);

#endif
