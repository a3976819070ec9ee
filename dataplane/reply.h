/* SPDX-License-Identifier: BSD-3-Clause */
/* The text a refused MTA logs: why, and the decision's id for support staff. Pure. */
#ifndef SLUICE_REPLY_H
#define SLUICE_REPLY_H

#include <stdint.h>

#include "wire.h"

/* RFC 5321 section 4.5.3.1.5: at most 512 bytes with CR LF. */
struct reply {
	uint16_t size;
	char text[256];
};

/* For a decision; NULL: for want of room within a limit. */
void reply_421(const struct wire_PUT_VERDICT *verdict, struct reply *ret_reply);

#endif
