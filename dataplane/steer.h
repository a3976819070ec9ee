/* SPDX-License-Identifier: BSD-3-Clause */
/* Who owns a flow, when there are several workers: both directions of a connection must meet the same
 * record. Ports spread packets as they like; this stage looks at each SMTP packet's keyed hash and hands it
 * over when another worker owns it. */
#ifndef SLUICE_STEER_H
#define SLUICE_STEER_H

struct burst;
struct worker;

void steer(struct worker *worker, struct burst *burst);

#endif
