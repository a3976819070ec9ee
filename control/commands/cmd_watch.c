/* SPDX-License-Identifier: BSD-3-Clause */
/* watch: what happens, for as long as somebody listens. */
#include "api/hub.h"
#include "commands/commands_table.h"
#include "daemon.h"

void command_WATCH(struct request *request)
{
	struct hub *hub = request->daemon->hub;

	if (hub_is_full(hub)) {
		request_refuse(request, NULL, "too many watch already");
		return;
	}
	struct feed *feed = request_feed(request, hub_remove, hub);
	if (feed == NULL)
		return;
	hub_add(hub, feed);
	hub_greet(feed);
}
