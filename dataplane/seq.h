/* SPDX-License-Identifier: BSD-3-Clause */
/* TCP sequence numbers: arithmetic modulo 2^32 (RFC 9293 section 3.4). */
#ifndef SLUICE_SEQ_H
#define SLUICE_SEQ_H

#include <stdbool.h>
#include <stdint.h>

/* How far `a` is past `b`; negative when it is before. */
static inline int32_t seq_past(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b);
}

static inline bool seq_after(uint32_t a, uint32_t b)
{
	return seq_past(a, b) > 0;
}

static inline uint32_t seq_max(uint32_t a, uint32_t b)
{
	return seq_after(a, b) ? a : b;
}

#endif
