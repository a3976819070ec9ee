/* SPDX-License-Identifier: BSD-3-Clause */
/* The life of a decision: stored, in the ledger, pushed; and its end. */
#ifndef SLUICE_DECIDE_H
#define SLUICE_DECIDE_H

#include <stddef.h>
#include <stdint.h>

#include "daemon.h"

/* What was in force when the last daemon went is again; 0 or a negative errno, said in the log. */
int decide_restore(struct daemon *daemon);

/* The time that has passed, see served.h. */
int64_t decide_served_now(const struct daemon *daemon);

/* From here on decisions end by themselves. */
void decide_start(struct daemon *daemon);
void decide_stop(struct daemon *daemon);

/* Stores, then enforces; what it supersedes ends. 0 or a negative errno; decision->id and ->generation are set. */
int daemon_decide(struct daemon *daemon, struct decision *decision);

/* Ends several: all, or none and a negative errno; ids that are not in force are passed over. */
int daemon_end_all(struct daemon *daemon, const uint64_t *ids, size_t count, const char *by, uint64_t *ret_generation);

#endif
