/* SPDX-License-Identifier: BSD-3-Clause */
/* The daemon's end of the gate's socket: comes back by itself, sends everything after each connect and
 * differences from then on, one batch at a time, and knows which generation every worker has seen. */
#ifndef SLUICE_LINK_H
#define SLUICE_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include <systemd/sd-event.h>

#include "gate/policy.h"
#include "wire.h"

struct link;

struct link_status {
	bool connected, ready; /* ready: the gate's tables are complete */
	uint64_t boot;	       /* the gate's: another after each of its starts */
	uint32_t pid, workers;
	unsigned forced;		 /* a bit per enum fault: it was told to behave as if it were so */
	uint64_t wanted, enforced;	 /* generations; enforced 0: nothing since it is connected */
	uint64_t publish_ns, quiesce_ns; /* of the last acknowledgement */
	char error[WIRE_ERROR_MAX];	 /* of the last refusal; empty: none since */
	char unsaved[WIRE_ERROR_MAX];	 /* what the last acknowledgement complains of; empty: nothing */
	bool own_error;			 /* it is what this end found, not what the gate said */
	char refusal[WIRE_ERROR_MAX];	 /* of the last one ever, and when; empty: none */
	int64_t refused_ms;
};

/* Called when a generation was acknowledged. */
typedef void link_enforced(void *context, uint64_t generation);

/* `generation` is where counting starts; nothing is pushed before link_want_all(). `path` is copied. */
int link_create(sd_event *event, const char *path, const struct policy *policy, uint64_t generation,
		link_enforced *enforced, void *context, struct link **ret_link);
void link_destroy(struct link *link);

/* Everything / which address is whose, see policy_destinations() / one scope's verdict or limits, see policy_scope(),
 * is to be pushed; returns the generation that will have it. */
uint64_t link_want_all(struct link *link);
uint64_t link_want_destinations(struct link *link);
uint64_t link_want_scope(struct link *link, const struct scope_key *key, enum decision_action action);

/* Around several wants that the gate is to have in one swap: nothing is pushed in between. */
void link_hold(struct link *link);
void link_go(struct link *link);

const struct link_status *link_status(const struct link *link);

/* Rows of one QUERY. */
struct rows {
	enum wire_type type;
	uint32_t count;
	void *row; /* array of the type's struct */
};

/* Asks the gate; `done` gets the rows (valid during the call, and its own to sort), or NULL when the gate went away.
 * -ENOTCONN at once when it is not there. */
int link_query(struct link *link, const struct wire_QUERY *query, void (*done)(void *context, const struct rows *rows),
	       void *context);

#endif
