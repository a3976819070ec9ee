/* SPDX-License-Identifier: BSD-3-Clause */
/* A stored order: who wants what, on which scope, why, until when. */
#ifndef SLUICE_DECISION_H
#define SLUICE_DECISION_H

#include <stdint.h>

#include "limit.h"
#include "scope.h"
#include "wire.h"

#define SCOPE_TEXT_MAX 192
#define VALUES_MAX 256
#define AUTHOR_MAX 64
#define INCIDENT_MAX WIRE_REASON_MAX

enum decision_action {
	DECIDE_QUARANTINE,
	DECIDE_LIMIT,
	DECIDE_ALLOW, /* more than usual: the key is the one of the customer's brake */
	DECISION_ACTIONS
};

extern const char *const decision_action_name[DECISION_ACTIONS];

struct decision {
	uint64_t id;
	char scope[SCOPE_TEXT_MAX]; /* as people write it, by names */
	struct scope_key key;
	enum decision_action action;
	struct limits limits;	 /* of DECIDE_LIMIT; of DECIDE_ALLOW the amount of one kind, in all */
	uint64_t used;		 /* of DECIDE_ALLOW: so much of it */
	char values[VALUES_MAX]; /* their text: "connections=2 byte-rate=1MB/s" */
	char reason[WIRE_REASON_MAX];
	char author[AUTHOR_MAX];
	char incident[INCIDENT_MAX];		  /* what it belongs to, as people name it; "" is none */
	int64_t created_ms, expires_ms, ended_ms; /* wall clock, Unix; 0: never */
	char ended_by[AUTHOR_MAX + WIRE_REASON_MAX];
	uint64_t superseded_by; /* the decision that took its place; 0: none */
	int64_t deadline_ms; /* ends at the earliest then by served_ms(), so that a calendar that jumps ends nothing */
	uint64_t supersedes; /* not stored: the newest decision whose place it took; 0: none */
	uint64_t generation; /* not stored: the one that enforces it */
};

/* "connections=2" added to limits; NULL, or what was expected. */
const char *decision_setting(const char *text, struct limits *limits);

/* The same for all of a stored decision's values; of an allowance "messages=5000000". */
const char *decision_values(struct decision *decision);

/* What an allowance is counted in: "messages"; as long as the others, in the order of kinds. NULL: of no rate. */
extern const char *const allowance_name[LIMIT_KINDS];

/* The kind an allowance is counted in. */
enum limit_kind decision_counts(const struct decision *allowance);

/* The key of a decision of this action on that scope. */
struct scope_key decision_key(enum decision_action action, const struct scope_key *scope);

#endif
