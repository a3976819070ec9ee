/* SPDX-License-Identifier: BSD-3-Clause */
/* Stage 9. For which domain a connection's mail is, where the client says it in clear text: the connection belongs to
 * that domain's scope from its first recipient on, until a later message names another. */
#ifndef SLUICE_RECIPIENT_H
#define SLUICE_RECIPIENT_H

#include <stdint.h>

struct flow;
struct recipients;
struct worker;

/* What the client's last bytes named, after they were let through or put to wait. What the domain's limits should have
 * let wait is owed to them: the next one waits. */
void recipient(struct worker *worker, struct flow *flow, const struct recipients *recipients, uint64_t now);

#endif
