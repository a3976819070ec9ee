/* SPDX-License-Identifier: BSD-3-Clause */
/* Orders that hit more than who is named, and lists that have more in a row than one. */
#ifndef SLUICE_POOLS_H
#define SLUICE_POOLS_H

#include <stdbool.h>

#include "api/request.h"
#include "config/config.h"

/* A member of a pool was named: with `yes` the order goes on, for the whole pool. False, and answered what it would
 * hit: nothing was done. */
bool pools_agree(struct request *request, const struct customer *pool, const char *member);

/* Adds to a reply whom the order hit, if that is a pool: "pool", "members", and in words to `note`. */
void pools_tell(json_t *reply, const struct customer *customer, char *note, size_t size);

/* Pools among the rows of a list, where columns with members may have no room: said below it, too. */
struct pools_seen {
	const struct customer *first; /* NULL: none */
	bool others;
};

void pools_see(struct pools_seen *seen, const struct customer *customer);
void pools_mention(json_t *reply, const struct pools_seen *seen);

#endif
