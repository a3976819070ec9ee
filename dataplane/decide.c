/* SPDX-License-Identifier: BSD-3-Clause */
#include "decide.h"

#include "worker.h"

const struct wire_PUT_VERDICT *decide_new(struct worker *worker, const struct scopes *scopes)
{
	const struct wire_PUT_VERDICT *verdict = table_verdict(&worker->rcu, worker->table, scopes);

	return verdict != NULL && verdict->action == ACTION_QUARANTINE ? verdict : NULL;
}

void decide_running(struct worker *worker, struct flow *flow, const struct scopes *scopes)
{
	const struct wire_PUT_VERDICT *verdict = decide_new(worker, scopes);

	flow->serial = (uint32_t)table_generation(worker->table);
	flow->quarantined = verdict != NULL;
	if (verdict != NULL)
		flow->refuse = verdict->refuse & 1;
}
