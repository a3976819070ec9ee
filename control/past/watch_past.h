/* SPDX-License-Identifier: BSD-3-Clause */
/* Looks at the gate's meters each minute, for what passed. */
#ifndef SLUICE_WATCH_PAST_H
#define SLUICE_WATCH_PAST_H

#include "past/past.h"

struct daemon;
struct watch_past;

int watch_past_create(struct daemon *daemon, struct watch_past **ret_watch);
void watch_past_destroy(struct watch_past *watch);

const struct past *watch_past_seen(const struct watch_past *watch);

#endif
