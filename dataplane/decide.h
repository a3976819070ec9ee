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

/* Brings a running flow's verdict up to the published table: by its meters' keys, / by scopes it has no meters of. */
void decide_running(struct worker *worker, struct flow *flow);
void decide_as(struct worker *worker, struct flow *flow, const struct scopes *scopes);

#endif
