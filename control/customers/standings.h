/* SPDX-License-Identifier: BSD-3-Clause */
/* Where the daemon's customers stand (warm_up.h): looked at every few seconds by the gate's figures, kept in the
 * journal. A customer has a standing once it sent something while it was new, or when somebody put it in a tier. */
#ifndef SLUICE_STANDINGS_H
#define SLUICE_STANDINGS_H

#include <stdint.h>

#include <systemd/sd-event.h>

#include "customers/warm_up.h"

struct config;
struct customer;
struct daemon;
struct decision;

struct standings {
	sd_event_source *timer;
	size_t of[TIERS]; /* customers now */
	size_t dirty;	  /* whose count is not stored yet, at most so many */
	size_t cursor;	  /* where storing goes on */
	bool met;	  /* the gate was looked at since it is connected, and since who is new may be somebody else */
};

/* Gives a configuration's customers what the journal has of them, as far as they have nothing. 0 or a negative errno.
 * / The same for those from place `first` on, which have just come. */
int standings_load(struct daemon *daemon, struct config *config);
void standings_load_from(struct daemon *daemon, struct config *config, size_t first);

/* Stores what is not stored yet. Before customers go, and before they are read again. */
void standings_flush(struct daemon *daemon);

/* From here on customers rise. */
void standings_start(struct daemon *daemon);
void standings_stop(struct daemon *daemon);

/* Asks the gate what new customers have sent, and lets rise who may; each few seconds by itself. */
void standings_look(struct daemon *daemon);

/* A decision is about to be stored: its customer is held, and a quarantine sets it back. Within the decision's own
 * transaction; standings_undo() if that fails. 0 or a negative errno. */
struct standing_before {
	struct customer *customer; /* NULL: none is concerned */
	struct standing standing;
	bool moved; /* other limits hold now */
};

int standings_decided(struct daemon *daemon, const struct decision *decision, struct standing_before *ret_before);
void standings_undo(struct daemon *daemon, const struct standing_before *before);

/* A decision has gone: if nothing else is decided on its customer, that goes on. */
void standings_released(struct daemon *daemon, const struct decision *decision);

/* Puts a customer in a tier; where the configuration or its import has it there, it follows them again. 0 or a
 * negative errno: then nothing was changed. */
int standings_put(struct daemon *daemon, struct customer *customer, enum tier tier, const char *author,
		  const char *reason, uint64_t *ret_generation);

/* "1d of 3d, 120 of 500 clean messages", what a customer still needs in its step; "" when it needs nothing. */
char *standings_text(const struct daemon *daemon, const struct customer *customer, char *out, size_t size);

#endif
