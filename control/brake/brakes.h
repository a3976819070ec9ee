/* SPDX-License-Identifier: BSD-3-Clause */
/* What each customer usually sends, and what the spike brake lets it send now: so many times that, and never less than
 * the configured minimum. A customer of whom nothing is known costs nothing here and has the minimum. */
#ifndef SLUICE_BRAKES_H
#define SLUICE_BRAKES_H

#include <stddef.h>

#include "brake/usual.h"
#include "wire.h"

struct config;
struct settings;

/* What the brake is for. */
enum brake_mode { BRAKE_OFF, BRAKE_LEARN, BRAKE_HOLD, BRAKE_MODES };

/* What is known of one customer. */
struct brake {
	uint32_t customer;
	bool seen;		     /* the gate has told of it once: what it had sent before is old news */
	bool apart;		     /* this hour is not learned: it was held, or allowed more */
	bool changed;		     /* the journal has not what was learned last */
	unsigned quiet;		     /* looks since the brake last held it; 0 while it does */
	uint64_t braked;	     /* the gate's count */
	struct wire_ROW_VOLUME told; /* by the gate, last */
	struct volume hour;	     /* sent in this hour so far */
	struct usual usual;
};

struct brakes {
	struct brake **of; /* by customer; NULL: nothing is known */
	size_t room, count;
	unsigned hour; /* of the week, now */
};

/* NULL: nothing is known. / It is made if need be; NULL without memory. */
struct brake *brakes_find(const struct brakes *brakes, uint32_t customer);
struct brake *brakes_make(struct brakes *brakes, uint32_t customer);
void brakes_finish(struct brakes *brakes);

/* The gate's figures now: what they rose by was sent in this hour. */
void brake_told(struct brake *brake, const struct wire_ROW_VOLUME *row);

/* A whole hour is over; false: there is nothing new of it. / Begins the next one, whatever the last one was. */
bool brake_learn(struct brake *brake, const struct settings *settings, unsigned hour);
void brake_next_hour(struct brake *brake);

/* What is usual now, and what a customer may send: ID_ANY stands for those of whom nothing is known. False: no more is
 * to be said of it than of these. */
bool brakes_limits(const struct brakes *brakes, const struct config *config, uint32_t customer,
		   struct limits *ret_limits);
double brakes_usual(const struct brakes *brakes, uint32_t customer, enum limit_kind kind);

#endif
