/* SPDX-License-Identifier: BSD-3-Clause */
/* What happens, told to all who watch: an event is an object of JSON on a line. */
#ifndef SLUICE_HUB_H
#define SLUICE_HUB_H

#include <stdbool.h>

#include <jansson.h>
#include <systemd/sd-event.h>

struct hub;
struct feed;

/* 0 or a negative errno. Everybody who watches is to have gone before it is destroyed. */
int hub_create(sd_event *event, struct hub **ret_hub);
void hub_destroy(struct hub *hub);

/* One who watches; not when it is full. hub_remove() is for feed_create(). */
bool hub_is_full(const struct hub *hub);
void hub_add(struct hub *hub, struct feed *feed);
void hub_remove(void *hub, struct feed *feed);

/* The first event of who watches: from here on he misses none. */
void hub_greet(struct feed *feed);

/* Tells an event; `text` is for people. `more` are further keys, and is taken; NULL: none. */
void hub_tell(struct hub *hub, const char *event, const char *text, json_t *more);

/* No more will be told. */
void hub_finish(struct hub *hub);

#endif
