/* SPDX-License-Identifier: BSD-3-Clause */
/* How a new customer rises, step by step, by the time it was left alone and the clean messages it sent meanwhile: the
 * safeguard against who just signed up. Each step begins both anew, so no step is passed over.
 *
 * Time is an argument: served_ms() (served.h), which no calendar speeds up. It begins with the customer's first
 * connection, so that an account that is only kept does not ripen. A decision on the customer stops it; a quarantine
 * sets it back a step as well: what it had sent until then was not as clean as it was counted. Pure. */
#ifndef SLUICE_WARM_UP_H
#define SLUICE_WARM_UP_H

#include "customers/tier.h"

/* What is known of one customer, as far as it is not as the configuration has it. */
struct standing {
	uint8_t tier, step; /* where it has risen to, or was put */
	bool by_hand;	    /* somebody put it there: whatever the configuration says */
	bool held;	    /* its time stands still */
	int64_t since_ms;   /* when the step began; while it is held: how long it had lasted */
	struct figures {
		uint64_t messages, inferred,
			declined; /* inferred: of them, inside TLS; declined: answered 4xx or 5xx */
	} sent;			  /* in this step */
	/* Not stored: the gate's figures when they were last looked at, if they were, and whether more is known than is
	 * stored. */
	struct figures seen;
	bool met, dirty;
};

/* Takes the gate's figures, which only rise until it forgets them. The first ones only begin the count: how much of
 * them was counted before nobody knows. */
void warm_up_count(struct standing *standing, const struct figures *now);

/* Messages in this step that no server was seen to decline. */
uint64_t warm_up_clean(const struct standing *standing);

/* For how long this step has lasted. */
int64_t warm_up_lasted(const struct standing *standing, int64_t now_ms);

/* A decision came / all have gone. */
void warm_up_hold(struct standing *standing, int64_t now_ms);
void warm_up_go_on(struct standing *standing, int64_t now_ms);

/* Begins a place anew. */
void warm_up_begin(struct standing *standing, struct tier_place place, int64_t now_ms);

/* Back a step, or to the first one's beginning; only in the tier new. */
void warm_up_set_back(struct standing *standing, const struct tiers *tiers, int64_t now_ms);

/* One step up, or out of the last to normal, if it is time and nothing holds it; false when it stays. */
bool warm_up_rise(struct standing *standing, const struct tiers *tiers, int64_t now_ms);

/* "1d of 3d, 120 of 500 clean messages (20 inferred)", and what stops it. Returns `out`. */
char *warm_up_text(const struct standing *standing, const struct tiers *tiers, int64_t now_ms, char *out, size_t size);

#endif
