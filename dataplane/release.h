/* SPDX-License-Identifier: BSD-3-Clause */
/* What waited and is due: sent, admitted, cut or asked again, as its flow says by now. */
#ifndef SLUICE_RELEASE_H
#define SLUICE_RELEASE_H

#include <stdint.h>

struct worker;

/* Up to `most` flows; returns how many. */
unsigned release_due(struct worker *worker, uint64_t now, unsigned most);

#endif
