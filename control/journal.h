/* SPDX-License-Identifier: BSD-3-Clause */
/* What survives everything: decisions, the ids behind names, the addresses DNS gave last. SQLite in WAL mode,
 * synchronous: when a function that writes returns 0 it is on disk. */
#ifndef SLUICE_JOURNAL_H
#define SLUICE_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "decision.h"

struct journal;

/* DIRECTORY/sluice.db, made when it is not there; this process alone has it until it closes it. 0 or a negative
 * errno (-EBUSY: another has it), said in the log. */
int journal_open(const char *directory, struct journal **ret_journal);
void journal_close(struct journal *journal);

enum name_kind { NAME_CUSTOMER, NAME_PROVIDER };

/* The id of a name, the same for ever; given now if it is new. 0 on failure. */
uint32_t journal_id(struct journal *journal, enum name_kind kind, const char *name);

/* The same, but 0 for a name that never had one. */
uint32_t journal_known_id(struct journal *journal, enum name_kind kind, const char *name);

/* Stores a decision and gives it its id / notes its end. */
int journal_add(struct journal *journal, struct decision *decision);
int journal_end(struct journal *journal, uint64_t id, int64_t now_ms, const char *by);

/* Calls `each` with stored decisions, oldest first: those that did not end, or all. `key` is not filled. */
int journal_decisions(struct journal *journal, bool all, void (*each)(void *context, const struct decision *decision),
		      void *context);

/* The same for people: newest first, at most `most`; *ret_total is how many there are. */
int journal_newest(struct journal *journal, bool all, uint32_t most, uint64_t *ret_total,
		   void (*each)(void *context, const struct decision *decision), void *context);

/* Replaces / lists the addresses last known of a provider. */
int journal_put_addresses(struct journal *journal, uint32_t provider, const struct address *addresses, size_t count);
int journal_addresses(struct journal *journal, uint32_t provider,
		      void (*each)(void *context, const struct address *address), void *context);

#endif
