/* SPDX-License-Identifier: BSD-3-Clause */
/* The tables race_meters publishes. */
#ifndef SLUICE_RACE_TABLES_H
#define SLUICE_RACE_TABLES_H

#include <stdint.h>

#define GATE_SLOTS 6u
#define CUSTOMER_SLOTS 2u   /* and half of it at times */
#define RATE 20000u	    /* connections a second through the gate, */
#define PROVIDER_RATE 4000u /* and to each provider */
#define MESSAGES 40000u	    /* a second, through the gate as to each provider */
#define RATE_BURST 4u

struct apply;

/* The limits of gate and providers stay; a customer's get less and more with `number`, and its byte rate comes
 * and goes. */
void tables_publish(struct apply *apply, uint64_t number);

#endif
