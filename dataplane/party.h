/* SPDX-License-Identifier: BSD-3-Clause */
/* Whose a connection is, and towards whom. */
#ifndef SLUICE_PARTY_H
#define SLUICE_PARTY_H

#include <stdint.h>

#include "table.h"

struct party {
	uint32_t customer, provider;
	uint8_t domain_way; /* enum domain_way */
	uint8_t stream;	    /* enum stream */
	struct scopes scopes;
};

#endif
