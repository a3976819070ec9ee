/* SPDX-License-Identifier: BSD-3-Clause */
/* What the standings' own files share; for standings*.c only. */
#ifndef SLUICE_STANDINGS_PARTS_H
#define SLUICE_STANDINGS_PARTS_H

#include "customers/standings.h"
#include "ledger/journal.h"

/* In place of what there was; false without memory. */
bool standing_set(struct daemon *daemon, struct customer *customer, const struct standing *standing);

/* Makes the event that tells where a customer stands from now on. */
void standing_note(struct daemon *daemon, const struct customer *customer, const struct standing *standing,
		   const char *author, const char *why, struct event *ret_event);

/* Both in the caller's transaction. 0 or a negative errno. */
int standing_store(struct daemon *daemon, const struct customer *customer, struct standing *standing,
		   const struct event *event);

/* Its limits, and what the spike brake lets pass, are to be pushed: within link_hold() in one swap. */
uint64_t standing_want(struct daemon *daemon, const struct customer *customer);

/* Is anything that restricts it decided on this customer: on all of its mail, or at one provider? */
bool standing_decided(const struct daemon *daemon, uint32_t customer, bool quarantine_only);

/* Stores counts of customers from the cursor on: at most `stored`, of at most `passed`; once around at most. */
void standings_store(struct daemon *daemon, size_t stored, size_t passed);

#endif
