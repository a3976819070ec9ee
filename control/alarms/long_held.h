/* SPDX-License-Identifier: BSD-3-Clause */
/* Quarantines that last so long that the MTAs will give up what waits behind them: it bounces. */
#ifndef SLUICE_LONG_HELD_H
#define SLUICE_LONG_HELD_H

#include <stddef.h>
#include <stdint.h>

#include "ledger/ledger.h"

struct long_held {
	size_t count;
	const struct decision *oldest; /* NULL: none */
};

/* Longer than this is too long for an MTA that keeps mail for `queue_life_ms`. */
int64_t long_held_after_ms(int64_t queue_life_ms);

/* Quarantines in force that were ordered at `before_ms` or earlier, by the calendar: it is a warning, and ends
 * nothing. */
struct long_held long_held_find(const struct ledger *ledger, int64_t before_ms);

#endif
