/* SPDX-License-Identifier: BSD-3-Clause */
/* Customers found by name, by id and by what they send from: a million of them as ten. Pure. */
#ifndef SLUICE_CUSTOMERS_H
#define SLUICE_CUSTOMERS_H

#include "config/config.h"

/* Sorts the configuration's customers for config_customer(), config_customer_of() and pool_of(), in the background of
 * the list, which stays as it is. Again after names or ids changed. Aborts when memory is out, as the configuration
 * does. */
void customers_order(struct config *config);
void customers_order_finish(struct config *config);

/* Where in by_name the first stands whose name is behind this one. */
size_t customers_behind(const struct config *config, const char *name);

/* Calls `each` with every two customers of one name. */
void customers_same_name(const struct config *config,
			 void (*each)(void *context, const struct customer *first, const struct customer *second),
			 void *context);

/* A customer's source. */
struct owned {
	const struct customer *customer;
	const struct source *source;
};

/* Calls `each` with every source that takes packets which another one, of the same prefix and VLAN, takes too: of two
 * port ranges one may lie within the other, and is tried first; but neither may reach out of the other at one end
 * only, where it would be chance, and none may be there twice. `second` stands behind `first`. */
void customers_same_source(const struct config *config,
			   void (*each)(void *context, const struct owned *first, const struct owned *second),
			   void *context);

/* Where it stands now: as it is written, or as it has risen, or as somebody put it. */
struct tier_place customer_place(const struct customer *customer);

void customer_finish(struct customer *customer);

#endif
