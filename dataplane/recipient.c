/* SPDX-License-Identifier: BSD-3-Clause */
#include "recipient.h"

#include "domain.h"
#include "messages.h"
#include "seat.h"
#include "usage.h"
#include "worker.h"

void recipient(struct worker *worker, struct flow *flow, const struct recipients *recipients, uint64_t now)
{
	if (recipients->several > 0)
		count(worker, COUNT_DOMAIN_SEVERAL, recipients->several);
	if (recipients->domain == DOMAIN_NONE)
		return;
	const struct scope_key key = domain_scope(recipients->domain);
	if (recipients->domain == seat_domain(worker, flow) || usage_move(worker, flow, &key, now))
		flow->domain_way = DOMAIN_RCPT;
	else
		count(worker, COUNT_DOMAIN_NO_ROOM, 1);
}
