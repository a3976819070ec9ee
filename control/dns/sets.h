/* SPDX-License-Identifier: BSD-3-Clause */
/* Which addresses are whose, of all that lookups know, and what of it somebody should look at: an answer unlike those
 * before, an address that is said to be another's now. Pure; times are ms of a clock that never jumps. */
#ifndef SLUICE_SETS_H
#define SLUICE_SETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dns/known.h"
#include "gate/policy.h"

struct move {
	char odd[160]; /* an answer unlike those before; empty: none */
	int64_t odd_ms;
	char claim[160]; /* of an address that is another's; empty: none */
};

struct sets {
	size_t providers;
	int64_t keep_ms;
	struct address_set *set; /* [providers] */
	struct move *move;	 /* [providers] */
};

/* False when memory is out; sets_finish() all the same. */
bool sets_init(struct sets *sets, size_t providers, uint64_t keep_ns);
void sets_finish(struct sets *sets);

/* A lookup's round, before knowns_end_round(). */
void sets_look(struct sets *sets, const struct knowns *round, bool failed, int64_t now_ms);

/* Of what all lookups, `count`, know now; into changed[providers] whose set is another one than before. */
void sets_update(struct sets *sets, const struct knowns *knowns, size_t count, int64_t now_ms, bool *changed);

/* What somebody should look at; empty: nothing. */
const char *sets_moved(const struct sets *sets, size_t provider);

#endif
