/* SPDX-License-Identifier: BSD-3-Clause */
/* Stage 1. Bytes to headers: finds outbound SMTP, both directions, and leaves all else alone. Completes
 * checksums a local kernel left out; drops what cannot be whole or cannot be told. */
#ifndef SLUICE_PARSE_H
#define SLUICE_PARSE_H

struct burst;
struct worker;

void parse(struct worker *worker, struct burst *burst);

#endif
