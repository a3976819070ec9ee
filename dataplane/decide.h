/* SPDX-License-Identifier: BSD-3-Clause */
/* Stage 5. What the decisions in force make of a connection: one verdict of all its scopes. */
#ifndef SLUICE_DECIDE_H
#define SLUICE_DECIDE_H

struct flow;
struct scopes;
struct wire_PUT_VERDICT;
struct worker;

/* The quarantine on a new connection; NULL when it may pass. Valid until the turn ends. */
const struct wire_PUT_VERDICT *decide_new(struct worker *worker, const struct scopes *scopes);

/* Brings a running flow's verdict, by the scopes it now belongs to, up to the published table. */
void decide_running(struct worker *worker, struct flow *flow, const struct scopes *scopes);

#endif
