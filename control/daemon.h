/* SPDX-License-Identifier: BSD-3-Clause */
/* All that sluiced is made of. */
#ifndef SLUICE_DAEMON_H
#define SLUICE_DAEMON_H

#include <stdbool.h>
#include <stdint.h>

#include <systemd/sd-event.h>

#include "alarms/alarms.h"
#include "brake/brakes.h"
#include "config/config.h"
#include "customers/standings.h"
#include "dns/resolve.h"
#include "gate/link.h"
#include "gate/policy.h"
#include "histogram.h"
#include "ledger/blast.h"
#include "ledger/journal.h"
#include "ledger/ledger.h"

struct pending;
struct hub;
struct server;
struct vitals;
struct volumes;
struct watch_past;

struct daemon {
	sd_event *event;
	const char *config_path;
	struct config *config;
	struct journal *journal;
	struct ledger ledger;
	struct resolver *resolver;
	struct policy policy;
	struct link *link;
	struct alarms alarms;
	uint64_t enforced[HISTOGRAM_CELLS]; /* orders, by the time from their request to their enforcement */
	struct vitals *vitals;
	struct standings standings;
	struct brakes brakes; /* what customers usually send */
	struct volumes *volumes;
	struct watch_past *past; /* what passed in the last hour */
	struct blast blast;	 /* whom orders hit of late */
	struct {
		unsigned hour; /* of brakes, + 1; 0: not summed yet */
		double volume;
	} usual;	   /* of all customers together */
	char stopped[256]; /* the first order of blast.stop */
	struct server *server;
	struct hub *hub;	 /* who watches */
	struct pending *pending; /* requests under way */
	sd_event_source *expiry, *patience, *heartbeat;
	struct served_mark mark; /* of this life of the machine */
	int64_t started_ms;
	struct reload {
		int64_t at_ms; /* 0: none yet */
		bool taken;
	} reload;
	/* Addresses of several providers that were warned of. */
	struct contest {
		struct prefix prefix;
		uint32_t owner, provider; /* ids */
	} * contest;
	size_t contest_count;
};

/* Everything, up to serving. 0 or a negative errno, said in the log. */
int daemon_start(struct daemon *daemon, const char *config_path);
void daemon_stop(struct daemon *daemon);

/* The configuration again; a wrong one is said in the log and changes nothing. */
void daemon_reload(struct daemon *daemon);

/* The key of a scope's text; 0, or -EINVAL and why (SCOPE_ERROR_MAX bytes). A new decision is on what is configured;
 * an old one may be on what no longer is, but was once. */
int daemon_scope(struct daemon *daemon, const char *text, struct scope_key *ret_key, char *ret_error);
int daemon_known_scope(struct daemon *daemon, const char *text, struct scope_key *ret_key, char *ret_error);

#endif
