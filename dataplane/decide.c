/* SPDX-License-Identifier: BSD-3-Clause */
#include "decide.h"

#include "worker.h"

const struct wire_PUT_VERDICT *decide_new(struct worker *worker, const struct scopes *scopes)
{
	const struct wire_PUT_VERDICT *verdict = table_verdict(&worker->rcu, worker->table, scopes);

	return verdict != NULL && verdict->action == ACTION_QUARANTINE ? verdict : NULL;
}

void decide_running(struct worker *worker, struct flow *flow)
{
	uint64_t generation = table_generation(worker->table);
	struct scopes scopes;

	if (flow->generation == generation)
		return;
	flow->generation = generation;
	for (int scope = 0; scope < SCOPES; scope++)
		scopes.key[scope] = flow->meter[scope]->key;
	const struct wire_PUT_VERDICT *verdict = decide_new(worker, &scopes);
	flow->quarantined = verdict != NULL;
	if (verdict != NULL)
		flow->refuse = verdict->refuse;
}
