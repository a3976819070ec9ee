/* SPDX-License-Identifier: BSD-3-Clause */
/* The gate behaves as if something were wrong, for those who want to see what becomes of mail then: tests, and people
 * who practise. What is scarce is taken away before the first packet comes, so that no packet pays for the question. */
#ifndef SLUICE_FORCE_H
#define SLUICE_FORCE_H

struct gate;

/* `faults`: a bit per enum fault that is forcible. Ports are open, workers made, none runs. 0 or a negative errno. */
int force_faults(struct gate *gate, unsigned faults);

#endif
