/* SPDX-License-Identifier: BSD-3-Clause */
/* c-ares in the daemon's loop: sockets and times it waits for become event sources. */
#ifndef SLUICE_CHANNEL_H
#define SLUICE_CHANNEL_H

#include <ares.h>
#include <systemd/sd-event.h>

struct channel;

/* DNS alone, each name as it is written; `server` NULL: the system's. 0 or a negative errno. */
int channel_create(sd_event *event, const char *server, struct channel **ret_channel);

/* Ends all that is under way, by its callbacks with ARES_EDESTRUCTION. */
void channel_destroy(struct channel *channel);

/* For asking; channel_asked() afterwards, so that the loop waits for the answer. */
ares_channel channel_ares(const struct channel *channel);
void channel_asked(struct channel *channel);

#endif
