/* SPDX-License-Identifier: BSD-3-Clause */
/* Pools: a customer with members, who share its sources, so that the wire does not tell them apart. What is done to one
 * of them is done to all. A member has a name, and nothing of its own. Pure. */
#ifndef SLUICE_POOL_H
#define SLUICE_POOL_H

#include "config/config.h"

/* The pool that has a member of this name; NULL: none has. */
const struct customer *pool_of(const struct config *config, const char *member);

/* The same for a scope that names a customer, "customer:delta/provider:google"; then `scope` names the pool in its
 * place, and `ret_member` (CUSTOMER_NAME_MOST + 1 bytes) has who was named. NULL, and nothing changed: it is of no
 * member. */
const struct customer *pool_in_scope(const struct config *config, char *scope, size_t size, char *ret_member);

/* "delta, echo, foxtrot", as many as there is room for; "" for no pool. Returns `out`. */
char *pool_text(const struct customer *customer, char *out, size_t size);

/* Calls `each` with every member's name that is a customer's too, or that two pools have: `first` is who has it,
 * `second` the pool, behind it in the second case, that has it as well. */
void pools_same_member(const struct config *config,
		       void (*each)(void *context, const char *member, const struct customer *first,
				    const struct customer *second),
		       void *context);

/* For customers_order(): sorts the members. */
void pools_order(struct config *config);

#endif
