/* SPDX-License-Identifier: BSD-3-Clause */
#include "decide.h"

#include "seat.h"
#include "worker.h"

const struct wire_PUT_VERDICT *decide_new(struct worker *worker, const struct scopes *scopes)
{
	const struct wire_PUT_VERDICT *verdict = table_verdict(&worker->rcu, worker->table, scopes);

	return verdict != NULL && verdict->action == ACTION_QUARANTINE ? verdict : NULL;
}

static void take(struct worker *worker, struct flow *flow, const struct wire_PUT_VERDICT *verdict)
{
	flow->serial = worker->decided;
	flow->quarantined = verdict != NULL && verdict->action == ACTION_QUARANTINE;
	if (flow->quarantined)
		flow->refuse = verdict->refuse & 1;
}

/* Only those keys are fetched on whose kind something is decided. */
void decide_running(struct worker *worker, struct flow *flow)
{
	const struct wire_PUT_VERDICT *found = NULL;

	if (!decided_since(worker->gate->meters->decided, flow)) {
		flow->serial = worker->decided;
		return;
	}
	for (int scope = 0; found == NULL && scope < SCOPES; scope++)
		if (flow_meter(flow, scope) != 0 && table_verdicts_on(worker->table, scope))
			found = table_verdict_on(&worker->rcu, worker->table, seat_key(worker, flow, scope));
	take(worker, flow, found);
}

void decide_as(struct worker *worker, struct flow *flow, const struct scopes *scopes)
{
	take(worker, flow, decide_new(worker, scopes));
}
