/* SPDX-License-Identifier: BSD-3-Clause */
/* Stage 4. Whose connection it is, and towards whom: by the published identities and destinations. */
#ifndef SLUICE_IDENTIFY_H
#define SLUICE_IDENTIFY_H

#include <stdint.h>

#include "party.h"

struct flow;
struct flow_key;
struct worker;

/* Fetches ahead what identify() will look at: first where, then (when that has come) what. */
enum look { LOOK_WHERE, LOOK_WHAT };
void identify_fetch(const struct worker *worker, const struct flow_key *key, enum look look);

void identify(struct worker *worker, const struct flow_key *key, struct party *ret_party);

/* The same of a flow that has its meters. */
void identify_flow(struct worker *worker, const struct flow *flow, struct party *ret_party);

/* A flow of an older table looks itself up again; when it now belongs to others, its slot moves there. */
void identify_again(struct worker *worker, struct flow *flow, uint64_t now);

#endif
