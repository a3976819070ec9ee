/* SPDX-License-Identifier: BSD-3-Clause */
/* What is told to those who watch, and in which words. */
#ifndef SLUICE_TIDINGS_H
#define SLUICE_TIDINGS_H

#include <stdbool.h>

#include "daemon.h"

/* A decision is stored, and wanted from now on / has ended / has made way for another. */
void tell_decided(const struct daemon *daemon, const struct decision *decision);
void tell_ended(const struct daemon *daemon, const struct decision *decision, const char *by);

void tell_superseded(const struct daemon *daemon, const struct decision *decision, const struct decision *by);

/* Of an event that is about no decision: "tier". */
void tell_noted(const struct daemon *daemon, const struct event *event);

/* Every worker of the gate has seen a generation. */
void tell_enforced(const struct daemon *daemon, uint64_t generation);

/* For struct alarms: the context is the daemon. */
void tell_alarm(void *context, const struct alarm *alarm, bool on);

void tell_reload(const struct daemon *daemon, bool taken);

#endif
