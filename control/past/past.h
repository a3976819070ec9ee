/* SPDX-License-Identifier: BSD-3-Clause */
/* What passed in the last hour, minute by minute: of the gate, each provider, and those customers who sent most. In
 * memory only, as far back as the daemon and the gate run. Pure. */
#ifndef SLUICE_PAST_H
#define SLUICE_PAST_H

#include <stddef.h>
#include <stdint.h>

#include "wire.h"

#define PAST_MINUTES 60u

/* Of a scope in a minute. */
struct past_use {
	struct scope_key key;
	uint32_t open; /* connections, at its end */
	uint64_t admitted, messages, bytes;
};

struct past_minute {
	int64_t end_ms;
	struct past_use *use; /* by key */
	uint32_t count;
};

struct past {
	struct past_minute minute[PAST_MINUTES]; /* a ring */
	unsigned next, kept;
	struct past_minute total; /* what meters showed last: counted since the gate's start */
	uint64_t boot;		  /* the gate's, then */
};

/* What the gate's meters show now, as long after the last time as a minute is. After another start of it, or a longer
 * pause, nothing is known of what was between. */
void past_take(struct past *past, int64_t now_ms, uint64_t boot, const struct wire_ROW_METER *rows, uint32_t count);
void past_finish(struct past *past);

/* Of the minutes that are kept, the oldest is 0. */
const struct past_minute *past_minute_at(const struct past *past, unsigned place);

/* NULL: the minute knows nothing of it. */
const struct past_use *past_use_of(const struct past_minute *minute, const struct scope_key *key);

/* The scopes anything is known of, each once, by key; to be freed. */
struct scope_key *past_keys(const struct past *past, size_t *ret_count);

#endif
