/* SPDX-License-Identifier: BSD-3-Clause */
/* Before an order that restricts or releases customers is done: whom it hits, and whether that is too many at once. */
#ifndef SLUICE_STOP_H
#define SLUICE_STOP_H

#include <stdbool.h>

#include "api/request.h"
#include "ledger/blast.h"
#include "ledger/decision.h"

struct config;
struct customer;
struct daemon;

/* True: it is not to be done, and is answered: what it would hit, and how that is confirmed. Takes `hits`. */
bool stop_order(struct request *request, struct hits *hits);

/* Adds whom a decision on this scope hits: a customer, the owner of a source, all by the gate. What hangs on a
 * destination (provider, remote, domain) hits nobody in particular. */
void hits_of_scope(const struct daemon *daemon, const struct scope_key *key, struct hits *hits);
void hits_add(struct hits *hits, uint32_t customer);

/* Customers of whom `next` says otherwise, or nothing; all where it says otherwise of each. */
void hits_of_config(const struct config *now, const struct config *next, struct hits *hits);
bool hits_differ(const struct customer *now, const struct customer *next);

/* Orders of the last window, before this start. */
int stop_restore(struct daemon *daemon);

/* Each few seconds: what waits is an alarm, until it is confirmed or given up. */
void stop_look(struct daemon *daemon);

struct blast_limits stop_limits(const struct daemon *daemon);

#endif
